/** Frames whose stamps are remembered for matching: 4 s at 30 frames a second. */
const REMEMBERED = 120;

/**
 * Capture times and stamps of the same frames differ by one number, but for their rounding to 100 µs each. With a regular
 * camera those of frames that are n apart do too, by n intervals less.
 */
const AGREE_US = 250;

/** A frame cannot have been captured after it arrived: within the rounding of three clocks. */
const EARLIEST_US = 1_000;

/** Nor does the quickest frame take longer than this to arrive. */
const SLOWEST_US = 400_000;

/** Arrivals after which nothing new is learnt: the page tells of frames that are a fraction of a second old. */
const WORTH_LOOKING = 15;

/** So many of the capture times must agree: half of them. */
const NEEDED = 0.5;

/** A group that is this near to the largest is as likely: a few frames reached the one reader and not the other. */
const ALIKE = 0.5;

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
  /** Offsets on which enough capture times agree: the right one, and with a regular camera others, whole intervals less. */
  #candidates: readonly number[] = [];
  #votes = 0;
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
    this.#lookings = WORTH_LOOKING;
    this.#votes = 0;
    this.#look();
  }

  /** Whether capture times have told the offset: it holds for as long as the page lives. */
  get isKnown(): boolean {
    return this.#known() !== undefined;
  }

  /** Local µs less stamp; `undefined` before the first frame. */
  offsetUs(): number | undefined {
    if (this.#frozen !== undefined) return this.#frozen;
    if (this.#leastUs === Number.POSITIVE_INFINITY) return undefined;
    return Math.round(this.#known() ?? this.#leastUs);
  }

  /** How the offset was found, and how far off it can be, µs. */
  quality(): { method: "capture-time" | "arrival"; uncertaintyUs: number } {
    return this.#known() === undefined
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

  /**
   * The candidate with the least delay of delivery: the quickest frame that was seen did not wait a whole interval. Quicker
   * frames that come later may still rule one out.
   */
  #known(): number | undefined {
    const possible = this.#candidates.filter((offset) => this.#leastUs - offset > -EARLIEST_US);
    return possible.length === 0 ? undefined : Math.max(...possible);
  }

  /** Frames that capture times belong to may be read after the page has told of them: what the most agree on counts. */
  #look(): void {
    if (this.#lookings === 0) return;
    this.#lookings -= 1;
    const { votes, candidates } = this.#agreed();
    if (votes < this.#votes) return;
    this.#votes = votes;
    this.#candidates = candidates;
  }

  #agreed(): { readonly votes: number; readonly candidates: readonly number[] } {
    const offsets: number[] = [];
    for (const capture of this.#hints) {
      for (const stamp of this.#stamps) {
        const delay = this.#leastUs - (capture - stamp);
        if (delay > -EARLIEST_US && delay < SLOWEST_US) offsets.push(capture - stamp);
      }
    }
    offsets.sort((a, b) => a - b);
    const found = clusters(offsets, AGREE_US);
    const most = Math.max(0, ...found.map((cluster) => cluster.length));
    const needed = Math.max(2, NEEDED * this.#hints.length, ALIKE * most);
    const likely = found.filter((cluster) => cluster.length >= needed);
    return { votes: most, candidates: likely.flatMap((cluster) => cluster[cluster.length >> 1] ?? []) };
  }
}

/** Neighbours that lie within `width` of the first of their group; ascending. */
function clusters(ascending: readonly number[], width: number): number[][] {
  const found: number[][] = [];
  for (const value of ascending) {
    const last = found.at(-1);
    if (last?.[0] !== undefined && value - last[0] <= width) last.push(value);
    else found.push([value]);
  }
  return found;
}
