import type { Clock, Scheduler } from "#core/ports/time.ts";

export interface RefresherPorts {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Hears what `work` threw; the next ask tries again. */
  readonly failed: (error: unknown) => void;
}

export interface Refresher {
  /** Something may have changed. */
  ask(): void;
  close(): void;
}

/** At most two looks a second, however many hints come. */
const MIN_GAP_MS = 500;

/** A look may cost at most a tenth of the time: one that takes 300 ms waits 3 s for the next. */
const REST_PER_WORK = 10;

/** One look that took seconds, on a device that was busy just then, must not leave the page stale for a minute. */
const MOST_REST_MS = 5_000;

/** Runs `work` on hints: never twice at once, many hints as one, the first at once, the later ones spaced. */
export function createRefresher(work: (signal: AbortSignal) => Promise<void>, ports: RefresherPorts): Refresher {
  const closing = new AbortController();
  let asked = false;
  let running = false;
  const run = async (): Promise<void> => {
    while (asked && !closing.signal.aborted) {
      asked = false;
      const before = ports.clock.nowUs();
      try {
        await work(closing.signal);
      } catch (error) {
        if (closing.signal.aborted) return;
        ports.failed(error);
      }
      const workMs = (ports.clock.nowUs() - before) / 1000;
      if (!(await rests(ports.scheduler, restMs(workMs), closing.signal))) return;
    }
  };
  return {
    ask() {
      asked = true;
      if (running || closing.signal.aborted) return;
      running = true;
      void run().finally(() => {
        running = false;
      });
    },
    close: () => closing.abort(),
  };
}

function restMs(workMs: number): number {
  return Math.min(MOST_REST_MS, Math.max(MIN_GAP_MS, workMs * REST_PER_WORK));
}

/** False when it was closed meanwhile. */
async function rests(scheduler: Scheduler, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await scheduler.delay(ms, signal);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
