import * as v from "valibot";
import { clockSample } from "./clock.ts";
import { mediaFormat } from "./epoch-format.ts";
import { gap } from "./gaps.ts";
import { participantId, role, roomId, secret, seq, sha256, source, takeId, trackId } from "./ids.ts";
import { count, localMicros, wallMillis } from "./units.ts";

/** The rows of the manifest: the Dexie (IndexedDB) record on this device. Parsed when read, since old versions live on. */

/** What this device is in a room; with it a reload or the service worker goes on as the same participant. */
export const seatRow = v.object({
  room: roomId,
  title: v.string(),
  /** `null` until this device has joined. */
  participant: v.nullable(participantId),
  participantName: v.string(),
  role,
  hostSecret: v.nullable(secret),
  refreshSecret: v.nullable(secret),
  token: v.nullable(v.string()),
  tokenExpiresMs: wallMillis,
  usedMs: wallMillis,
  /** Of a room that the upload made for a take recorded alone: which, so that a crash in between makes no second room. */
  forTake: v.optional(takeId),
  /** `waiting`: nobody has let it in yet. Rows of earlier versions have none: they were let in. */
  admission: v.optional(v.picklist(["admitted", "waiting"])),
});
export type SeatRow = v.InferOutput<typeof seatRow>;

export const takeRow = v.object({
  take: takeId,
  /** `null`: recorded alone; the upload makes a room for it when a server is there. */
  room: v.nullable(roomId),
  participant: v.nullable(participantId),
  participantName: v.string(),
  title: v.string(),
  startedMs: wallMillis,
  /** When the person agreed to be recorded. Without it nothing is captured. */
  consentMs: wallMillis,
  zeroRoomUs: v.nullable(v.number()),
  timeOriginMs: v.number(),
  /** `cut-short`: found at launch without a page that records it. */
  state: v.picklist(["recording", "stopped", "cut-short"]),
  stoppedMs: v.nullable(wallMillis),
});
export type TakeRow = v.InferOutput<typeof takeRow>;

export const trackRow = v.object({
  track: trackId,
  take: takeId,
  /** Whose it is, when not the take's own participant: two windows of one browser may record two people in one take. */
  participant: v.optional(participantId),
  participantName: v.optional(v.string()),
  source,
  /** The device's name as the browser gives it. */
  label: v.string(),
  trackZeroUs: localMicros,
  state: v.picklist(["recording", "closed", "cut-short"]),
  /** How many epochs it has; final once the state is not `recording`. */
  epochs: count,
  /** All gaps, µs since the track's zero; final once the state is not `recording`. */
  gaps: v.array(gap),
  /** End of the last sample, µs since the track's zero; `null` while recording. */
  endUs: v.nullable(v.number()),
  /** The server has accepted the seal. */
  sealed: v.boolean(),
});
export type TrackRow = v.InferOutput<typeof trackRow>;

export const epochRow = v.object({
  track: trackId,
  seq,
  take: takeId,
  bytes: count,
  sha256,
  run: count,
  media: mediaFormat,
  firstUs: localMicros,
  endUs: localMicros,
  samples: count,
  gaps: v.array(gap),
  /** As in the epoch's metadata. */
  peaks: v.string(),
  clock: v.nullable(clockSample),
  /** When the receipt came; `null`: the bytes are only here. */
  receiptMs: v.nullable(wallMillis),
});
export type EpochRow = v.InferOutput<typeof epochRow>;
