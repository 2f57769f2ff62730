/** `MediaStreamTrackProcessor`, which the DOM library does not know: in Chromium on the page, elsewhere in workers at most. */
export interface TrackProcessor {
  readonly readable: ReadableStream;
}

type TrackProcessorConstructor = new (init: { track: MediaStreamTrack; maxBufferSize?: number }) => TrackProcessor;

/** The constructor of this global, or `undefined`. */
export function trackProcessor(): TrackProcessorConstructor | undefined {
  const found: unknown = Reflect.get(globalThis, "MediaStreamTrackProcessor");
  return typeof found === "function" ? (found as TrackProcessorConstructor) : undefined;
}
