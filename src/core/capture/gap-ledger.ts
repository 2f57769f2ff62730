import { GAP_DECLARED_US, type Gap, type GapReason } from "#protocol/gaps.ts";

/** Ends that lie this near to each other are one gap: rounding of stamps to whole µs and back. */
const TOUCH_US = 1_000;

/** The gaps of one track, in order; those of 20 ms and more are declared, shorter ones are counted. */
export class GapLedger {
  #open: { fromUs: number; toUs: number; reason: GapReason } | undefined;
  #ready: Gap[] = [];
  readonly #all: Gap[] = [];
  #shortCount = 0;
  #shortUs = 0;

  /** Gaps too short to be declared: how many, and their sum. */
  get short(): { count: number; us: number } {
    return { count: this.#shortCount, us: this.#shortUs };
  }

  /** µs since the track's zero. Touching the one before with the same reason, it becomes part of it. */
  add(fromUs: number, toUs: number, reason: GapReason): void {
    if (toUs <= fromUs) return;
    const open = this.#open;
    if (open && open.reason === reason && fromUs - open.toUs <= TOUCH_US) {
      open.toUs = Math.max(open.toUs, toUs);
      return;
    }
    this.#finish();
    this.#open = { fromUs, toUs, reason };
  }

  /**
   * Gaps that begin before `beforeUs` and were not taken yet. One that is still growing is finished by it: what follows becomes
   * a gap of its own.
   */
  take(beforeUs: number = Number.POSITIVE_INFINITY): Gap[] {
    if (this.#open && this.#open.fromUs < beforeUs) this.#finish();
    const taken = this.#ready.filter((gap) => gap.fromUs < beforeUs);
    this.#ready = this.#ready.filter((gap) => gap.fromUs >= beforeUs);
    return taken;
  }

  /** All that were declared so far. */
  all(): readonly Gap[] {
    return this.#open && isLong(this.#open) ? [...this.#all, this.#open] : this.#all;
  }

  #finish(): void {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    if (!isLong(open)) {
      this.#shortCount += 1;
      this.#shortUs += open.toUs - open.fromUs;
      return;
    }
    this.#ready.push(open);
    this.#all.push(open);
  }
}

function isLong(gap: { fromUs: number; toUs: number }): boolean {
  return gap.toUs - gap.fromUs >= GAP_DECLARED_US;
}
