/** Enough for a median that no rounding moves. */
const WANTED = 12;

/** A page in the background gets no frames to show: it then does without. */
const GIVE_UP_MS = 10_000;

interface FrameMetadata {
  /** ms on the page's clock; only Chromium says it. */
  readonly captureTime?: number;
}

/**
 * Learns when some frames of a camera were captured, on the page's own clock, through `requestVideoFrameCallback` on a video that
 * nobody sees. The encode worker matches them with the stamps of its frames.
 *
 * @param report local µs, several at once
 */
export function watchCaptureTimes(track: MediaStreamTrack, report: (captureUs: readonly number[]) => void): () => void {
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream([track]);
  const times: number[] = [];
  let handle: number | undefined;
  let over = false;
  const stop = (): void => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    if (handle !== undefined) video.cancelVideoFrameCallback(handle);
    video.srcObject = null;
  };
  const timer = setTimeout(stop, GIVE_UP_MS);
  const next = (_now: number, metadata: FrameMetadata): void => {
    if (over) return;
    if (metadata.captureTime !== undefined) times.push(metadata.captureTime * 1000);
    if (times.length < WANTED) {
      handle = video.requestVideoFrameCallback(next);
      return;
    }
    stop();
    report(times);
  };
  handle = video.requestVideoFrameCallback(next);
  video.play().catch((error: unknown) => {
    // Stopped before it began to play.
    if (!(error instanceof DOMException && error.name === "AbortError")) throw error;
  });
  return stop;
}
