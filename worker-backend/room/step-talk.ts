import type { CallState, ReactionKind, SfuSessionId } from "#protocol/call.ts";
import { CHAT_KEPT, type ChatEnvelope, type ChatMessage } from "#protocol/chat.ts";
import type { ParticipantId, TakeId } from "#protocol/ids.ts";
import { MAX_MARKERS, type MarkerId } from "#protocol/markers.ts";
import type { RoomMicros } from "#protocol/units.ts";
import {
  type MarkerRow,
  type Online,
  type ParticipantRow,
  type RoomState,
  type Take,
  withEntry,
} from "./room-state.ts";
import { markerView } from "./room-views.ts";
import { type Member, mayHost, memberRow } from "./seats.ts";
import {
  type Effect,
  refuse,
  type Step,
  type StepContext,
  setParticipant,
  setTake,
  stay,
  tellAll,
  tellHosts,
  tellParticipant,
} from "./step-parts.ts";

/** Sessions of the SFU that a participant has at a time: one to send, one to receive, and those of reconnects. */
export const MAX_SESSIONS = 8;

/** Of one guest in one take, so that there is always place for the host's. */
const MAX_MARKERS_OF_GUEST = MAX_MARKERS / 5;

export interface SessionEvent {
  readonly type: "session-made";
  readonly member: Member;
  readonly session: SfuSessionId;
}

/** The SFU has made a session for this participant. */
export function stepSession(state: RoomState, { member, session }: SessionEvent): Step {
  const row = memberRow(state, member);
  if (!row) return refuse(state, "token-refused");
  const taken = [...state.participants.values()].some(({ sessions }) => sessions.includes(session));
  if (taken) return row.sessions.includes(session) ? stay(state) : refuse(state, "not-yours");
  const sessions = [...row.sessions, session].slice(-MAX_SESSIONS);
  return stay(setParticipant(state, { ...row, sessions }));
}

function setOnline(state: RoomState, participant: ParticipantId, change: Partial<Online>): RoomState | null {
  const online = state.online.get(participant);
  return online ? { ...state, online: withEntry(state.online, participant, { ...online, ...change }) } : null;
}

/** What a participant publishes. Nobody can speak of a session that was not made for them. */
export function stepCall(state: RoomState, { participant, sessions }: ParticipantRow, call: CallState): Step {
  if (call.tracks.some(({ session }) => !sessions.includes(session))) return refuse(state, "not-there");
  const next = setOnline(state, participant, { call });
  return next ? stay(next, tellParticipant(next, participant)) : stay(state);
}

export function stepHand(state: RoomState, participant: ParticipantId, up: boolean, { nowMs }: StepContext): Step {
  const handMs = state.online.get(participant)?.handMs ?? null;
  if (up === (handMs !== null)) return stay(state);
  const next = setOnline(state, participant, { handMs: up ? nowMs : null });
  return next ? stay(next, tellAll(next, participant)) : stay(state);
}

export function stepReact(state: RoomState, participant: ParticipantId, kind: ReactionKind): Step {
  return stay(state, [{ type: "broadcast", message: { type: "reaction", participant, kind } }]);
}

/** Kept and relayed as it is: what it says, the server cannot read. */
export function stepChat(state: RoomState, row: ParticipantRow, envelope: ChatEnvelope, { nowMs }: StepContext): Step {
  const { participant: from, name } = row;
  const known = state.chat.find(
    (one) => one.from === from && one.envelope.session === envelope.session && one.envelope.seq === envelope.seq,
  );
  // Sent again, since the answer was lost: only the sender need hear it, and one place is enough.
  if (known) return stay(state, [{ type: "send", to: from, message: { type: "chat", message: known } }]);
  const number = (state.chat.at(-1)?.number ?? 0) + 1;
  const message: ChatMessage = { from, name, atMs: nowMs, number, envelope };
  const chat = [...state.chat, message].slice(-CHAT_KEPT);
  return stay({ ...state, chat }, [{ type: "broadcast", message: { type: "chat", message } }]);
}

export interface NewMarker {
  readonly marker: MarkerId;
  readonly take: TakeId;
  readonly atRoomUs: RoomMicros;
  readonly text: string;
}

export function stepMarker(state: RoomState, by: ParticipantRow, asked: NewMarker, { nowMs }: StepContext): Step {
  const take = state.takes.get(asked.take);
  if (!take || take.row.alone || take.row.zeroRoomUs === null) return refuse(state, "unknown-take");
  const known = take.markers.get(asked.marker);
  // The answer was lost: whoever has set it hears it again, and nothing changes.
  if (known) return known.by === by.participant ? stay(state, [tellBack(known)]) : refuse(state, "other-description");
  const own = [...take.markers.values()].filter((row) => row.by === by.participant).length;
  if (take.markers.size >= MAX_MARKERS || (!mayHost(by) && own >= MAX_MARKERS_OF_GUEST)) {
    return refuse(state, "too-many");
  }
  const { marker, text } = asked;
  const atUs = withinTake(take, take.row.zeroRoomUs, asked.atRoomUs, nowMs);
  const row: MarkerRow = { marker, take: asked.take, by: by.participant, atUs, text, private: mayHost(by) };
  const next = setTake(state, { ...take, markers: withEntry(take.markers, marker, row) });
  const message = { type: "marker", marker: markerView(row) } as const;
  return stay(next, row.private ? tellHosts(next, message) : [{ type: "broadcast", message }]);
}

const tellBack = (row: MarkerRow): Effect => ({
  type: "send",
  to: row.by,
  message: { type: "marker", marker: markerView(row) },
});

/** µs since the zero; not before it, not after Stop, and not in the future. */
function withinTake({ row }: Take, zeroRoomUs: number, atRoomUs: number, nowMs: number): number {
  const endUs = (row.stopRoomUs ?? nowMs * 1000) - zeroRoomUs;
  return Math.max(0, Math.min(atRoomUs - zeroRoomUs, endUs));
}
