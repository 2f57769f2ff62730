import { keyOf } from "#core/call/wanted-tracks.ts";
import type { Received } from "#core/ports/live-call.ts";

/** What a person would see of one received picture. */
export interface SeenPicture {
  readonly frames: number;
  readonly width: number;
  /** 0…255: the mean of the newest frame; black is below 20. */
  readonly brightness: number;
  /** ms since the newest frame. */
  readonly ageMs: number;
}

interface Watched {
  readonly element: HTMLVideoElement;
  track: MediaStreamTrack | null;
  frames: number;
  shownMs: number;
}

/** Shows each received picture in an element that stays, as a tile does. */
export function watchPictures() {
  const watched = new Map<string, Watched>();
  const canvas = new OffscreenCanvas(16, 9);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const brightness = (element: HTMLVideoElement): number => {
    if (context === null || element.videoWidth === 0) return 0;
    context.drawImage(element, 0, 0, 16, 9);
    const { data } = context.getImageData(0, 0, 16, 9);
    return data.reduce((sum, value, at) => (at % 4 === 3 ? sum : sum + value), 0) / (16 * 9 * 3);
  };
  const watch = (): Watched => {
    const element = document.createElement("video");
    element.muted = true;
    element.autoplay = true;
    element.width = 320;
    document.body.append(element);
    const each: Watched = { element, track: null, frames: 0, shownMs: performance.now() };
    const count = (): void => {
      each.frames++;
      each.shownMs = performance.now();
      element.requestVideoFrameCallback(count);
    };
    element.requestVideoFrameCallback(count);
    return each;
  };
  return {
    show(received: readonly Received<MediaStreamTrack>[]): void {
      const moving = new Map(received.map((each) => [keyOf(each.participant, each.source), each.media]));
      for (const [key, { element }] of watched) {
        if (moving.has(key as never)) continue;
        element.remove();
        watched.delete(key);
      }
      for (const [key, media] of moving) {
        if (media.kind !== "video") continue;
        const each = watched.get(key) ?? watch();
        watched.set(key, each);
        if (each.track === media) continue;
        each.track = media;
        each.element.srcObject = new MediaStream([media]);
      }
    },
    seen: (): Record<string, SeenPicture> =>
      Object.fromEntries(
        [...watched].map(([key, { element, frames, shownMs }]) => {
          const ageMs = performance.now() - shownMs;
          return [key, { frames, width: element.videoWidth, brightness: brightness(element), ageMs }];
        }),
      ),
  };
}
