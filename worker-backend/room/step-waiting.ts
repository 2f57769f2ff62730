import { INVITE_LIFETIME_MS } from "#protocol/http-api.ts";
import type { ParticipantId, Sha256 } from "#protocol/ids.ts";
import { CLOSE, ROOM_PROTOCOL } from "#protocol/room-messages.ts";
import { type ParticipantRow, type RoomState, without, withEntry } from "./room-state.ts";
import { knockerOf } from "./room-views.ts";
import { isFull, isWaiting, type Member, mayHost } from "./seats.ts";
import { enter } from "./step-enter.ts";
import { type Effect, refuse, type Step, type StepContext, setParticipant, stay, tellHosts } from "./step-parts.ts";

/** People who wait at a time. */
export const MAX_WAITING = 50;

/** A knocker whose socket is gone is listed this much longer: as long as a page needs to connect anew. */
export const KNOCK_GONE_MS = 10_000;

/** A seat in the waiting room whose owner was not heard of is kept this long, unless somebody else needs the place. */
const WAITING_KEPT_MS = 10 * 60_000;
const WAITING_SAFE_MS = 60_000;

/** One-time links that nobody has used yet. */
export const MAX_INVITES = 100;

/** Tells the hosts who knocks, and how they are called now. */
export function tellKnock(state: RoomState, participant: ParticipantId): readonly Effect[] {
  const row = state.participants.get(participant);
  const knocker = row && knockerOf(row);
  return knocker ? tellHosts(state, { type: "knock", knocker }) : [];
}

const knockEnded = (state: RoomState, participant: ParticipantId): readonly Effect[] =>
  tellHosts(state, { type: "knock-ended", participant });

/** Who can let people in, by name: the host, else a co-host; `null` while neither is connected. */
export function hostNameOf(state: RoomState): string | null {
  const hosts = [...state.online.keys()].flatMap((id) => state.participants.get(id) ?? []).filter(mayHost);
  return (hosts.find(({ role }) => role === "host") ?? hosts[0])?.name ?? null;
}

function waitingMessage(state: RoomState, { participant }: ParticipantRow): Effect {
  const { title } = state.meta;
  const hostName = hostNameOf(state);
  return {
    type: "send",
    to: participant,
    message: { type: "waiting", protocol: ROOM_PROTOCOL, participant, title, hostName },
  };
}

/** Those who wait hear of nothing but who can let them in. */
export function tellWaiting(before: RoomState, after: RoomState): readonly Effect[] {
  // Whoever connects, goes, or is called otherwise has another row.
  if (before.participants === after.participants) return [];
  if (hostNameOf(before) === hostNameOf(after)) return [];
  return [...after.participants.values()]
    .filter((row) => isWaiting(row) && row.knock?.goneMs === null)
    .map((row) => waitingMessage(after, row));
}

/**
 * Makes place in the waiting room for one more: seats whose owners were not heard of for long go; when there are too many, the
 * one that was not heard of for longest.
 * @returns `null` when everybody in it is still there
 */
export function makeRoomToWait(state: RoomState, nowMs: number): RoomState | null {
  const waiting = [...state.participants.values()].filter(isWaiting);
  const absent = waiting
    .filter((row) => row.knock?.goneMs !== null && nowMs - row.seenMs > WAITING_SAFE_MS)
    .sort((a, b) => a.seenMs - b.seenMs);
  const stale = absent.filter((row) => nowMs - row.seenMs > WAITING_KEPT_MS);
  const excess = waiting.length - stale.length >= MAX_WAITING ? absent.slice(stale.length, stale.length + 1) : [];
  if (waiting.length - stale.length - excess.length >= MAX_WAITING) return null;
  let { participants } = state;
  for (const row of [...stale, ...excess]) participants = without(participants, row.participant);
  return { ...state, participants };
}

/** Somebody in the waiting room has a socket. */
export function stepKnock(state: RoomState, row: ParticipantRow, { nowMs }: StepContext): Step {
  const sinceMs = row.knock?.sinceMs ?? nowMs;
  const waiting = { ...row, seenMs: nowMs, knock: { sinceMs, goneMs: null } };
  const next = setParticipant(state, waiting);
  return stay(next, [waitingMessage(next, waiting), ...(row.knock ? [] : tellKnock(next, row.participant))]);
}

export function stepKnockGone(state: RoomState, row: ParticipantRow, { nowMs }: StepContext): Step {
  if (!row.knock || row.knock.goneMs !== null) return stay(state);
  return stay(setParticipant(state, { ...row, seenMs: nowMs, knock: { ...row.knock, goneMs: nowMs } }));
}

/** When a knock that nobody stands behind any more ends; never for any other row. */
export function knockEndsMs({ knock }: ParticipantRow): number {
  return knock?.goneMs == null ? Number.POSITIVE_INFINITY : knock.goneMs + KNOCK_GONE_MS;
}

/** Knocks that nobody stands behind any more. */
export function endKnocks(state: RoomState, { nowMs }: StepContext): Step {
  let next = state;
  for (const row of state.participants.values()) {
    if (knockEndsMs(row) <= nowMs) next = setParticipant(next, { ...row, knock: null });
  }
  if (next === state) return stay(state);
  const over = [...state.participants.keys()].filter((id) => state.participants.get(id) !== next.participants.get(id));
  return stay(
    next,
    over.flatMap((participant) => knockEnded(next, participant)),
  );
}

/** Leaves the waiting room: the seat is gone. */
export function withdraw(state: RoomState, { participant, knock }: ParticipantRow): Step {
  const next = { ...state, participants: without(state.participants, participant) };
  return stay(next, knock ? knockEnded(next, participant) : []);
}

export function stepAdmit(state: RoomState, participant: ParticipantId, context: StepContext): Step {
  const row = state.participants.get(participant);
  if (!row || row.removed) return refuse(state, "not-there");
  // Two hosts at the same moment.
  if (!isWaiting(row)) return stay(state);
  if (isFull(state, context.nowMs)) return refuse(state, "room-full");
  const admitted: ParticipantRow = { ...row, admission: "admitted", knock: null };
  const entered = row.knock?.goneMs === null ? enter(state, admitted, context) : stay(setParticipant(state, admitted));
  return stay(entered.state, [...entered.effects, ...knockEnded(state, participant)]);
}

export function stepDeny(state: RoomState, participant: ParticipantId): Step {
  const row = state.participants.get(participant);
  if (!row || !isWaiting(row)) return refuse(state, "not-there");
  const { state: next, effects } = withdraw(state, row);
  return stay(next, [{ type: "close", participant, code: CLOSE.denied, why: "not let in" }, ...effects]);
}

export interface InviteEvent {
  readonly type: "add-invite";
  readonly member: Member;
  readonly hash: Sha256;
}

export function stepInvite(state: RoomState, { member, hash }: InviteEvent, { nowMs }: StepContext): Step {
  if (state.invites.size >= MAX_INVITES) return refuse(state, "too-many");
  const row = { hash, by: member.participant, createdMs: nowMs, expiresMs: nowMs + INVITE_LIFETIME_MS };
  return stay({ ...state, invites: withEntry(state.invites, hash, row) });
}

/** One-time links that nobody has used in time. */
export function sweepInvites(state: RoomState, nowMs: number): RoomState {
  let next = state;
  for (const { hash, expiresMs } of state.invites.values()) {
    if (expiresMs <= nowMs) next = { ...next, invites: without(next.invites, hash) };
  }
  return next;
}
