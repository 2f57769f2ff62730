import type { Clock, Scheduler } from "#core/ports/time.ts";

export interface PacedPorts {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Hears what `work` threw when nobody called it. */
  readonly report: (error: unknown) => void;
}

/** A press is answered within 100 ms (LOOK.md); more views a second than ten nobody sees, and each costs a layout. */
const EVERY_MS = 100;

/** `work` at once when the last time is long enough ago, otherwise once as soon as it is: many hints become one. */
export function createPaced(work: () => void, ports: PacedPorts): () => void {
  let lastUs = Number.NEGATIVE_INFINITY;
  let waits = false;
  const run = (): void => {
    waits = false;
    lastUs = ports.clock.nowUs();
    work();
  };
  return () => {
    if (waits) return;
    const restMs = EVERY_MS - (ports.clock.nowUs() - lastUs) / 1000;
    if (restMs <= 0) {
      run();
      return;
    }
    waits = true;
    ports.scheduler.delay(restMs).then(run).catch(ports.report);
  };
}
