import type { RoomSessionState } from "#core/room/room-session-state.ts";
import type { MarkerView } from "./studio-view.ts";

/** Markers of the room's newest take, those included that the room has not told back yet; the newest first. */
export function markersOf({ room, unsentMarkers }: RoomSessionState, ownName: string): readonly MarkerView[] {
  const take = room?.take;
  if (room == null || take == null) return [];
  const nameOf = new Map(room.participants.map((each) => [each.participant, each.name]));
  const told = room.markers.map(({ marker, by, atUs, text }) => ({
    id: marker,
    atMs: atUs / 1000,
    text,
    by: nameOf.get(by) ?? "",
  }));
  const unsent = unsentMarkers
    .filter((each) => each.take === take.take && !room.markers.some(({ marker }) => marker === each.marker))
    .map(({ marker, atRoomUs, text }) => ({
      id: marker,
      atMs: Math.max(0, atRoomUs - take.zeroRoomUs) / 1000,
      text,
      by: ownName,
    }));
  return [...told, ...unsent].sort((a, b) => b.atMs - a.atMs);
}
