import type { DeclareTake, DeclareTrack } from "#protocol/http-api.ts";
import type { ParticipantId, Sha256, TakeId, TrackId } from "#protocol/ids.ts";
import { START_LEAD_MS } from "#protocol/room-messages.ts";
import { takePrefix } from "../r2/keys.ts";
import {
  newestTake,
  type RoomState,
  type Take,
  type TakeRow,
  type Track,
  type TrackRow,
  type TrackSeal,
  without,
  withEntry,
} from "./room-state.ts";
import { takeView } from "./room-views.ts";
import { type Member, mayHost } from "./seats.ts";
import {
  changeTake,
  type Effect,
  refuse,
  type Step,
  type StepContext,
  setTake,
  stay,
  TAKES_CHANGED,
} from "./step-parts.ts";

/** Beyond any real room, so that a stolen token cannot fill the store. */
const MAX_TAKES = 1000;
const MAX_TRACKS = 500;

/** `touchedMs` is stored at most this often. */
const TOUCH_EVERY_MS = 3_600_000;

/** After a deletion the bucket is looked at again, for an upload that was on its way: 15 minutes. */
const PURGE_AGAIN_MS = 15 * 60_000;

/** Why a take is not there. */
export const absent = (state: RoomState, take: TakeId): "take-deleted" | "unknown-take" =>
  state.gone.has(take) ? "take-deleted" : "unknown-take";

function blankTake(take: TakeId, nowMs: number): TakeRow {
  return {
    take,
    number: 0,
    title: "",
    alone: false,
    state: "rolling",
    startedMs: nowMs,
    zeroRoomUs: null,
    stopRoomUs: null,
    endDueMs: null,
    touchedMs: nowMs,
    expected: [],
    excused: [],
    dropped: [],
    job: null,
    delivered: null,
  };
}

const tellTake = (take: Take): Effect => ({ type: "broadcast", message: { type: "take", take: takeView(take) } });

/** Host over the socket. A refusal names the reason of the `refused` message. */
export function stepStartTake(state: RoomState, take: TakeId, title: string, { nowMs }: StepContext): Step {
  const known = state.takes.get(take);
  // Said again after a reconnect.
  if (known?.row.state === "rolling" && !known.row.alone) return stay(state, [tellTake(known)]);
  const newest = newestTake(state);
  if (newest?.row.state === "rolling") return refuse(state, "take-rolling");
  if (known || state.gone.has(take)) return refuse(state, absent(state, take));
  if (state.takes.size >= MAX_TAKES) return refuse(state, "too-many");
  const present = [...state.online.keys()].filter((id) => state.participants.get(id)?.role !== "viewer");
  const started: Take = {
    row: {
      ...blankTake(take, nowMs),
      number: (newest?.row.number ?? 0) + 1,
      title,
      startedMs: nowMs + START_LEAD_MS,
      zeroRoomUs: (nowMs + START_LEAD_MS) * 1000,
      expected: present,
    },
    tracks: new Map(),
    markers: new Map(),
  };
  return stay(setTake(state, started), [tellTake(started), TAKES_CHANGED]);
}

export function stepStopTake(state: RoomState, take: TakeId, { nowMs }: StepContext): Step {
  const known = state.takes.get(take);
  if (!known || known.row.alone) return refuse(state, "unknown-take");
  if (known.row.state === "stopped") return stay(state, [tellTake(known)]);
  return endTake(state, known, nowMs);
}

/** The take is over, by Stop or by itself. */
export function endTake(state: RoomState, take: Take, nowMs: number): Step {
  const next = changeTake(state, take, { state: "stopped", stopRoomUs: nowMs * 1000, endDueMs: null });
  const ended = next.takes.get(take.row.take);
  return stay(next, ended && !take.row.alone ? [tellTake(ended), TAKES_CHANGED] : [TAKES_CHANGED]);
}

export function stepNotRecording(state: RoomState, take: TakeId, participant: ParticipantId): Step {
  const known = state.takes.get(take);
  if (!known) return refuse(state, "unknown-take");
  if (known.row.excused.includes(participant)) return stay(state);
  return stay(changeTake(state, known, { excused: [...known.row.excused, participant] }), [TAKES_CHANGED]);
}

export interface DeclareTakeEvent {
  readonly type: "declare-take";
  readonly take: TakeId;
  readonly member: Member;
  readonly body: Required<DeclareTake>;
}

/**
 * Over HTTP. A take that the room has started is known already; one that it has not was recorded without the room, and only a
 * host may bring it.
 */
export function stepDeclareTake(state: RoomState, event: DeclareTakeEvent, { nowMs }: StepContext): Step {
  if (state.gone.has(event.take)) return refuse(state, "take-deleted");
  if (state.takes.has(event.take)) return stay(state);
  if (!mayHost(event.member)) return refuse(state, "not-host");
  if (state.takes.size >= MAX_TAKES) return refuse(state, "too-many");
  const row = {
    ...blankTake(event.take, nowMs),
    alone: true,
    title: event.body.title,
    startedMs: event.body.startedMs,
  };
  return stay(setTake(state, { row, tracks: new Map(), markers: new Map() }), [TAKES_CHANGED]);
}

export interface DeclareTrackEvent {
  readonly type: "declare-track";
  readonly take: TakeId;
  readonly track: TrackId;
  readonly member: Member;
  readonly body: DeclareTrack;
}

