import type { InboundQuality } from "#core/ports/live-call.ts";
import type { QualityView } from "./studio-view.ts";

/** One way of being bad: from `some` on two bars are left, from `bad` on one. */
interface Limits {
  readonly some: number;
  readonly bad: number;
}

/** Opus hides 2 % well; 5 % is heard (CALL.md). */
const LOSS: Limits = { some: 0.02, bad: 0.05 };
/** A jitter buffer of 30 ms is not noticed; 100 ms is (CALL.md). */
const JITTER_MS: Limits = { some: 30, bad: 100 };
/** People begin to speak over each other above 150 ms one way (ITU-T G.114), and cannot talk at 400. */
const ROUND_TRIP_MS: Limits = { some: 300, bad: 800 };

/** Three bars and the worst of what is wrong. */
export function qualityViewOf(inbound: InboundQuality, roundTripMs: number | null): QualityView {
  const { loss, jitterMs, silent } = inbound;
  const figures = { loss, jitterMs, ...(roundTripMs === null ? {} : { roundTripMs }) };
  if (silent) return { bars: 0, why: "nothing", ...figures };
  const found = [
    { why: "loss", weight: weigh(loss, LOSS) },
    { why: "jitter", weight: weigh(jitterMs, JITTER_MS) },
    { why: "delay", weight: weigh(roundTripMs ?? 0, ROUND_TRIP_MS) },
  ] as const;
  const worst = found.reduce((most, one) => (one.weight > most.weight ? one : most));
  if (worst.weight < 1) return { bars: 3, why: "good", ...figures };
  return { bars: worst.weight < 2 ? 2 : 1, why: worst.why, ...figures };
}

/** Below 1: fine. 1 to 2: some. From 2: bad, the more the worse. */
function weigh(value: number, { some, bad }: Limits): number {
  if (value < some) return value / some;
  return value < bad ? 1 + (value - some) / (bad - some) : 1 + value / bad;
}
