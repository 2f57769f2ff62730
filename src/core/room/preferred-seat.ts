import type { SeatRow } from "#protocol/take-manifest.ts";

/** Which of this device's seats in one room speaks for it when nobody says which: a host's before a guest's, then the newest. */
export function preferredSeat(seats: readonly SeatRow[]): SeatRow | undefined {
  return [...seats].sort((a, b) => rank(b) - rank(a) || b.usedMs - a.usedMs)[0];
}

function rank(seat: SeatRow): number {
  return seat.role === "host" ? 2 : seat.role === "cohost" ? 1 : 0;
}
