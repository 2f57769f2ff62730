import * as v from "valibot";
import { type CallState, handRaised, sfuSessionId } from "#protocol/call.ts";
import { type ChatMessage } from "#protocol/chat.ts";
import { exportFile, jobState } from "#protocol/demux-job.ts";
import { sealTrack } from "#protocol/http-api.ts";
import {
  editorLinkId,
  jobId,
  type EditorLinkId,
  type ParticipantId,
  type RoomId,
  participantId,
  role,
  roomId,
  type Sha256,
  sha256,
  source,
  type TakeId,
  takeId,
  type TrackId,
  trackId,
} from "#protocol/ids.ts";
import { type MarkerId, marker } from "#protocol/markers.ts";
import { type DeviceStatus, deviceStatus } from "#protocol/room-messages.ts";
import { count, wallMillis } from "#protocol/units.ts";

/**
 * The room's rows as they are stored: one JSON document per row, parsed when read. Frozen once released: a field that came later
 * is optional, with a default that is true of rooms from before it; anything else raises `rows`.
 */
export const metaRow = v.object({
  rows: v.literal(1),
  room: roomId,
  title: v.string(),
  hostHash: sha256,
  /** Where the host reached this backend. */
  origin: v.string(),
  createdMs: wallMillis,
});
export type MetaRow = v.InferOutput<typeof metaRow>;

export const participantRow = v.object({
  participant: participantId,
  name: v.string(),
  role,
  version: count,
  refreshHash: sha256,
  joinedMs: wallMillis,
  /** As of when it connected or disconnected; newer while online. */
  seenMs: wallMillis,
  /** Has been connected at least once. */
  met: v.boolean(),
  left: v.boolean(),
  /** Its last words. */
  status: v.nullable(deviceStatus),
  admission: v.optional(v.picklist(["admitted", "waiting"]), "admitted"),
  /** `waiting` only: since when it knocks, and since when its socket is gone; `null` while nobody is told of it. */
  knock: v.optional(v.nullable(v.object({ sinceMs: wallMillis, goneMs: v.nullable(wallMillis) })), null),
  /** The seat was taken away. The row stays for its name in takes. */
  removed: v.optional(v.boolean(), false),
  /** Sessions of the SFU that were made for it, the newest last. */
  sessions: v.optional(v.array(sfuSessionId), []),
  /** Its hand, as of when it disconnected. */
  handMs: v.optional(handRaised, null),
});
export type ParticipantRow = v.InferOutput<typeof participantRow>;

export const jobRow = v.object({
  ...jobState.entries,
  /** What the take held when it was dispatched: see `inputOf`. */
  input: v.string(),
  /** Waiting: when to dispatch. Running: when the lease ends. */
  dueMs: wallMillis,
});
export type JobRow = v.InferOutput<typeof jobRow>;

export const takeRow = v.object({
  take: takeId,
  /** Counts the room's takes from 1; 0 for takes recorded alone. */
  number: count,
  title: v.string(),
  /** Declared over HTTP: recorded without the room. */
  alone: v.boolean(),
  state: v.picklist(["rolling", "stopped"]),
  startedMs: wallMillis,
  zeroRoomUs: v.nullable(v.number()),
  stopRoomUs: v.nullable(v.number()),
  /** When it ends by itself, once nobody records it any more and everything declared is sealed. */
  endDueMs: v.nullable(wallMillis),
  /** When it began or was last delivered to, to the hour: retention counts from here. */
  touchedMs: wallMillis,
  /** Connected while it rolled. */
  expected: v.array(participantId),
  /** Said that they do not record it. */
  excused: v.array(participantId),
  /** Removed from the room: what they have not sealed is not awaited. */
  dropped: v.optional(v.array(participantId), []),
  job: v.nullable(jobRow),
  delivered: v.nullable(v.object({ job: jobId, files: v.array(exportFile) })),
});
export type TakeRow = v.InferOutput<typeof takeRow>;

export const trackRow = v.object({
  take: takeId,
  track: trackId,
  participant: participantId,
  source,
  label: v.string(),
  declaredMs: wallMillis,
  seal: v.nullable(sealTrack),
});
export type TrackRow = v.InferOutput<typeof trackRow>;

export const linkRow = v.object({ link: editorLinkId, createdMs: wallMillis, expiresMs: wallMillis });
export type LinkRow = v.InferOutput<typeof linkRow>;

/** A one-time link: past the waiting room. Known by its hash only. */
export const inviteRow = v.object({ hash: sha256, by: participantId, createdMs: wallMillis, expiresMs: wallMillis });
export type InviteRow = v.InferOutput<typeof inviteRow>;

