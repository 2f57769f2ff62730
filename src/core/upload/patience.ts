import { ASSUMED_BYTES_PER_MS, EPOCH_STALL_MS, LANES, LANES_WHEN_THIN, RATE_SLACK, STALL_DOUBLINGS } from "./limits.ts";

/**
 * How long an epoch may take before it counts as stalled. It learns: from the rate of what got through, and from each
 * stall, after which the same epoch gets twice the time, so that no line is too thin to be used at last.
 */
export class Patience {
  readonly #stalls = new Map<string, number>();
  #thin = false;

  /** `bytesPerSecond`: of all lanes together, 0 when unknown. */
  allowanceMs(epoch: string, bytes: number, bytesPerSecond: number): number {
    const measured = bytesPerSecond / 1000 / LANES / RATE_SLACK;
    const perMs = measured > 0 ? Math.min(measured, ASSUMED_BYTES_PER_MS) : ASSUMED_BYTES_PER_MS;
    const doublings = Math.min(this.#stalls.get(epoch) ?? 0, STALL_DOUBLINGS);
    return (EPOCH_STALL_MS + bytes / perMs) * 2 ** doublings;
  }

  get lanes(): number {
    return this.#thin ? LANES_WHEN_THIN : LANES;
  }

  stalled(epoch: string): void {
    this.#stalls.set(epoch, (this.#stalls.get(epoch) ?? 0) + 1);
    this.#thin = true;
  }

  gotThrough(epoch: string): void {
    this.#stalls.delete(epoch);
    this.#thin = false;
  }
}
