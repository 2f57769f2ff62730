import { MAX_PARTICIPANTS } from "#protocol/http-api.ts";
import type { ParticipantId, Role } from "#protocol/ids.ts";
import type { DeviceStatus } from "#protocol/room-messages.ts";
import { type ParticipantRow, type RoomState, type Take, without, withEntry } from "./room-state.ts";
import { roomView } from "./room-views.ts";
import {
  changeTake,
  refuse,
  type Step,
  type StepContext,
  setParticipant,
  stay,
  tellParticipant,
} from "./step-parts.ts";

/** A seat that was taken or last used this recently counts as taken, connected or not: 10 minutes. */
export const SEAT_HELD_MS = 10 * 60_000;

/** Seats that a room remembers at all. */
const MAX_SEATS = 1000;

export interface JoinEvent {
  readonly type: "join";
  readonly participant: ParticipantId;
  readonly name: string;
  readonly refreshHash: ParticipantRow["refreshHash"];
  /** Hash of the host secret that was shown; `null` for guests. */
  readonly hostHash: string | null;
}

/** Who says something, from a verified token. */
export interface Member {
  readonly participant: ParticipantId;
  readonly role: Role;
  readonly version: number;
}

/** The seat that a token was made for, if it still holds. */
export function memberRow(state: RoomState, member: Member): ParticipantRow | null {
  const row = state.participants.get(member.participant);
  return row && row.version === member.version && row.role === member.role ? row : null;
}

/** Whether there is no seat for one more guest. */
export function isFull(state: RoomState, nowMs: number): boolean {
  const held = [...state.participants.values()].filter(
    (row) => state.online.has(row.participant) || (!row.left && nowMs - row.seenMs < SEAT_HELD_MS),
  );
  return held.length >= MAX_PARTICIPANTS || state.participants.size >= MAX_SEATS;
}

export function stepJoin(state: RoomState, event: JoinEvent, context: StepContext): Step {
  const host = event.hostHash !== null;
  // Hashes of random secrets: how long they take to compare tells nothing about a secret.
  if (host && event.hostHash !== state.meta.hostHash) return refuse(state, "host-secret-wrong");
  // Guests must not be able to lock the host out.
  if (!host && isFull(state, context.nowMs)) return refuse(state, "room-full");
  return stay(
    setParticipant(state, {
      participant: event.participant,
      name: event.name,
      role: host ? "host" : "guest",
      version: 1,
      refreshHash: event.refreshHash,
      joinedMs: context.nowMs,
      seenMs: context.nowMs,
      met: false,
      left: false,
      status: null,
    }),
  );
}

export interface RenewEvent {
  readonly type: "renew";
  readonly participant: ParticipantId;
  readonly refreshHash: string;
  readonly name: string | null;
}

export function stepRenew(state: RoomState, event: RenewEvent): Step {
  const row = state.participants.get(event.participant);
  if (row?.refreshHash !== event.refreshHash) return refuse(state, "refresh-refused");
  if (event.name === null || event.name === row.name) return stay(state);
  const renamed = setParticipant(state, { ...row, name: event.name });
  return stay(renamed, state.online.has(event.participant) ? tellParticipant(renamed, event.participant) : []);
}

export interface ConnectedEvent {
  readonly type: "connected";
  readonly member: Member;
}

/** A socket has shown a good token. */
export function stepConnected(state: RoomState, { member }: ConnectedEvent, { nowMs }: StepContext): Step {
  const row = memberRow(state, member);
  if (!row) return refuse(state, "token-refused");
  const others = state.online.size - (state.online.has(member.participant) ? 1 : 0);
  if (others >= MAX_PARTICIPANTS && member.role !== "host") return refuse(state, "room-full");
  const seated = setParticipant(state, { ...row, met: true, left: false, seenMs: nowMs });
  const connected = {
    ...seated,
    online: withEntry(seated.online, member.participant, { seenMs: nowMs, status: row.status }),
  };
  const next = expectInRollingTakes(connected, member);
  return stay(next, [
    {
      type: "send",
      to: member.participant,
      message: {
        type: "welcome",
        protocol: 1,
        participant: member.participant,
        role: member.role,
        room: roomView(next, nowMs),
      },
    },
    ...tellParticipant(next, member.participant),
  ]);
}

/** Whoever is connected while a take rolls is waited for. */
function expectInRollingTakes(state: RoomState, member: Member): RoomState {
  if (member.role === "viewer") return state;
  const rolling = [...state.takes.values()].filter(
    ({ row }) => !row.alone && row.state === "rolling" && !row.expected.includes(member.participant),
  );
  return rolling.reduce(
    (next, take: Take) => changeTake(next, take, { expected: [...take.row.expected, member.participant] }),
    state,
  );
}

export interface DisconnectedEvent {
  readonly type: "disconnected";
  readonly participant: ParticipantId;
}

export function stepDisconnected(state: RoomState, { participant }: DisconnectedEvent, { nowMs }: StepContext): Step {
  const row = state.participants.get(participant);
  const online = state.online.get(participant);
  if (!row || !online) return stay(state);
  const offline = { ...state, online: without(state.online, participant) };
  const next = setParticipant(offline, { ...row, seenMs: nowMs, status: online.status });
  return stay(next, row.left ? [] : tellParticipant(next, participant));
}

/** `leave`: on purpose, so the others need not look for this participant any more. */
export function stepLeave(state: RoomState, participant: ParticipantId, { nowMs }: StepContext): Step {
  const row = state.participants.get(participant);
  if (!row) return stay(state);
  const status = state.online.get(participant)?.status ?? row.status;
  const offline = { ...state, online: without(state.online, participant) };
  return stay(setParticipant(offline, { ...row, left: true, seenMs: nowMs, status }), [
    { type: "broadcast", message: { type: "participant-left", participant }, except: participant },
  ]);
}

export function stepStatus(
  state: RoomState,
  participant: ParticipantId,
  status: DeviceStatus,
  { nowMs }: StepContext,
): Step {
  if (!state.online.has(participant)) return stay(state);
  const next = { ...state, online: withEntry(state.online, participant, { seenMs: nowMs, status }) };
  return stay(next, tellParticipant(next, participant));
}