/** A marker, and whether only the host and co-hosts are told of it: decided by who set it, when it was set. */
export const markerRow = v.object({ ...marker.entries, private: v.boolean() });
export type MarkerRow = v.InferOutput<typeof markerRow>;

/** A deleted take: nothing of it is ever taken again. */
export const goneRow = v.object({ take: takeId, deletedMs: wallMillis });
export type GoneRow = v.InferOutput<typeof goneRow>;

/** Keys in the bucket that are to be deleted. */
export const purgeRow = v.object({
  prefix: v.string(),
  dueMs: wallMillis,
  /** Once more later, for an upload that was on its way. */
  again: v.boolean(),
});
export type PurgeRow = v.InferOutput<typeof purgeRow>;

/** What a device has said when it sealed a track. */
export type TrackSeal = v.InferOutput<typeof sealTrack>;

/** A track and what the ledger holds of it. */
export interface Track {
  readonly row: TrackRow;
  readonly epochs: number;
  readonly bytes: number;
}

export interface Take {
  readonly row: TakeRow;
  readonly tracks: ReadonlyMap<TrackId, Track>;
  readonly markers: ReadonlyMap<MarkerId, MarkerRow>;
}

/** A connected participant. Not stored: it lives with the socket. */
export interface Online {
  readonly seenMs: number;
  readonly status: DeviceStatus | null;
  readonly call: CallState | null;
  /** Since when its hand is up, ms. */
  readonly handMs: number | null;
}

/** A room. Never changed in place: a row that is another object is a row to be stored. */
export interface RoomState {
  readonly meta: MetaRow;
  readonly participants: ReadonlyMap<ParticipantId, ParticipantRow>;
  readonly takes: ReadonlyMap<TakeId, Take>;
  readonly links: ReadonlyMap<EditorLinkId, LinkRow>;
  readonly invites: ReadonlyMap<Sha256, InviteRow>;
  /** The newest messages as ciphertext, ascending by number. */
  readonly chat: readonly ChatMessage[];
  readonly gone: ReadonlyMap<TakeId, GoneRow>;
  readonly purges: ReadonlyMap<string, PurgeRow>;
  readonly online: ReadonlyMap<ParticipantId, Online>;
}

export interface NewRoom {
  readonly room: RoomId;
  readonly title: string;
  readonly hostHash: MetaRow["hostHash"];
  readonly origin: string;
}

export function newRoom(room: NewRoom, nowMs: number): RoomState {
  return {
    meta: { rows: 1, ...room, createdMs: nowMs },
    participants: new Map(),
    takes: new Map(),
    links: new Map(),
    invites: new Map(),
    chat: [],
    gone: new Map(),
    purges: new Map(),
    online: new Map(),
  };
}

/** A copy of the map with one entry set. */
export function withEntry<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key, value: Value): ReadonlyMap<Key, Value> {
  return new Map(map).set(key, value);
}

/** A copy of the map without one entry. */
export function without<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): ReadonlyMap<Key, Value> {
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}

/** The room's newest take; takes recorded alone do not count. */
export function newestTake(state: RoomState): Take | null {
  let newest: Take | null = null;
  for (const take of state.takes.values()) {
    if (!take.row.alone && take.row.number > (newest?.row.number ?? 0)) newest = take;
  }
  return newest;
}

/** Grows with everything that a delivery is made of; equal means that nothing new has arrived. */
export function inputOf(take: Take): string {
  const tracks = [...take.tracks.values()];
  const sealed = tracks.filter((track) => track.row.seal !== null).length;
  const epochs = tracks.reduce((sum, track) => sum + track.epochs, 0);
  // Not named when there are none: what was delivered before there were markers is not delivered anew.
  const markers = take.markers.size > 0 ? `, ${take.markers.size} markers` : "";
  return `${tracks.length} tracks, ${sealed} sealed, ${epochs} epochs${markers}`;
}

/** Tracks that are sealed, and those whose owner was removed from the room: no more is to come. */
export const isSettled = (take: Take, { row }: Track): boolean =>
  row.seal !== null || take.row.dropped.includes(row.participant);

/** Ended, everybody who was there has declared tracks or said that they do not record, and every track is settled. */
export function isComplete(take: Take): boolean {
  const tracks = [...take.tracks.values()];
  if (take.row.state !== "stopped" || tracks.length === 0) return false;
  const declared = new Set(tracks.map((track) => track.row.participant));
  const awaited = take.row.expected.filter((one) => !declared.has(one) && !take.row.excused.includes(one));
  return awaited.length === 0 && tracks.every((track) => isSettled(take, track));
}
