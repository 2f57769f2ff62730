import type { Random } from "../ports/time.ts";
import { BACK_OFF_BASE_MS, BACK_OFF_CAP_MS, RETRY_AFTER_CAP_MS } from "./limits.ts";

/**
 * Full jitter: anywhere between 0 and the exponential limit, so that devices which lost the server together do not
 * come back together. `failures` counts from 1.
 */
export function backOffMs(failures: number, random: Random): number {
  const limit = Math.min(BACK_OFF_CAP_MS, BACK_OFF_BASE_MS * 2 ** Math.min(failures - 1, 16));
  return random.unit() * limit;
}

/** The own back-off, or what the server asked for when that is longer; never longer than the cap. */
export function waitMs(failures: number, retryAfterMs: number | null, random: Random): number {
  const own = backOffMs(failures, random);
  if (retryAfterMs === null) return own;
  return Math.max(own, Math.min(Math.max(retryAfterMs, 0), RETRY_AFTER_CAP_MS));
}
