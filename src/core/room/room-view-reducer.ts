import type { ParticipantView, RoomView, ServerMessage } from "#protocol/room-messages.ts";

/** The room as this device knows it, after one more message. Pure; messages that do not change it return the same object. */
export function reduceRoomView(room: RoomView | null, message: ServerMessage): RoomView | null {
  if (message.type === "welcome") return message.room;
  if (room === null) return null;
  switch (message.type) {
    case "participant":
      return { ...room, participants: withParticipant(room.participants, message.participant) };
    case "participant-left":
      return {
        ...room,
        participants: room.participants.filter((each) => each.participant !== message.participant),
      };
    case "take":
      return withTake(room, message.take);
    case "knock":
      return { ...room, knocking: withKnocker(room.knocking, message.knocker) };
    case "knock-ended":
      return withoutKnocker(room, message.participant);
    case "marker":
      return withMarker(room, message.marker);
    case "role":
      return message.role === "guest" ? withoutHostsKnowledge(room) : room;
    default:
      return room;
  }
}

function withParticipant(all: readonly ParticipantView[], one: ParticipantView): ParticipantView[] {
  const known = all.some((each) => each.participant === one.participant);
  return known ? all.map((each) => (each.participant === one.participant ? one : each)) : [...all, one];
}

/** The markers are the newest take's: a new take begins without any. */
function withTake(room: RoomView, take: NonNullable<RoomView["take"]>): RoomView {
  return room.take?.take === take.take ? { ...room, take } : { ...room, take, markers: [] };
}

/** What hosts and co-hosts alone are told of goes with the role; what became public, or is one's own, stays. */
function withoutHostsKnowledge(room: RoomView): RoomView {
  const guests = new Set(
    room.participants.filter(({ role }) => role === "guest").map(({ participant }) => participant),
  );
  return { ...room, knocking: [], markers: room.markers.filter(({ by }) => guests.has(by)) };
}

type Knocking = RoomView["knocking"];

function withKnocker(all: Knocking, one: Knocking[number]): Knocking {
  return [...all.filter((each) => each.participant !== one.participant), one];
}

function withoutKnocker(room: RoomView, participant: Knocking[number]["participant"]): RoomView {
  const knocking = room.knocking.filter((each) => each.participant !== participant);
  return knocking.length === room.knocking.length ? room : { ...room, knocking };
}

function withMarker(room: RoomView, one: RoomView["markers"][number]): RoomView {
  if (one.take !== room.take?.take) return room;
  return { ...room, markers: [...room.markers.filter((each) => each.marker !== one.marker), one] };
}
