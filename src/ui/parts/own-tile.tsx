import type { DevicesView, LevelView, ViewSource } from "#controllers/view-models.ts";
import LoaderCircle from "lucide-solid/icons/loader-circle";
import VideoOff from "lucide-solid/icons/video-off";
import { type JSX, Show } from "solid-js";
import { ringLevel } from "./level.tsx";
import { Picture } from "./picture.tsx";

/** One's own camera before anybody sees it, mirrored, with what it really gives. */
export function OwnTile(props: { devices: DevicesView; level: ViewSource<LevelView> }): JSX.Element {
  return (
    <div class="tile" role="group" aria-label="Your picture" ref={(element) => ringLevel(element, props.level)}>
      <Show
        when={props.devices.preview}
        fallback={
          <div class="off">
            <Show when={props.devices.opening} fallback={<VideoOff class="icon" aria-hidden="true" />}>
              <LoaderCircle class="icon spin" aria-hidden="true" />
            </Show>
          </div>
        }
      >
        {(stream) => <Picture stream={stream()} mirrored />}
      </Show>
      <div class="under">
        <span class="plate">
          <Show
            when={props.devices.preview && props.devices.picture}
            fallback={props.devices.opening ? "Opening camera and microphone" : "No picture"}
          >
            {(picture) => `${picture().width} × ${picture().height}, ${Math.round(picture().fps)} fps`}
          </Show>
        </span>
      </div>
    </div>
  );
}
