interface Anchor {
  /** Samples of the input before it, since the segment's beginning. */
  readonly offset: number;
  readonly atUs: number;
  readonly frameUs: number;
}

/** Where resampled samples of one stretch without a jump lie in time. */
export class SegmentTimes {
  readonly #inPerOut: number;
  #anchors: Anchor[] = [];
  #offset = 0;

  constructor(inRate: number, outRate: number) {
    this.#inPerOut = inRate / outRate;
  }

  /** The next `frames` input samples begin at `atUs`. */
  add(frames: number, atUs: number, frameUs: number): void {
    this.#anchors.push({ offset: this.#offset, atUs, frameUs });
    this.#offset += frames;
  }

  /** Local µs where the last input sample that was added ends. */
  get endUs(): number | undefined {
    const last = this.#anchors.at(-1);
    return last === undefined ? undefined : last.atUs + (this.#offset - last.offset) * last.frameUs;
  }

  /** Time of output sample `index`. Ask in ascending order: what lies before is forgotten. */
  at(index: number): number {
    const position = index * this.#inPerOut;
    let drop = 0;
    while ((this.#anchors[drop + 1]?.offset ?? Number.POSITIVE_INFINITY) <= position) drop += 1;
    if (drop > 0) this.#anchors.splice(0, drop);
    const anchor = this.#anchors[0];
    if (anchor === undefined) return 0;
    return anchor.atUs + (position - anchor.offset) * anchor.frameUs;
  }
}
