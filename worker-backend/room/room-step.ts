import type { EditorLinkId, TakeId } from "#protocol/ids.ts";
import { type LinkRow, type RoomState, isSettled, type Take, without, withEntry } from "./room-state.ts";
import {
  type DemuxEvent,
  isOpen,
  type JobEvent,
  queueWhenComplete,
  runDueJob,
  stepDemux,
  stepJob,
} from "./step-jobs.ts";
import {
  type ConnectedEvent,
  type DisconnectedEvent,
  type JoinEvent,
  type RenewEvent,
  stepConnected,
  stepDisconnected,
  stepJoin,
  stepRenew,
} from "./step-members.ts";
import { type MessageEvent, stepMessage } from "./step-message.ts";
import { changeTake, type Effect, refuse, type Step, type StepContext, stay } from "./step-parts.ts";
import {
  absent,
  type DeclareTakeEvent,
  type DeclareTrackEvent,
  deleteTake,
  type EpochEvent,
  endTake,
  type SealEvent,
  stepDeclareTake,
  stepDeclareTrack,
  stepEpoch,
  stepPurged,
  stepSeal,
} from "./step-takes.ts";
import { type SessionEvent, stepSession } from "./step-talk.ts";
import { endKnocks, type InviteEvent, knockEndsMs, stepInvite, sweepInvites, tellWaiting } from "./step-waiting.ts";

export type RoomEvent =
  | JoinEvent
  | RenewEvent
  | ConnectedEvent
  | DisconnectedEvent
  | MessageEvent
  | DeclareTakeEvent
  | DeclareTrackEvent
  | EpochEvent
  | SealEvent
  | DemuxEvent
  | JobEvent
  | InviteEvent
  | SessionEvent
  | { readonly type: "delete-take"; readonly take: TakeId }
  | { readonly type: "add-link"; readonly link: LinkRow }
  | { readonly type: "revoke-link"; readonly link: EditorLinkId }
  | { readonly type: "purged"; readonly prefix: string }
  | { readonly type: "purge-failed"; readonly prefix: string }
  /** Time has passed. */
  | { readonly type: "tick" };

const MAX_LINKS = 100;
const PURGE_RETRY_MS = 60_000;

/** A room without takes is kept for those who have its link: 90 days after somebody was last seen in it. */
export const ROOM_KEPT_MS = 90 * 86_400_000;

/**
 * A take that nobody records any more ends by itself this long after its last track was sealed: time for a page that was
 * reloaded to say that it goes on. Takes recorded alone end at once.
 */
export const END_GRACE_MS = 10_000;

/**
 * The room, pure: what an event makes of it. Besides the event itself, everything that is due at `context.nowMs` happens: takes
 * end, jobs are queued and dispatched, what has expired is deleted.
 */
export function stepRoom(state: RoomState, event: RoomEvent, context: StepContext): Step {
  const asked = stepEvent(state, event, context);
  if (asked.refusal) return asked;
  const settled = settle(asked.state, context);
  const waiting = tellWaiting(state, settled.state);
  return { ...settled, effects: [...asked.effects, ...settled.effects, ...waiting] };
}

function stepEvent(state: RoomState, event: RoomEvent, context: StepContext): Step {
  switch (event.type) {
    case "join":
      return stepJoin(state, event, context);
    case "renew":
      return stepRenew(state, event);
    case "add-invite":
      return stepInvite(state, event, context);
    case "session-made":
      return stepSession(state, event);
    case "connected":
      return stepConnected(state, event, context);
    case "disconnected":
      return stepDisconnected(state, event, context);
    case "message":
      return stepMessage(state, event, context);
    case "declare-take":
      return stepDeclareTake(state, event, context);
    case "declare-track":
      return stepDeclareTrack(state, event, context);
    case "epoch-committed":
      return stepEpoch(state, event, context);
    case "seal":
      return stepSeal(state, event, context);
    case "demux":
      return stepDemux(state, event, context);
    case "job":
      return stepJob(state, event, context);
    case "delete-take": {
      const take = state.takes.get(event.take);
      return take ? deleteTake(state, take, context.nowMs) : refuse(state, absent(state, event.take));
    }
    case "add-link":
      if (state.links.size >= MAX_LINKS) return refuse(state, "too-many");
      return stay({ ...state, links: withEntry(state.links, event.link.link, event.link) });
    case "revoke-link":
      if (!state.links.has(event.link)) return refuse(state, "not-found");
      return stay({ ...state, links: without(state.links, event.link) });
    case "purged":
      return stepPurged(state, event.prefix, context);
    case "purge-failed": {
      const purge = state.purges.get(event.prefix);
      if (!purge) return stay(state);
      const later = { ...purge, dueMs: context.nowMs + PURGE_RETRY_MS };
      return stay({ ...state, purges: withEntry(state.purges, event.prefix, later) });
    }
    case "tick":
      return stay(state);
  }
}

