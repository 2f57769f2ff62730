import type { SeatRow, TakeRow } from "#protocol/take-manifest.ts";

/** Recorded without a room: no room's clock gave it a zero. The upload may have made a room for it since. */
export function isAlone(take: TakeRow): boolean {
  return take.zeroRoomUs === null;
}

export function roomTitle(seat: SeatRow): string {
  return seat.title === "" ? "Untitled room" : seat.title;
}

export function takeTitle(take: TakeRow, seat: SeatRow | undefined): string {
  if (take.title !== "") return take.title;
  if (isAlone(take)) return "Recorded alone";
  return seat === undefined ? "Untitled take" : roomTitle(seat);
}
