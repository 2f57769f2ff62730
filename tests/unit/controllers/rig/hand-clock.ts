import type { Clock, Scheduler } from "#core/ports/time.ts";
import { asLocal } from "#protocol/units.ts";

interface Timer {
  readonly atMs: number;
  readonly fire: () => void;
}

/** Time that passes only when the test says so. */
export class HandClock implements Clock, Scheduler {
  wall = 1_800_000_000_000;
  #nowMs = 1_000;
  readonly #timers = new Set<Timer>();

  nowUs() {
    return asLocal(this.#nowMs * 1000);
  }

  wallMs(): number {
    return this.wall;
  }

  delay(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const timer = {
        atMs: this.#nowMs + ms,
        fire: () => {
          this.#timers.delete(timer);
          resolve();
        },
      };
      this.#timers.add(timer);
      signal?.addEventListener(
        "abort",
        () => {
          this.#timers.delete(timer);
          reject(signal.reason);
        },
        { once: true },
      );
    });
  }

  /** Waits that are still to run out, ms from now. */
  get waits(): number[] {
    return [...this.#timers].map((timer) => timer.atMs - this.#nowMs).sort((a, b) => a - b);
  }

  /** Lets `ms` pass: timers fire in their order, and what they start is given the chance to run. */
  async pass(ms: number): Promise<void> {
    const until = this.#nowMs + ms;
    await settle();
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.atMs <= until).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.wall += due.atMs - this.#nowMs;
      this.#nowMs = due.atMs;
      due.fire();
      await settle();
    }
    this.wall += until - this.#nowMs;
    this.#nowMs = until;
    await settle();
  }
}

/** Lets everything that waits for nothing but promises run: a macrotask comes after all of them. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
