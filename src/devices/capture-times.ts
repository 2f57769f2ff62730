/** Told at once: 0.4 s of them, enough for a median that no rounding moves. */
const TOLD_AT_ONCE = 12;

/**
 * An encode worker that starts, and tries its codecs, reads few frames for a second or two: capture times of that while match
 * hardly any of its stamps. So they are told without a pause for 10 × 0.4 s, …
 */
const EAGER = 10;

/** … and from then on, for as long as they are wanted, a twelfth of the time: that costs next to nothing. */
const REST_MS = 4_400;

interface FrameMetadata {
  /** ms on the page's clock; only Chromium says it. */
  readonly captureTime?: number;
}

/** What is used of a video element. */
export type WatchedVideo = Pick<HTMLVideoElement, "cancelVideoFrameCallback" | "pause" | "play" | "srcObject"> & {
  requestVideoFrameCallback(callback: (nowMs: number, metadata: FrameMetadata) => void): number;
};

/**
 * Learns when frames of a camera were captured, on the page's own clock, through `requestVideoFrameCallback` on a video that
 * nobody sees, and tells them a dozen at once until somebody says that it is enough. The encode worker matches them with the
 * stamps of its frames. A page in the background gets no frames to show: then they are told once it is seen again.
 *
 * @param report local µs; resolves to whether no more are wanted
 */
export function watchCaptureTimes(
  track: MediaStreamTrack,
  report: (captureUs: readonly number[]) => Promise<boolean>,
): () => void {
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream([track]);
  return tellCaptureTimes(video, report);
}

/** {@link watchCaptureTimes} on a video that has its stream. */
export function tellCaptureTimes(
  video: WatchedVideo,
  report: (captureUs: readonly number[]) => Promise<boolean>,
): () => void {
  let times: number[] = [];
  let silent = 0;
  let told = 0;
  let handle: number | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let over = false;
  const stop = (): void => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    if (handle !== undefined) video.cancelVideoFrameCallback(handle);
    video.pause();
    video.srcObject = null;
  };
  const watch = (): void => {
    handle = video.requestVideoFrameCallback(next);
  };
  const next = (_now: number, { captureTime }: FrameMetadata): void => {
    if (over) return;
    if (captureTime === undefined) silent += 1;
    else times.push(captureTime * 1000);
    // A browser that does not say it at all.
    if (silent >= TOLD_AT_ONCE) stop();
    else if (times.length < TOLD_AT_ONCE) watch();
    else tell();
  };
  const tell = (): void => {
    const batch = times;
    times = [];
    silent = 0;
    told += 1;
    void report(batch).then((isEnough) => {
      if (isEnough) stop();
    });
    if (told < EAGER) return watch();
    video.pause();
    timer = setTimeout(begin, REST_MS);
  };
  const begin = (): void => {
    play(video);
    watch();
  };
  begin();
  return stop;
}

function play(video: WatchedVideo): void {
  video.play().catch((error: unknown) => {
    // Stopped before it began to play.
    if (!(error instanceof DOMException && error.name === "AbortError")) throw error;
  });
}
