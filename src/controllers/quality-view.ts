import type { ConnectionQuality, QualityReason } from "#core/call/quality.ts";
import type { InboundQuality } from "#core/ports/live-call.ts";
import type { QualityView } from "./studio-view.ts";

const WHY: Record<QualityReason, QualityView["why"]> = {
  silent: "nothing",
  loss: "loss",
  jitter: "jitter",
  "round-trip": "delay",
};

/** What was judged, with its figures. */
export function qualityViewOf(
  { bars, why }: ConnectionQuality,
  { loss, jitterMs }: InboundQuality,
  roundTripMs: number | null,
): QualityView {
  return {
    bars,
    why: why === null ? "good" : WHY[why],
    loss,
    jitterMs,
    ...(roundTripMs === null ? {} : { roundTripMs }),
  };
}
