import * as v from "valibot";
import { localMicros } from "./units.ts";

/**
 * What a device knew of the room's clock at one moment: room µs = local µs + `offsetUs`, wrong by at most
 * `uncertaintyUs` (half the round trip plus the resolution of the server's clock).
 */
export const clockSample = v.object({
  /** When it was measured, on the device's own clock. */
  atUs: localMicros,
  offsetUs: v.pipe(v.number(), v.finite()),
  uncertaintyUs: v.pipe(v.number(), v.finite(), v.minValue(0)),
});
export type ClockSample = v.InferOutput<typeof clockSample>;
