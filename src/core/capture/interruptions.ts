import type { GapReason } from "#protocol/gaps.ts";

interface Interruption {
  readonly fromUs: number;
  toUs: number;
  readonly reason: GapReason;
}

/** A reason is remembered this long: a gap is found within seconds of its end. */
const REMEMBER_US = 60_000_000;

/** What is known of why a source is silent, so that a gap that is found by its stamps gets its true reason. */
export class Interruptions {
  #known: Interruption[] = [];

  /** From `fromUs` on, until {@link end}. The same reason twice is one. */
  begin(reason: GapReason, fromUs: number): void {
    if (this.#known.some((one) => one.reason === reason && one.toUs === Number.POSITIVE_INFINITY)) return;
    this.#known = this.#known.filter((one) => one.toUs > fromUs - REMEMBER_US);
    this.#known.push({ fromUs, toUs: Number.POSITIVE_INFINITY, reason });
  }

  end(reason: GapReason, toUs: number): void {
    for (const one of this.#known) {
      if (one.reason === reason && one.toUs === Number.POSITIVE_INFINITY) one.toUs = toUs;
    }
  }

  /** Something that is over already when it is noticed, such as a frozen page. */
  note(reason: GapReason, fromUs: number, toUs: number): void {
    this.begin(reason, fromUs);
    this.end(reason, toUs);
  }

  /** The reason that covers most of a gap; `otherwise` when none touches it. */
  reasonFor(fromUs: number, toUs: number, otherwise: GapReason): GapReason {
    let best = otherwise;
    let most = 0;
    for (const one of this.#known) {
      const shared = Math.min(toUs, one.toUs) - Math.max(fromUs, one.fromUs);
      if (shared > most) {
        most = shared;
        best = one.reason;
      }
    }
    return best;
  }
}
