import type { Clock, Scheduler } from "#core/ports/time.ts";
import { asLocal } from "#protocol/units.ts";

/**
 * Local µs in any context of a page. A worker's `performance.now()` counts from its own origin, so it needs the
 * page's: the difference of the two `timeOrigin`s is exact, since both are the same system clock read once.
 *
 * @param pageTimeOriginMs `performance.timeOrigin` of the page; in the page itself leave it out.
 */
export function performanceClock(pageTimeOriginMs: number = performance.timeOrigin): Clock {
  const shiftMs = performance.timeOrigin - pageTimeOriginMs;
  return {
    nowUs: () => asLocal((performance.now() + shiftMs) * 1000),
    wallMs: () => Date.now(),
  };
}

/** Timers of any browser context. */
export function timerScheduler(): Scheduler {
  return {
    delay: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason);
          return;
        }
        const abort = (): void => {
          clearTimeout(timer);
          reject(signal?.reason);
        };
        const timer = setTimeout(() => {
          signal?.removeEventListener("abort", abort);
          resolve();
        }, ms);
        signal?.addEventListener("abort", abort, { once: true });
      }),
  };
}
