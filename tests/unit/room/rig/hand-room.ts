import type { OpenRoomSocket, RoomSocketEvents } from "#core/ports/room-socket.ts";
import type { RoomSessionEvents } from "#core/room/room-session-state.ts";
import type { ParticipantId, RoomId, TakeId } from "#protocol/ids.ts";
import type { Marker } from "#protocol/markers.ts";
import { type ClientMessage, ROOM_PROTOCOL, type ServerMessage, type TakeView } from "#protocol/room-messages.ts";
import { asRoom } from "#protocol/units.ts";

export const ROOM = "roomroomroomroomroom01" as RoomId;
export const ME = "participantparticipa01" as ParticipantId;
export const TAKE = "taketaketaketaketake01" as TakeId;

export const rolling: TakeView = {
  take: TAKE,
  number: 1,
  title: "",
  state: "rolling",
  zeroRoomUs: asRoom(5_000_000),
  stopRoomUs: null,
};

export const welcome = (take: TakeView | null, markers: Marker[] = []): ServerMessage => ({
  type: "welcome",
  protocol: ROOM_PROTOCOL,
  participant: ME,
  role: "guest",
  room: { room: ROOM, title: "", participants: [], take, knocking: [], markers },
});

interface HandSocket {
  readonly events: RoomSocketEvents;
  readonly sent: ClientMessage[];
}

/** Sockets that the test opens and closes. */
export function handSockets() {
  const sockets: HandSocket[] = [];
  const openSocket: OpenRoomSocket = (_room, events) => {
    const sent: ClientMessage[] = [];
    sockets.push({ events, sent });
    return { send: (message) => void sent.push(message), close: () => undefined };
  };
  const newest = (): HandSocket => {
    const socket = sockets.at(-1);
    if (socket === undefined) throw new Error("no socket was opened");
    return socket;
  };
  return { sockets, openSocket, newest };
}

/** What a session tells, noted in a word or two; `other` takes the place of single ones. */
export const notedIn = (heard: string[], other: Partial<RoomSessionEvents> = {}): RoomSessionEvents => ({
  changed: () => undefined,
  take: (take) => void heard.push(`take ${take.state}`),
  takesChanged: () => void heard.push("takes-changed"),
  refused: (what) => void heard.push(`refused ${what}`),
  clock: () => undefined,
  welcomed: () => void heard.push("welcomed"),
  roleChanged: (role) => void heard.push(`role ${role}`),
  muteAsked: (by) => void heard.push(`muted by ${by}`),
  reaction: (_participant, kind) => void heard.push(kind),
  chat: (messages) => void heard.push(`chat ${messages.map((each) => each.number).join(" ")}`),
  ...other,
});