/** Everything that is due now. */
function settle(state: RoomState, context: StepContext): Step {
  let next = state;
  const effects: Effect[] = [];
  const apply = (id: TakeId, step: (state: RoomState, take: Take) => Step) => {
    const take = next.takes.get(id);
    if (!take) return;
    const done = step(next, take);
    next = done.state;
    effects.push(...done.effects);
  };
  for (const id of state.takes.keys()) {
    apply(id, (now, take) =>
      expiresMs(take, context) <= context.nowMs ? deleteTake(now, take, context.nowMs) : stay(now),
    );
    apply(id, (now, take) => endWhenOver(now, take, context));
    apply(id, (now, take) => queueWhenComplete(now, take, context));
    apply(id, (now, take) => runDueJob(now, take, context));
  }
  for (const link of state.links.values()) {
    if (link.expiresMs <= context.nowMs) next = { ...next, links: without(next.links, link.link) };
  }
  next = sweepInvites(next, context.nowMs);
  const knocks = endKnocks(next, context);
  next = knocks.state;
  effects.push(...knocks.effects);
  if (abandonedMs(next) <= context.nowMs) effects.push({ type: "erase" });
  return stay(next, effects);
}

/** When a room without takes, that nobody is in, goes itself; never for any other. */
function abandonedMs(state: RoomState): number {
  if (state.takes.size > 0 || state.online.size > 0) return Number.POSITIVE_INFINITY;
  const seen = [...state.participants.values()].map((row) => row.seenMs);
  return Math.max(state.meta.createdMs, ...seen) + ROOM_KEPT_MS;
}

const expiresMs = (take: Take, { retentionMs }: StepContext): number => take.row.touchedMs + retentionMs;

/** See docs/adr/0002: everything declared is settled and nobody who is connected says that they record it. */
function isOver(state: RoomState, take: Take): boolean {
  const tracks = [...take.tracks.values()];
  if (tracks.length === 0 || tracks.some((track) => !isSettled(take, track))) return false;
  return ![...state.online.values()].some(
    ({ status }) =>
      status?.take === take.row.take && (status.recording === "recording" || status.recording === "starting"),
  );
}

function endWhenOver(state: RoomState, take: Take, { nowMs }: StepContext): Step {
  if (take.row.state !== "rolling") return stay(state);
  const { endDueMs } = take.row;
  if (!isOver(state, take)) return endDueMs === null ? stay(state) : stay(changeTake(state, take, { endDueMs: null }));
  if (take.row.alone || (endDueMs !== null && endDueMs <= nowMs)) return endTake(state, take, nowMs);
  return endDueMs === null ? stay(changeTake(state, take, { endDueMs: nowMs + END_GRACE_MS })) : stay(state);
}

/** When something is due next, ms since the Unix epoch; `null`: never. */
export function nextDueMs(state: RoomState, retentionMs: number): number | null {
  let due = abandonedMs(state);
  for (const { row } of state.takes.values()) {
    due = Math.min(due, row.touchedMs + retentionMs, row.endDueMs ?? due, isOpen(row.job) ? row.job.dueMs : due);
  }
  for (const link of state.links.values()) due = Math.min(due, link.expiresMs);
  for (const invite of state.invites.values()) due = Math.min(due, invite.expiresMs);
  for (const row of state.participants.values()) due = Math.min(due, knockEndsMs(row));
  for (const purge of state.purges.values()) due = Math.min(due, purge.dueMs);
  return Number.isFinite(due) ? due : null;
}
