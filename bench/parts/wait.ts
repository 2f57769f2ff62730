import { setTimeout } from "node:timers/promises";

/** Lets what is measured go on for so long. */
export const letRun = (seconds: number): Promise<void> => setTimeout(seconds * 1000);

/** Asks every `everyMs` until there is an answer. @throws Error after `patienceMs` */
export async function poll<Value>(
  what: string,
  ask: () => Promise<Value | undefined>,
  everyMs: number,
  patienceMs: number,
): Promise<Value> {
  const until = Date.now() + patienceMs;
  for (;;) {
    const value = await ask();
    if (value !== undefined) return value;
    if (Date.now() > until) throw new Error(`not within ${patienceMs / 1000} s: ${what}`);
    await setTimeout(everyMs);
  }
}
