import type { Scheduler } from "#core/ports/time.ts";

/** The kernel asks after 1, 2, 3, 4, 6, 10, 18, 34 s: a connection that is ten seconds old has become lazy. */
const ANOTHER_AFTER_MS = 10_000;

/** Of the six that Chromium allows; one is left for {@link reachServer}'s `more`. */
const MOST_WAITING = 5;

/** "Now": somebody knows that the network is back. */
export const MORE = "more";

/**
 * Waits until a server answers again, after one that was silent. What Chromium does with a request that is given up while it
 * connects makes this an art: the connection goes on trying, ever more rarely, and the next request waits for that very one;
 * after 45 s without a network it would find out 25 s later. So requests are not given up but joined by others, each with a
 * connection of its own that still asks every second; the first connection that comes through serves the oldest request.
 *
 * @param more an event {@link MORE} of it: asks at once
 */
export async function reachServer(
  ask: (ended: AbortSignal) => Promise<unknown>,
  scheduler: Scheduler,
  more: EventTarget,
  signal: AbortSignal,
): Promise<void> {
  const answered = new AbortController();
  const ended = AbortSignal.any([signal, answered.signal]);
  // Those that still wait are not given up now either: the connection would be given to the next of them, and closed with it.
  const join = (): void => {
    const end = (): void => answered.abort();
    ask(signal).then(end, end);
  };
  more.addEventListener(MORE, join, { signal: ended });
  for (let waiting = 0; !ended.aborted; waiting++) {
    if (waiting < MOST_WAITING) join();
    await scheduler.delay(ANOTHER_AFTER_MS, ended).catch((error: unknown) => {
      if (!ended.aborted) throw error;
    });
  }
}
