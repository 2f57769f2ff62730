import type { SeatRow, TakeRow } from "#protocol/take-manifest.ts";

/** Recorded without a room: no room's clock gave it a zero. The upload may have made a room for it since. */
export function isAlone(take: TakeRow): boolean {
  return take.zeroRoomUs === null;
}

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" });

/** A name that tells rooms apart without asking anybody for one: "20 November at 19:26". */
export function newRoomTitle(wallMs: number): string {
  return DAY.format(wallMs);
}

export function roomTitle(seat: SeatRow): string {
  return seat.title === "" ? "Untitled room" : seat.title;
}

export function takeTitle(take: TakeRow, seat: SeatRow | undefined): string {
  if (take.title !== "") return take.title;
  if (isAlone(take)) return "Recorded alone";
  return seat === undefined ? "Untitled take" : roomTitle(seat);
}
