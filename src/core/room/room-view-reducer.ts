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
      return { ...room, take: message.take };
    default:
      return room;
  }
}

function withParticipant(all: readonly ParticipantView[], one: ParticipantView): ParticipantView[] {
  const known = all.some((each) => each.participant === one.participant);
  return known ? all.map((each) => (each.participant === one.participant ? one : each)) : [...all, one];
}
