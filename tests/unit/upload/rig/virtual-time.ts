import type { Clock, Random, Scheduler } from "#core/ports/time.ts";
import { asLocal } from "#protocol/units.ts";

interface Alarm {
  readonly atMs: number;
  readonly order: number;
  readonly ring: () => void;
}

/** A clock that moves only when all that can happen now has happened: the same seed gives the same run. */
export class VirtualTime implements Clock, Scheduler {
  #nowMs = 0;
  #wallShiftMs = Date.UTC(2026, 10, 20);
  #alarms: Alarm[] = [];
  #orders = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  nowUs(): ReturnType<Clock["nowUs"]> {
    return asLocal(this.#nowMs * 1000);
  }

  wallMs(): number {
    return Math.round(this.#nowMs + this.#wallShiftMs);
  }

  /** Somebody sets the device's clock. */
  jumpWallClock(byMs: number): void {
    this.#wallShiftMs += byMs;
  }

  delay(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const alarm = { atMs: this.#nowMs + Math.max(ms, 0), order: this.#orders++, ring: resolve };
      this.#alarms.push(alarm);
      signal?.addEventListener(
        "abort",
        () => {
          this.#alarms = this.#alarms.filter((other) => other !== alarm);
          reject(signal.reason);
        },
        { once: true },
      );
    });
  }

  /** Lets everything happen that needs no time. */
  settle(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  /** Moves on, alarm by alarm, until `isReached`; throws when that takes more than `withinMs` of virtual time. */
  async until(isReached: () => boolean, withinMs = 3_600_000): Promise<void> {
    const endMs = this.#nowMs + withinMs;
    for (;;) {
      await this.settle();
      if (isReached()) return;
      const next = this.#alarms.toSorted((a, b) => a.atMs - b.atMs || a.order - b.order).at(0);
      if (!next || next.atMs > endMs) throw new Error(`not reached within ${withinMs} ms of virtual time`);
      this.#alarms = this.#alarms.filter((alarm) => alarm !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.ring();
    }
  }

  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    void this.delay(ms);
    await this.until(() => this.#nowMs >= untilMs);
  }
}

/** mulberry32: small, seeded, good enough for schedules. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    unit() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = state;
      mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    },
  };
}
