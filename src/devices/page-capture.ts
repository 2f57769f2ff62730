import type { CaptureListener, CaptureSource } from "#core/ports/capture-source.ts";
import type { CaptureInput } from "#protocol/encode-rpc.ts";
import type { Source } from "#protocol/ids.ts";
import { watchCaptureTimes } from "./capture-times.ts";
import { trackProcessor } from "./track-processor.ts";

/** Frames that wait for the encode worker: a quarter of a second at 30 a second. */
const VIDEO_BUFFER = 8;

/** Buffers of 10 ms: 2 s. */
const AUDIO_BUFFER = 200;

/**
 * The Chromium adapter of {@link CaptureSource}: a `MediaStreamTrackProcessor` on a clone of the track, its `readable` handed to
 * the encode worker, so that a blocked page loses nothing. The clone goes on when the page replaces its own track.
 *
 * @param track stays the caller's
 * @param nowUs local µs
 */
export function pageCapture(source: Source, track: MediaStreamTrack, nowUs: () => number): CaptureSource {
  let clone: MediaStreamTrack | undefined;
  const stops: (() => void)[] = [];
  return {
    source,
    label: track.label,
    limits: { hidden: "everything", mainThreadBlock: "nothing" },
    start: async (listener) => {
      const Processor = trackProcessor();
      if (Processor === undefined) throw new TypeError("MediaStreamTrackProcessor is not here: probeCapture() says so");
      clone = track.clone();
      if (source === "screen") clone.contentHint = "detail";
      stops.push(watchTrack(track, clone, listener, nowUs));
      if (source === "camera") stops.push(watchCaptureTimes(clone, (times) => listener.onCaptureTimes(times)));
      return inputOf(Processor, clone);
    },
    lostFrames: () => (clone === undefined ? undefined : lostOf(clone)),
    stop: () => {
      for (const stop of stops.splice(0)) stop();
      clone?.stop();
      clone = undefined;
    },
  };
}

/** Chromium's `MediaStreamTrack.stats` of a video track, which the DOM library does not know yet. */
interface VideoStats {
  readonly totalFrames: number;
  readonly deliveredFrames: number;
  /** Left out on purpose, to keep to a frame rate that was asked for. */
  readonly discardedFrames: number;
}

function lostOf(track: MediaStreamTrack): number | undefined {
  const stats: unknown = "stats" in track ? track.stats : undefined;
  return isVideoStats(stats) ? stats.totalFrames - stats.deliveredFrames - stats.discardedFrames : undefined;
}

function isVideoStats(stats: unknown): stats is VideoStats {
  return (
    typeof stats === "object" &&
    stats !== null &&
    ["totalFrames", "deliveredFrames", "discardedFrames"].every((name) => name in stats)
  );
}

function inputOf(Processor: NonNullable<ReturnType<typeof trackProcessor>>, track: MediaStreamTrack): CaptureInput {
  const settings = track.getSettings();
  if (track.kind === "video") {
    const { readable } = new Processor({ track, maxBufferSize: VIDEO_BUFFER });
    const { width = 0, height = 0, frameRate = 0 } = settings;
    return { kind: "video", stream: readable, width, height, frameRate };
  }
  const { readable } = new Processor({ track, maxBufferSize: AUDIO_BUFFER });
  return {
    kind: "audio",
    stream: readable,
    sampleRate: settings.sampleRate ?? 0,
    channels: settings.channelCount ?? 1,
  };
}

/** `muted` of a track is the system's doing: a camera's shutter, a call that took the microphone. */
function watchTrack(
  track: MediaStreamTrack,
  clone: MediaStreamTrack,
  listener: CaptureListener,
  nowUs: () => number,
): () => void {
  const abort = new AbortController();
  const { signal } = abort;
  clone.addEventListener("mute", () => listener.onInterruption("device-lost", nowUs()), { signal });
  clone.addEventListener("unmute", () => listener.onResume("device-lost", nowUs()), { signal });
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    listener.onInterruption("device-lost", nowUs());
    listener.onEnded(nowUs());
  };
  clone.addEventListener("ended", end, { signal });
  track.addEventListener("ended", end, { signal });
  return () => abort.abort();
}
