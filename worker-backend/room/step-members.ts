import { MAX_PARTICIPANTS } from "#protocol/http-api.ts";
import type { ParticipantId, Sha256 } from "#protocol/ids.ts";
import type { DeviceStatus } from "#protocol/room-messages.ts";
import { type Online, type ParticipantRow, type RoomState, without, withEntry } from "./room-state.ts";
import { isFull, isWaiting, type Member, memberRow } from "./seats.ts";
import { enter } from "./step-enter.ts";
import { refuse, type Step, type StepContext, setParticipant, stay, tellParticipant } from "./step-parts.ts";
import { makeRoomToWait, stepKnock, stepKnockGone, tellKnock, withdraw } from "./step-waiting.ts";

export interface JoinEvent {
  readonly type: "join";
  readonly participant: ParticipantId;
  readonly name: string;
  readonly refreshHash: ParticipantRow["refreshHash"];
  /** Hash of the host secret that was shown; `null` for guests. */
  readonly hostHash: string | null;
  /** Hash of the one-time link that was shown. */
  readonly inviteHash: Sha256 | null;
}

/** A new seat: the host's, one past the waiting room by a one-time link, or one in the waiting room. */
export function stepJoin(state: RoomState, event: JoinEvent, context: StepContext): Step {
  const host = event.hostHash !== null;
  // Hashes of random secrets: how long they take to compare tells nothing about a secret.
  if (host && event.hostHash !== state.meta.hostHash) return refuse(state, "host-secret-wrong");
  const invite = host || event.inviteHash === null ? null : event.inviteHash;
  const expiresMs = invite === null ? Number.POSITIVE_INFINITY : (state.invites.get(invite)?.expiresMs ?? 0);
  if (expiresMs <= context.nowMs) return refuse(state, "invite-used");
  // Guests must not be able to lock the host out.
  if (!host && isFull(state, context.nowMs)) return refuse(state, "room-full");
  const waits = !host && invite === null;
  const before = waits ? makeRoomToWait(state, context.nowMs) : state;
  if (!before) return refuse(state, "room-full");
  const redeemed = invite === null ? before : { ...before, invites: without(before.invites, invite) };
  return stay(
    setParticipant(redeemed, {
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
      admission: waits ? "waiting" : "admitted",
      knock: null,
      removed: false,
      sessions: [],
      handMs: null,
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
  if (row?.refreshHash !== event.refreshHash || row.removed) return refuse(state, "refresh-refused");
  if (event.name === null || event.name === row.name) return stay(state);
  const renamed = setParticipant(state, { ...row, name: event.name });
  if (isWaiting(row)) return stay(renamed, tellKnock(renamed, event.participant));
  return stay(renamed, state.online.has(event.participant) ? tellParticipant(renamed, event.participant) : []);
}

export interface ConnectedEvent {
  readonly type: "connected";
  readonly member: Member;
}

/** A socket has shown a good token. */
export function stepConnected(state: RoomState, { member }: ConnectedEvent, context: StepContext): Step {
  const row = memberRow(state, member);
  if (!row) return refuse(state, "token-refused");
  if (isWaiting(row)) return stepKnock(state, row, context);
  const others = state.online.size - (state.online.has(member.participant) ? 1 : 0);
  if (others >= MAX_PARTICIPANTS && row.role !== "host") return refuse(state, "room-full");
  return enter(state, row, context);
}

export interface DisconnectedEvent {
  readonly type: "disconnected";
  readonly participant: ParticipantId;
}

export function stepDisconnected(state: RoomState, { participant }: DisconnectedEvent, context: StepContext): Step {
  const row = state.participants.get(participant);
  if (row && isWaiting(row)) return stepKnockGone(state, row, context);
  const online = state.online.get(participant);
  if (!row || !online) return stay(state);
  const next = gone(state, row, online, context);
  return stay(next, row.left ? [] : tellParticipant(next, participant));
}

/** Not connected any more; what it said last stays in its row, but for its part in the call. */
export function gone(
  state: RoomState,
  row: ParticipantRow,
  online: Online | undefined,
  { nowMs }: StepContext,
  change: Partial<ParticipantRow> = {},
): RoomState {
  const offline = online ? { ...state, online: without(state.online, row.participant) } : state;
  const last = online ? { seenMs: nowMs, status: online.status, handMs: online.handMs } : {};
  return setParticipant(offline, { ...row, ...last, ...change });
}

/** `leave`: on purpose, so the others need not look for this participant any more. */
export function stepLeave(state: RoomState, participant: ParticipantId, context: StepContext): Step {
  const row = state.participants.get(participant);
  if (!row) return stay(state);
  if (isWaiting(row)) return withdraw(state, row);
  const online = state.online.get(participant);
  const change = { left: true, seenMs: context.nowMs, handMs: null, sessions: [] };
  return stay(gone(state, row, online, context, change), [
    { type: "broadcast", message: { type: "participant-left", participant }, except: participant },
  ]);
}

export function stepStatus(
  state: RoomState,
  participant: ParticipantId,
  status: DeviceStatus,
  { nowMs }: StepContext,
): Step {
  const online = state.online.get(participant);
  if (!online) return stay(state);
  const next = { ...state, online: withEntry(state.online, participant, { ...online, seenMs: nowMs, status }) };
  return stay(next, tellParticipant(next, participant));
}
