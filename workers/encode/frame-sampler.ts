/** Real frames that the warm-up encodes again and again. A camera has few buffers: with six of them held here it stood still. */
const SAMPLE = 2;

/** Takes clones of the first frames of a stream that somebody else reads. */
export class FrameSampler {
  #frames: VideoFrame[] | undefined;
  #full: (() => void) | undefined;

  /** A frame went by; it stays the caller's. */
  offer(frame: VideoFrame): void {
    if (this.#frames === undefined) return;
    this.#frames.push(frame.clone());
    if (this.#frames.length >= SAMPLE) this.#full?.();
  }

  /** Up to two frames, fewer when no more came in time. The caller closes them. */
  async take(limitMs: number): Promise<VideoFrame[]> {
    const frames: VideoFrame[] = [];
    this.#frames = frames;
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#full = resolve;
      timer = setTimeout(resolve, limitMs);
    });
    clearTimeout(timer);
    this.#frames = undefined;
    this.#full = undefined;
    return frames;
  }
}
