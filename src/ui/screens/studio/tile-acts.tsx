import PictureInPicture2 from "lucide-solid/icons/picture-in-picture-2";
import Pin from "lucide-solid/icons/pin";
import PinOff from "lucide-solid/icons/pin-off";
import { type JSX, Show } from "solid-js";
import { useShell } from "../../shell-context.ts";
import type { StageControls } from "./stage-controls.ts";

/** What can be done with a tile: pin it, take its picture out of the page. Shown on hover and focus. */
export function TileActs(props: {
  controls: StageControls;
  tile: string;
  /** Whose picture, for the button's name. */
  what: string;
  video: HTMLVideoElement | undefined;
}): JSX.Element {
  const shell = useShell();
  const pinned = (): boolean => props.controls.pinned() === props.tile;
  const takeOut = (video: HTMLVideoElement): void => {
    if (document.pictureInPictureElement === video) void document.exitPictureInPicture();
    else
      video.requestPictureInPicture().then(undefined, (error: unknown) => {
        if (!(error instanceof DOMException)) throw error;
        shell.say("The picture can’t be taken out now");
      });
  };
  return (
    <div class="tile-acts">
      <button
        type="button"
        class="tool-on-tile"
        aria-label={pinned() ? `Unpin ${props.what}` : `Pin ${props.what}`}
        aria-keyshortcuts="P"
        onClick={() => props.controls.togglePin(props.tile)}
      >
        <Show when={pinned()} fallback={<Pin class="icon" aria-hidden="true" />}>
          <PinOff class="icon" aria-hidden="true" />
        </Show>
      </button>
      <Show when={document.pictureInPictureEnabled && props.video}>
        {(video) => (
          <button
            type="button"
            class="tool-on-tile"
            aria-label={`Picture in picture of ${props.what}`}
            onClick={() => takeOut(video())}
          >
            <PictureInPicture2 class="icon" aria-hidden="true" />
          </button>
        )}
      </Show>
    </div>
  );
}
