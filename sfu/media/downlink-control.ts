/**
 * Says when a subscriber's network is too slow for what it gets, from its receiver reports and its own estimate. Slow
 * down, slower up: a layer is dropped only after congestion that lasts, and tried again after quiet.
 */

/** Congestion must last this long before the first step, and this long again before each further one. */
const SUSTAINED_MS = 2000;
/** Before picture is given up for sound. */
const SUSTAINED_PAUSE_MS = 4000;
/** Radio loses a tenth of the packets without any queue; repairs cope with that. */
const HEAVY_LOSS = 0.15;
/** Reports come once a second; each weighs this much. */
const LOSS_WEIGHT = 0.4;
/** Of a queue that builds up before the bottleneck. */
const QUEUE_MS = 250;
/** A browser lowers its estimate when packets arrive ever later, and says so at once. */
const ESTIMATE_DROP = 0.97;
const ESTIMATE_DROP_COUNTS_MS = 2500;
/** Reports on sound alone come every five seconds; an old one says nothing of a queue that has drained since. */
const ROUND_TRIP_COUNTS_MS = 2500;
/** The least round trip is forgotten after this long, since routes change. */
const BASE_ROUND_TRIP_MS = 30_000;
const FIRST_TRY_UP_MS = 8000;
const LONGEST_TRY_UP_MS = 60_000;
/** Congestion this soon after a step up is its fault. */
const BLAME_MS = 8000;

/** What to do about the streams of one subscriber. */
export type DownlinkAdvice = "stay" | "step-down" | "pause" | "step-up";

export class DownlinkControl {
  #loss = 0;
  #estimate = Number.POSITIVE_INFINITY;
  #droppedAt = Number.NEGATIVE_INFINITY;
  #roundTrip = 0;
  #roundTripAt = Number.NEGATIVE_INFINITY;
  #base = Number.POSITIVE_INFINITY;
  #baseAt = 0;
  #congestedSince: number | undefined;
  #quietSince: number | undefined;
  #tryUpAfter = FIRST_TRY_UP_MS;
  #steppedUpAt = Number.NEGATIVE_INFINITY;

  /** @param lost share of packets, 0…1 */
  handleLoss(lost: number): void {
    this.#loss += (lost - this.#loss) * LOSS_WEIGHT;
  }

  handleRoundTrip(ms: number, now: number): void {
    this.#roundTrip = ms;
    this.#roundTripAt = now;
    if (ms <= this.#base || now - this.#baseAt > BASE_ROUND_TRIP_MS) {
      this.#base = ms;
      this.#baseAt = now;
    }
  }

  /** @param bitsPerSecond the subscriber's own estimate (REMB) */
  handleEstimate(bitsPerSecond: number, now: number): void {
    if (bitsPerSecond < this.#estimate * ESTIMATE_DROP && this.#estimate !== Number.POSITIVE_INFINITY) {
      this.#droppedAt = now;
    }
    this.#estimate = bitsPerSecond;
  }

  /** The newest round trip, ms; 0 before the first. */
  get roundTrip(): number {
    return this.#roundTrip;
  }

  /** 0…1, smoothed. */
  get loss(): number {
    return this.#loss;
  }

  /** Bits per second; infinite before the first. */
  get estimate(): number {
    return this.#estimate;
  }

  /**
   * @param sending what the subscriber is sent, bits/s
   * @param can what is left to do
   */
  advise(sending: number, can: { down: boolean; pause: boolean; up: boolean }, now: number): DownlinkAdvice {
    if (this.#isCongested(sending, now)) return this.#adviseCongested(can, now);
    this.#congestedSince = undefined;
    this.#quietSince ??= now;
    if (!can.up || now - this.#quietSince < this.#tryUpAfter) return "stay";
    this.#quietSince = now;
    this.#steppedUpAt = now;
    return "step-up";
  }

  #isCongested(sending: number, now: number): boolean {
    if (this.#loss > HEAVY_LOSS) return true;
    if (this.#roundTrip - this.#base > QUEUE_MS && now - this.#roundTripAt < ROUND_TRIP_COUNTS_MS) return true;
    return now - this.#droppedAt < ESTIMATE_DROP_COUNTS_MS && sending > this.#estimate;
  }

  #adviseCongested(can: { down: boolean; pause: boolean }, now: number): DownlinkAdvice {
    this.#quietSince = undefined;
    this.#congestedSince ??= now;
    const advice = can.down ? "step-down" : "pause";
    const lasts = now - this.#congestedSince;
    if ((!can.down && !can.pause) || lasts < (can.down ? SUSTAINED_MS : SUSTAINED_PAUSE_MS)) return "stay";
    this.#congestedSince = now;
    const toBlame = now - this.#steppedUpAt < BLAME_MS;
    this.#tryUpAfter = toBlame ? Math.min(this.#tryUpAfter * 2, LONGEST_TRY_UP_MS) : FIRST_TRY_UP_MS;
    return advice;
  }
}
