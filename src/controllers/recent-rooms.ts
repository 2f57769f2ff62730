import { preferredSeat } from "#core/room/preferred-seat.ts";
import type { SeatRow } from "#protocol/take-manifest.ts";
import type { UploadState } from "#protocol/upload-rpc.ts";
import { type DeviceTake, roughLengthMs } from "./device-takes.ts";
import type { RecentView } from "./home-view.ts";
import { isAlone, roomTitle, takeTitle } from "./take-titles.ts";
import { standingOf, type TakeStanding } from "./take-upload-state.ts";

/** More would push this device's facts out of sight; Recordings has all takes. */
const MOST_RECENT = 12;

/** Rooms that this device has a seat in, and takes recorded alone, the newest first. */
export function recentOf(
  seats: readonly SeatRow[],
  takes: readonly DeviceTake[],
  uploads: UploadState,
): readonly RecentView[] {
  const alone = takes.filter((take) => isAlone(take.row));
  // rooms that the upload made for a lone take are not places where anybody met
  const madeForOne = new Set(alone.map((take) => take.row.room));
  const byRoom = Map.groupBy(
    seats.filter((seat) => !madeForOne.has(seat.room)),
    (seat) => seat.room,
  );
  const rooms = [...byRoom].flatMap(([room, inRoom]) => {
    const seat = preferredSeat(inRoom);
    const own = takes.filter((take) => take.row.room === room);
    return seat === undefined ? [] : [roomView(seat, own, uploads)];
  });
  return [...rooms, ...alone.map((take) => aloneView(take, uploads))]
    .sort((a, b) => b.atMs - a.atMs)
    .slice(0, MOST_RECENT);
}

function roomView(seat: SeatRow, takes: readonly DeviceTake[], uploads: UploadState): RecentView {
  const newest = takes[0];
  const lengthMs = newest === undefined ? undefined : roughLengthMs(newest.tracks);
  return {
    id: seat.room,
    title: roomTitle(seat),
    href: `/r/${seat.room}`,
    atMs: Math.max(seat.usedMs, newest?.row.startedMs ?? 0),
    alone: false,
    state: worstOf(takes.map((take) => standingOf(take, uploads))),
    ...(lengthMs === undefined ? {} : { lengthMs }),
  };
}

function aloneView(take: DeviceTake, uploads: UploadState): RecentView {
  const lengthMs = roughLengthMs(take.tracks);
  return {
    id: take.row.take,
    title: takeTitle(take.row, take.seat),
    href: "/recordings",
    atMs: take.row.startedMs,
    alone: true,
    state: worstOf([standingOf(take, uploads)]),
    ...(lengthMs === undefined ? {} : { lengthMs }),
  };
}

/** A room is as safe as its least safe take; takes without any epoch say nothing. */
function worstOf(standings: readonly TakeStanding[]): RecentView["state"] {
  for (const worst of ["waiting", "uploading", "local"] as const) if (standings.includes(worst)) return worst;
  return standings.includes("safe") && !standings.includes("recording") ? "safe" : "none";
}
