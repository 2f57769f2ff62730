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

/**
 * While a take rolls, an offset that turned out to be wrong is mended this slowly: a third of a millisecond per frame at 30 a
 * second, so that 45 ms take 4.5 s, and no frame comes before the one before it.
 */
const MEND_RATE = 0.01;

/** So many of the capture times must agree: half of them. */
const NEEDED = 0.5;

/** A group that is this near to the largest is as likely: a few frames reached the one reader and not the other. */
const ALIKE = 0.5;

type StampMethod = "capture-time" | "arrival";

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
  /** The likeliest by the hints before: with a regular camera those of frames that were not read agree with later ones. */
  #before: number | undefined;
  /** Two hints in a row have said the same. */
  #isConfirmed = false;
  #isFreezing = false;
  #frozen: { readonly offsetUs: number; readonly method: StampMethod } | undefined;
  /** Capture times were understood while frozen: from the stamp `fromUs` on the offset moves slowly to `toUs`. */
  #mending: { readonly fromUs: number; readonly toUs: number } | undefined;
  #lastStampUs = 0;

  /** A frame was read. */
  arrived(stampUs: number, nowUs: number): void {
    this.#lastStampUs = stampUs;
    if (this.#frozen?.method === "capture-time" || this.#mending) return;
    this.#leastUs = Math.min(this.#leastUs, nowUs - stampUs);
    if (this.#isFreezing) this.#frozen ??= { offsetUs: Math.round(nowUs - stampUs), method: "arrival" };
    this.#stamps.push(stampUs);
    if (this.#stamps.length > REMEMBERED) this.#stamps.shift();
    this.#look();
    this.#mend();
  }

  /** Capture times of some frames, local µs, from the page: the newest ones, again and again until it {@link isKnown}. */
  hint(captureUs: readonly number[]): void {
    if (this.isKnown) return;
    this.#isConfirmed = false;
    this.#before = this.#likeliest();
    this.#candidates = [];
    this.#hints = captureUs.slice(-REMEMBERED);
    this.#lookings = WORTH_LOOKING;
    this.#votes = 0;
    this.#look();
  }

  /** Whether capture times have told the offset: it holds for as long as the page lives. */
  get isKnown(): boolean {
    return this.#known() !== undefined;
  }

  /** Local µs less stamp, of the newest frame; `undefined` before the first one. */
  offsetUs(): number | undefined {
    return this.#offsetAt(this.#lastStampUs);
  }

  /** When a frame was captured, local µs; the same answer for the same frame within a take. */
  localUs(stampUs: number): number | undefined {
    const offsetUs = this.#offsetAt(stampUs);
    return offsetUs === undefined ? undefined : stampUs + offsetUs;
  }

  /** How the offset in use was found, and how far off it can be, µs. */
  quality(): { method: StampMethod; uncertaintyUs: number } {
    return this.#method() === "arrival"
      ? { method: "arrival", uncertaintyUs: 5_000 }
      : { method: "capture-time", uncertaintyUs: 200 };
  }

  /**
   * From now on the offset stays as it is: within a take it must not jump. Before the first frame, that one decides. When arrivals
   * had to tell it, capture times that are understood later still mend it, slowly.
   */
  freeze(): void {
    this.#isFreezing = true;
    const offsetUs = this.offsetUs();
    if (offsetUs !== undefined) this.#frozen = { offsetUs, method: this.#method() };
  }

  /** The take is over: it may get better again. */
  thaw(): void {
    this.#isFreezing = false;
    this.#frozen = undefined;
    this.#mending = undefined;
  }

  #offsetAt(stampUs: number): number | undefined {
    if (this.#frozen === undefined) {
      return this.#leastUs === Number.POSITIVE_INFINITY ? undefined : Math.round(this.#known() ?? this.#leastUs);
    }
    if (this.#mending === undefined) return this.#frozen.offsetUs;
    const { fromUs, toUs } = this.#mending;
    const mostUs = Math.max(0, Math.trunc((stampUs - fromUs) * MEND_RATE));
    const wrongUs = toUs - this.#frozen.offsetUs;
    return this.#frozen.offsetUs + Math.max(-mostUs, Math.min(mostUs, wrongUs));
  }

  #method(): StampMethod {
    if (this.#frozen === undefined) return this.isKnown ? "capture-time" : "arrival";
    const isMended = this.#mending !== undefined && this.#offsetAt(this.#lastStampUs) === this.#mending.toUs;
    return isMended ? "capture-time" : this.#frozen.method;
  }

  /** Within a take there is one mend. */
  #mend(): void {
    const known = this.#known();
    if (this.#frozen === undefined || known === undefined) return;
    this.#mending = { fromUs: this.#lastStampUs, toUs: Math.round(known) };
  }

  #known(): number | undefined {
    return this.#isConfirmed ? this.#likeliest() : undefined;
  }

  /**
   * The candidate with the least delay of delivery: the quickest frame that was seen did not wait a whole interval. Quicker
   * frames that come later may still rule one out.
   */
  #likeliest(): number | undefined {
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
    const likeliest = this.#likeliest();
    if (likeliest === undefined || this.#before === undefined) return;
    if (Math.abs(likeliest - this.#before) > AGREE_US) return;
    this.#isConfirmed = true;
    this.#lookings = 0;
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
