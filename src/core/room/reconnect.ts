/** First wait; a Wi-Fi blip heals within one. */
const FIRST_MS = 250;

/** Longest wait: the host sees a device again within 5 s of the network's return. */
const LONGEST_MS = 5_000;

/** Waits double from 250 ms to 5 s, each shortened by up to half at random, so that a room does not come back in one instant. */
export function reconnectDelayMs(attempt: number, unit: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return full * (1 - unit / 2);
}
