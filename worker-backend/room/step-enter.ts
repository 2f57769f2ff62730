import type { ChatMessage } from "#protocol/chat.ts";
import type { ParticipantId } from "#protocol/ids.ts";
import { MAX_MESSAGE_BYTES, ROOM_PROTOCOL } from "#protocol/room-messages.ts";
import { utf8 } from "../auth/bytes.ts";
import { type ParticipantRow, type RoomState, type Take, withEntry } from "./room-state.ts";
import { roomView } from "./room-views.ts";
import {
  changeTake,
  type Effect,
  type Step,
  type StepContext,
  setParticipant,
  stay,
  tellParticipant,
} from "./step-parts.ts";

/** A hand stays up over a blip of the network, not over a break: one minute. */
const HAND_KEPT_MS = 60_000;

const MAX_PACK = 20;
/** Less than a whole message, for the frame around the pack. */
const MAX_PACK_BYTES = MAX_MESSAGE_BYTES - 1024;

/** An admitted participant has a socket from now on: it is welcomed, awaited in a rolling take, and told to the others. */
export function enter(state: RoomState, row: ParticipantRow, { nowMs }: StepContext): Step {
  const { participant } = row;
  const before = state.online.get(participant);
  const lastHandMs = nowMs - row.seenMs < HAND_KEPT_MS ? row.handMs : null;
  const seated = setParticipant(state, {
    ...row,
    admission: "admitted",
    knock: null,
    met: true,
    left: false,
    seenMs: nowMs,
    handMs: null,
  });
  const online = {
    seenMs: nowMs,
    status: before ? before.status : row.status,
    call: before?.call ?? null,
    handMs: before ? before.handMs : lastHandMs,
  };
  const next = expectInRollingTakes({ ...seated, online: withEntry(seated.online, participant, online) }, row);
  return stay(next, [
    {
      type: "send",
      to: participant,
      message: {
        type: "welcome",
        protocol: ROOM_PROTOCOL,
        participant,
        role: row.role,
        room: roomView(next, row, nowMs),
      },
    },
    ...history(next, participant),
    ...tellParticipant(next, participant),
  ]);
}

/** Whoever is connected while a take rolls is waited for. */
function expectInRollingTakes(state: RoomState, { role, participant }: ParticipantRow): RoomState {
  if (role === "viewer") return state;
  const rolling = [...state.takes.values()].filter(
    ({ row }) => !row.alone && row.state === "rolling" && !row.expected.includes(participant),
  );
  return rolling.reduce(
    (next, take: Take) => changeTake(next, take, { expected: [...take.row.expected, participant] }),
    state,
  );
}

/** What was said before, in as few messages as their limit allows. */
function history(state: RoomState, to: ParticipantId): readonly Effect[] {
  const packs: ChatMessage[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const message of state.chat) {
    const size = utf8(JSON.stringify(message)).byteLength + 1;
    const pack = packs.at(-1);
    if (pack && pack.length < MAX_PACK && bytes + size <= MAX_PACK_BYTES) {
      pack.push(message);
      bytes += size;
    } else {
      packs.push([message]);
      bytes = size;
    }
  }
  return packs.map((messages) => ({ type: "send", to, message: { type: "chat-history", messages } }));
}
