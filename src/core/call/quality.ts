import type { InboundQuality } from "../ports/live-call.ts";

/** CALL.md: packet loss above 5 % and jitter above 100 ms are named. */
const LOSS = { poor: 0.05, bad: 0.15 };
const JITTER_MS = { poor: 100, bad: 250 };
/** ITU-T G.114: above 400 ms both ways together people begin to talk into each other. */
const ROUND_TRIP_MS = { poor: 400, bad: 800 };

/** A value that was called poor is fine again only below this share of its limit. */
const BACK = 0.7;

/** Why a connection is not good, the worst first. */
export type QualityReason = "silent" | "loss" | "jitter" | "round-trip";

/** 3 is good, 0 is nothing at all. `why` is `null` only at 3. */
export interface ConnectionQuality {
  readonly bars: 0 | 1 | 2 | 3;
  readonly why: QualityReason | null;
}

/** How good a participant's connection is (CA41); `before`: what was said last, so that it does not flap at a limit. */
export function qualityOf(
  inbound: InboundQuality,
  roundTripMs: number | null,
  before: ConnectionQuality | null = null,
): ConnectionQuality {
  if (inbound.silent) return { bars: 0, why: "silent" };
  const judged = [
    { why: "loss", bars: barsOf(inbound.loss, LOSS, before, "loss") },
    { why: "jitter", bars: barsOf(inbound.jitterMs, JITTER_MS, before, "jitter") },
    { why: "round-trip", bars: barsOf(roundTripMs ?? 0, ROUND_TRIP_MS, before, "round-trip") },
  ] as const;
  const worst = judged.reduce((one, other) => (other.bars < one.bars ? other : one));
  return worst.bars === 3 ? { bars: 3, why: null } : worst;
}

function barsOf(
  value: number,
  limits: { readonly poor: number; readonly bad: number },
  before: ConnectionQuality | null,
  why: QualityReason,
): 1 | 2 | 3 {
  const wasBad = before?.why === why && before.bars <= 1;
  const wasPoor = before?.why === why && before.bars <= 2;
  if (value > limits.bad * (wasBad ? BACK : 1)) return 1;
  return value > limits.poor * (wasPoor ? BACK : 1) ? 2 : 3;
}
