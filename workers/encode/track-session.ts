import { GapLedger } from "#core/capture/gap-ledger.ts";
import type { Interruptions } from "#core/capture/interruptions.ts";
import type { EncodeEvent, EncodeStats, StartRequest } from "#protocol/encode-rpc.ts";
import { GAP_DECLARED_US, type Gap, type GapReason } from "#protocol/gaps.ts";
import type { TrackSealer } from "./track-sealer.ts";

/** Everything that belongs to one track of one take: what to keep, what was counted, what is missing. */
export class TrackSession {
  readonly request: StartRequest;
  readonly sealer: TrackSealer;
  readonly ledger = new GapLedger();
  readonly #interruptions: Interruptions;
  readonly #onEvent: (event: EncodeEvent) => void;

  /** Local µs: capture times from here on count. */
  readonly keepFromUs: number;
  /** Local µs: capture times before this count; infinite until Stop. */
  keepUntilUs: number = Number.POSITIVE_INFINITY;

  captured = 0;
  encoded = 0;
  repeated = 0;
  filled = 0;
  run = 0;
  readonly dropped = { capture: 0, encoderBusy: 0, encoderError: 0, disorder: 0 };

  constructor(
    request: StartRequest,
    sealer: TrackSealer,
    interruptions: Interruptions,
    onEvent: (event: EncodeEvent) => void,
  ) {
    this.request = request;
    this.sealer = sealer;
    this.#interruptions = interruptions;
    this.#onEvent = onEvent;
    this.keepFromUs = request.track.trackZeroUs;
  }

  /** Local µs as whole µs since the track's zero. */
  trackUs(localUs: number): number {
    return Math.round(localUs - this.request.track.trackZeroUs);
  }

  /**
   * Declares that the time between two local moments is missing. A reason that the page knows goes before `otherwise`.
   * @returns the reason
   */
  gap(fromUs: number, toUs: number, otherwise: GapReason): GapReason {
    const reason = this.#interruptions.reasonFor(fromUs, toUs, otherwise);
    this.gapBecause(fromUs, toUs, reason);
    return reason;
  }

  /** Something that explains gaps between two local moments. */
  note(reason: GapReason, fromUs: number, toUs: number): void {
    this.#interruptions.note(reason, fromUs, toUs);
  }

  gapBecause(fromUs: number, toUs: number, reason: GapReason): void {
    const gap: Gap = { fromUs: this.trackUs(fromUs), toUs: this.trackUs(toUs), reason };
    this.ledger.add(gap.fromUs, gap.toUs, reason);
    if (gap.toUs - gap.fromUs >= GAP_DECLARED_US) this.#onEvent({ type: "gap", gap });
  }

  /** The first sample is there: time since the take's zero is missing when it is more than `toleranceUs`. */
  firstSample(atUs: number, toleranceUs: number): void {
    const { takeZeroUs, declareLate, offFromUs } = this.request;
    if (!declareLate || atUs - takeZeroUs <= toleranceUs) return;
    const offUs = offFromUs === null ? atUs : Math.min(Math.max(offFromUs, takeZeroUs), atUs);
    if (offUs > takeZeroUs) this.gap(takeZeroUs, offUs, "late-start");
    if (offUs < atUs) this.gapBecause(offUs, atUs, "muted");
  }

  gapSums(): EncodeStats["gaps"] {
    const sums = new Map<GapReason, { count: number; totalUs: number }>();
    for (const gap of [...this.ledger.all(), ...this.sealer.lostGaps()]) {
      const sum = sums.get(gap.reason) ?? { count: 0, totalUs: 0 };
      sums.set(gap.reason, { count: sum.count + 1, totalUs: sum.totalUs + gap.toUs - gap.fromUs });
    }
    return [...sums].map(([reason, sum]) => ({ reason, ...sum }));
  }
}