export function stepDeclareTrack(state: RoomState, event: DeclareTrackEvent, { nowMs }: StepContext): Step {
  const take = state.takes.get(event.take);
  if (!take) return refuse(state, absent(state, event.take));
  if (event.member.role === "viewer") return refuse(state, "not-yours");
  const known = take.tracks.get(event.track);
  if (known) {
    if (known.row.participant !== event.member.participant) return refuse(state, "not-yours");
    const same = known.row.source === event.body.source && known.row.label === event.body.label;
    return same ? stay(state) : refuse(state, "other-description");
  }
  if (take.tracks.size >= MAX_TRACKS) return refuse(state, "too-many");
  const row: TrackRow = {
    take: event.take,
    track: event.track,
    participant: event.member.participant,
    source: event.body.source,
    label: event.body.label,
    declaredMs: nowMs,
    seal: null,
  };
  return stay(touch(setTrack(state, take, { row, epochs: 0, bytes: 0 }), event.take, nowMs), [TAKES_CHANGED]);
}

function setTrack(state: RoomState, take: Take, track: Track): RoomState {
  return setTake(state, { ...take, tracks: withEntry(take.tracks, track.row.track, track) });
}

/** Something was delivered: retention counts anew. */
function touch(state: RoomState, take: TakeId, nowMs: number): RoomState {
  const known = state.takes.get(take);
  if (!known || nowMs - known.row.touchedMs < TOUCH_EVERY_MS) return state;
  return changeTake(state, known, { touchedMs: nowMs });
}

/** The track, if this member may add to it. */
export function ownTrack(
  state: RoomState,
  take: TakeId,
  track: TrackId,
  member: Member,
): { readonly take: Take; readonly track: Track } | "take-deleted" | "unknown-take" | "unknown-track" | "not-yours" {
  const found = state.takes.get(take);
  if (!found) return absent(state, take);
  const known = found.tracks.get(track);
  if (!known) return "unknown-track";
  return known.row.participant === member.participant ? { take: found, track: known } : "not-yours";
}

export interface EpochEvent {
  readonly type: "epoch-committed";
  readonly take: TakeId;
  readonly track: TrackId;
  readonly bytes: number;
}

/** The ledger has one row more. */
export function stepEpoch(state: RoomState, event: EpochEvent, { nowMs }: StepContext): Step {
  const take = state.takes.get(event.take);
  const track = take?.tracks.get(event.track);
  if (!take || !track) return refuse(state, absent(state, event.take));
  const grown = { ...track, epochs: track.epochs + 1, bytes: track.bytes + event.bytes };
  return stay(touch(setTrack(state, take, grown), event.take, nowMs));
}

export interface SealEvent {
  readonly type: "seal";
  readonly take: TakeId;
  readonly track: TrackId;
  readonly member: Member;
  readonly body: TrackSeal;
  /** What the ledger says of epochs 0 … `body.epochs` - 1, and beyond. */
  readonly ledger: {
    readonly missing: readonly (readonly [number, number])[];
    readonly last: Sha256 | null;
    readonly beyond: boolean;
  };
}

export function stepSeal(state: RoomState, event: SealEvent, { nowMs }: StepContext): Step {
  const found = ownTrack(state, event.take, event.track, event.member);
  if (typeof found === "string") return refuse(state, found);
  const { seal } = found.track.row;
  if (seal) return JSON.stringify(seal) === JSON.stringify(event.body) ? stay(state) : refuse(state, "track-sealed");
  const { missing, last, beyond } = event.ledger;
  if (missing.length > 0) return { state, effects: [], refusal: { reason: "epochs-missing", missing } };
  if (beyond || last !== event.body.chain) return refuse(state, "other-chain");
  const sealed = { ...found.track, row: { ...found.track.row, seal: event.body } };
  return stay(touch(setTrack(state, found.take, sealed), event.take, nowMs), [TAKES_CHANGED]);
}

/** Everything of the take goes; that it was here stays, so that nothing brings it back. */
export function deleteTake(state: RoomState, take: Take, nowMs: number): Step {
  const id = take.row.take;
  const newest = newestTake(state);
  const next: RoomState = {
    ...state,
    takes: without(state.takes, id),
    gone: withEntry(state.gone, id, { take: id, deletedMs: nowMs }),
    purges: withEntry(state.purges, takePrefix(state.meta.room, id), {
      prefix: takePrefix(state.meta.room, id),
      dueMs: nowMs,
      again: true,
    }),
  };
  const stopped: Take = { ...take, row: { ...take.row, state: "stopped", stopRoomUs: nowMs * 1000 } };
  const stops = newest?.row.take === id && take.row.state === "rolling";
  return stay(next, stops ? [tellTake(stopped), TAKES_CHANGED] : [TAKES_CHANGED]);
}

/** A purge has found nothing more to delete. */
export function stepPurged(state: RoomState, prefix: string, { nowMs }: StepContext): Step {
  const purge = state.purges.get(prefix);
  if (!purge) return stay(state);
  if (!purge.again) return stay({ ...state, purges: without(state.purges, prefix) });
  const later = { prefix, dueMs: nowMs + PURGE_AGAIN_MS, again: false };
  return stay({ ...state, purges: withEntry(state.purges, prefix, later) });
}
