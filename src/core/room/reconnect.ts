/** First wait; a Wi-Fi blip heals within one. */
const FIRST_MS = 250;

/** Longest wait: what hangs on the socket, the call too, is back within 5 s of the network's return. */
const LONGEST_MS = 2_000;

/** Waits double from 250 ms to 2 s, each shortened by up to half at random, so that a room does not come back in one instant. */
export function reconnectDelayMs(attempt: number, unit: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return full * (1 - unit / 2);
}

/**
 * TCP asks for a connection at 0, 1, 3, 7, 15, 31 s: a try that began without a network finds it late, a new one at once. Four
 * seconds carry a handshake with TLS over a round trip of 500 ms; every third try has longer, for networks that are worse.
 */
const TRY_MS = 4_000;
const LONG_TRY_MS = 10_000;

/** How long one try may take until the room says its first word. */
export function tryPatienceMs(attempt: number): number {
  return attempt % 3 === 2 ? LONG_TRY_MS : TRY_MS;
}

/** A try younger than that is not given up for a new one. */
export const YOUNG_TRY_MS = 1_000;

/** The room answers within a round trip; one that takes longer carries no call. */
export const CHECK_PATIENCE_MS = 1_500;
