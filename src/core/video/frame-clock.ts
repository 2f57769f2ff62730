/** Frames whose stamps are remembered for matching: 4 s at 30 frames a second. */
const REMEMBERED = 120;

/** A capture time belongs to a frame when it lies this near to where the arrival says it should. */
const MATCH_US = 12_000;

/** With fewer matches the arrivals decide. */
const MATCHES_NEEDED = 2;

/**
 * Maps `VideoFrame.timestamp` (µs since boot) to local µs. Both run at the same rate, so one offset is all: the least
 * (arrival − stamp) is right but for the delay of delivery, and capture times that the page got from
 * `requestVideoFrameCallback` for frames of the same camera take that away too.
 */
export class FrameClock {
  #stamps: number[] = [];
  #leastUs = Number.POSITIVE_INFINITY;
  #hints: number[] = [];
  #frozen: number | undefined;
  #isFreezing = false;

  /** A frame was read. */
  arrived(stampUs: number, nowUs: number): void {
    if (this.#frozen !== undefined) return;
    if (this.#isFreezing) this.#frozen = Math.round(nowUs - stampUs);
    this.#leastUs = Math.min(this.#leastUs, nowUs - stampUs);
    this.#stamps.push(stampUs);
    if (this.#stamps.length > REMEMBERED) this.#stamps.shift();
  }

  /** Capture times of some frames, local µs, from the page. */
  hint(captureUs: readonly number[]): void {
    this.#hints.push(...captureUs.slice(-REMEMBERED));
  }

  /** Local µs less stamp; `undefined` before the first frame. */
  offsetUs(): number | undefined {
    if (this.#frozen !== undefined) return this.#frozen;
    if (this.#leastUs === Number.POSITIVE_INFINITY) return undefined;
    return Math.round(this.#fromHints() ?? this.#leastUs);
  }

  /** How the offset was found, and how far off it can be, µs. */
  quality(): { method: "capture-time" | "arrival"; uncertaintyUs: number } {
    return this.#fromHints() === undefined
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

  #fromHints(): number | undefined {
    const offsets: number[] = [];
    for (const capture of this.#hints) {
      let best: number | undefined;
      for (const stamp of this.#stamps) {
        // A frame cannot have been captured after it arrived.
        const early = stamp + this.#leastUs - capture;
        if (Math.abs(early) < MATCH_US && (best === undefined || Math.abs(early) < Math.abs(best))) best = early;
      }
      if (best !== undefined) offsets.push(this.#leastUs - best);
    }
    if (offsets.length < MATCHES_NEEDED) return undefined;
    return offsets.sort((a, b) => a - b)[offsets.length >> 1];
  }
}
