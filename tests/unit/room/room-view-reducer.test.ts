import { expect, it } from "vitest";
import { reduceRoomView } from "#core/room/room-view-reducer.ts";
import type { ParticipantId, RoomId, TakeId } from "#protocol/ids.ts";
import type { MarkerId } from "#protocol/markers.ts";
import type { ParticipantView, RoomView } from "#protocol/room-messages.ts";

const TAKE = "take-of-the-test" as TakeId;

const person = (name: string, role: ParticipantView["role"]): ParticipantView => ({
  participant: name as ParticipantId,
  name,
  role,
  connected: true,
  seenMs: 1,
  status: null,
  call: null,
  handMs: null,
});

const note = (by: string) => ({
  marker: `marker of ${by}` as MarkerId,
  take: TAKE,
  by: by as ParticipantId,
  atUs: 1,
  text: "",
});

const ROOM: RoomView = {
  room: "room" as RoomId,
  title: "Ferries",
  participants: [person("host", "host"), person("me", "guest"), person("co", "cohost"), person("guest", "guest")],
  take: null,
  knocking: [{ participant: "eve" as ParticipantId, name: "Eve", sinceMs: 1 }],
  markers: ["host", "me", "co", "guest", "gone"].map(note),
};

it("[RS16] who is a guest again keeps neither knocks nor the notes of hosts and co-hosts", () => {
  const after = reduceRoomView(ROOM, { type: "role", role: "guest" });
  expect(after?.knocking).toEqual([]);
  expect(after?.markers.map(({ by }) => by)).toEqual(["me", "guest"]);
});

it("[RS16] a new co-host keeps what was known", () => {
  expect(reduceRoomView(ROOM, { type: "role", role: "cohost" })).toBe(ROOM);
});
