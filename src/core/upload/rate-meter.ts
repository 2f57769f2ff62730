import type { Clock } from "../ports/time.ts";
import { RATE_WINDOW_MS } from "./limits.ts";

/** Bytes per second over the last seconds, on the monotonic clock. */
export class RateMeter {
  readonly #clock: Clock;
  #samples: { readonly atUs: number; readonly bytes: number }[] = [];
  #sinceUs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sinceUs = clock.nowUs();
  }

  /** Starts anew: the time before does not count. */
  restart(): void {
    this.#samples = [];
    this.#sinceUs = this.#clock.nowUs();
  }

  add(bytes: number): void {
    this.#samples.push({ atUs: this.#clock.nowUs(), bytes });
  }

  bytesPerSecond(): number {
    const nowUs = this.#clock.nowUs();
    const fromUs = Math.max(nowUs - RATE_WINDOW_MS * 1000, this.#sinceUs);
    this.#samples = this.#samples.filter((sample) => sample.atUs >= fromUs);
    const bytes = this.#samples.reduce((total, sample) => total + sample.bytes, 0);
    // Shorter than a second says nothing: two epochs in the first 10 ms are not 200 MB/s.
    const overUs = Math.max(nowUs - fromUs, 1_000_000);
    return (bytes * 1_000_000) / overUs;
  }
}
