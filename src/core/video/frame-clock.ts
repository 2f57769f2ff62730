/** Frames whose stamps are remembered for matching: 4 s at 30 frames a second. */
const REMEMBERED = 120;

/**
 * Capture times and stamps of the same frames differ by one number, but for their rounding to 100 µs each; those of different frames
 * do not, since no camera is that regular.
 */
const AGREE_US = 250;

/** A frame cannot have been captured after it arrived: within the rounding of three clocks. */
const EARLIEST_US = 1_000;

/** Nor does the quickest frame take longer than this to arrive. */
const SLOWEST_US = 400_000;

/** So many of the capture times must agree: half of them. */
const NEEDED = 0.5;

/**
 * Maps `VideoFrame.timestamp` (µs since boot) to local µs. Both run at the same rate, so one offset is all: the least
 * (arrival − stamp) is right but for the delay of delivery, and capture times that the page got from
 * `requestVideoFrameCallback` for frames of the same camera take that away too.
 */
export class FrameClock {
  #stamps: number[] = [];
  #leastUs = Number.POSITIVE_INFINITY;
  #hints: number[] = [];
  /** Arrivals for which the hints are still worth a look. */
  #lookings = 0;
  #known: number | undefined;
  #frozen: number | undefined;
  #isFreezing = false;

  /** A frame was read. */
  arrived(stampUs: number, nowUs: number): void {
    if (this.#frozen !== undefined) return;
    if (this.#isFreezing) this.#frozen = Math.round(nowUs - stampUs);
    this.#leastUs = Math.min(this.#leastUs, nowUs - stampUs);
    this.#stamps.push(stampUs);
    if (this.#stamps.length > REMEMBERED) this.#stamps.shift();
    this.#look();
  }

  /** Capture times of some frames, local µs, from the page. */
  hint(captureUs: readonly number[]): void {
    this.#hints = captureUs.slice(-REMEMBERED);
    this.#lookings = REMEMBERED;
    this.#look();
  }

  /** Whether capture times have told the offset: it holds for as long as the page lives. */
  get isKnown(): boolean {
    return this.#known !== undefined;
  }

  /** Local µs less stamp; `undefined` before the first frame. */
  offsetUs(): number | undefined {
    if (this.#frozen !== undefined) return this.#frozen;
    if (this.#leastUs === Number.POSITIVE_INFINITY) return undefined;
    return Math.round(this.#known ?? this.#leastUs);
  }

  /** How the offset was found, and how far off it can be, µs. */
  quality(): { method: "capture-time" | "arrival"; uncertaintyUs: number } {
    return this.#known === undefined
      ? { method: "arrival", uncertaintyUs: 5_000 }
      : { method: "capture-time", uncertaintyUs: 200 };
  }

  /** From now on the offset stays as it is: within a take it must not move. Before the first frame, that one decides. */
  freeze(): void {
    this.#isFreezing = true;
    this.#frozen = this.offsetUs();
  }

  /** The take is over: it may get better again. */
  thaw(): void {
    this.#isFreezing = false;
    this.#frozen = undefined;
  }

  /** A frame that a capture time belongs to may be read after the page has told of it. */
  #look(): void {
    if (this.#known !== undefined || this.#lookings === 0) return;
    this.#lookings -= 1;
    this.#known = this.#agreed();
  }

  /** The difference on which the most capture times agree; the least delay of delivery decides between equals. */
  #agreed(): number | undefined {
    const offsets: number[] = [];
    for (const capture of this.#hints) {
      for (const stamp of this.#stamps) {
        const delay = this.#leastUs - (capture - stamp);
        if (delay > -EARLIEST_US && delay < SLOWEST_US) offsets.push(capture - stamp);
      }
    }
    offsets.sort((a, b) => a - b);
    let best: readonly number[] = [];
    let from = 0;
    for (const [to, offset] of offsets.entries()) {
      while (offset - (offsets[from] ?? offset) > AGREE_US) from += 1;
      if (to + 1 - from >= best.length) best = offsets.slice(from, to + 1);
    }
    return best.length >= Math.max(2, NEEDED * this.#hints.length) ? best[best.length >> 1] : undefined;
  }
}
