import * as v from "valibot";
import { gapReason } from "./gaps.ts";
import { participantId, role, roomId, source, takeId } from "./ids.ts";
import { count, roomMicros, wallMillis } from "./units.ts";

/** Rules: docs/spec/room-messages.md. */
export const ROOM_PROTOCOL = 1;

/** Longer socket messages close the socket (1009). */
export const MAX_MESSAGE_BYTES = 64 * 1024;

/**
 * From Record to the take's zero. Devices hear of it within a round trip and begin at the zero by the room's clock:
 * long enough for 250 ms one way and for an encoder to start, short enough not to be felt.
 */
export const START_LEAD_MS = 500;

/** A device sends its status when it changes, at most this often. */
export const STATUS_EVERY_MS = 1_000;

/**
 * A side that has heard nothing for this long takes the socket for dead: devices ask for the clock every 2 s, so two
 * answers in a row are missing. A network that is gone closes no socket by itself.
 */
export const SILENCE_MS = 5_000;

/** The newest problem of a device, for the host to read. */
export const problem = v.object({
  reason: v.picklist([
    "camera-stopped",
    "microphone-stopped",
    "microphone-silent",
    "screen-stopped",
    "encoder-slow",
    "encoder-failed",
    "storage-short",
    "storage-full",
    "upload-waiting",
    "upload-refused",
    "permission-refused",
    "gap",
    "cut-short",
  ]),
  sinceMs: wallMillis,
  /** One plain sentence. */
  message: v.pipe(v.string(), v.maxLength(300)),
});
export type Problem = v.InferOutput<typeof problem>;

export const deviceStatus = v.object({
  recording: v.picklist(["no", "starting", "recording", "failed"]),
  take: v.nullable(takeId),
  sources: v.pipe(v.array(source), v.maxLength(4)),
  /** Of the newest take of this device. */
  epochsSealed: count,
  epochsUploaded: count,
  /** Of all takes on this device, other rooms' too: 0 means safe to leave. */
  epochsLeft: count,
  bytesLeft: count,
  gaps: count,
  /** Sum of the declared gaps of the newest take, µs. */
  gapUs: v.pipe(v.number(), v.finite(), v.minValue(0)),
  /** The newest declared gaps of the newest take, ms since the take's zero. */
  newestGaps: v.optional(v.pipe(v.array(v.object({ atMs: v.number(), lengthMs: v.number() })), v.maxLength(20)), []),
  /** Of the newest take of this device. */
  bytesSealed: v.optional(count, 0),
  bytesUploaded: v.optional(count, 0),
  bytesPerSecond: v.optional(count, 0),
  /** How much more this device can record, minutes; `null` while unknown. */
  minutesFree: v.optional(v.nullable(count), null),
  problem: v.nullable(problem),
});
export type DeviceStatus = v.InferOutput<typeof deviceStatus>;

export const participantView = v.object({
  participant: participantId,
  name: v.string(),
  role,
  connected: v.boolean(),
  /** When it was last heard of. */
  seenMs: wallMillis,
  status: v.nullable(deviceStatus),
});
export type ParticipantView = v.InferOutput<typeof participantView>;

export const takeView = v.object({
  take: takeId,
  number: count,
  title: v.string(),
  state: v.picklist(["rolling", "stopped"]),
  zeroRoomUs: roomMicros,
  stopRoomUs: v.nullable(roomMicros),
});
export type TakeView = v.InferOutput<typeof takeView>;

export const roomView = v.object({
  room: roomId,
  title: v.string(),
  participants: v.array(participantView),
  /** The newest take of the room, rolling or stopped. Takes recorded alone are not in it. */
  take: v.nullable(takeView),
});
export type RoomView = v.InferOutput<typeof roomView>;

/** What a device sends. The first message must be `hello`, within 5 s. */
export const clientMessage = v.variant("type", [
  v.object({ type: v.literal("hello"), protocol: v.number(), token: v.pipe(v.string(), v.maxLength(4096)) }),
  /** `t0` comes back as it is: µs on the sender's own clock. */
  v.object({ type: v.literal("clock-ping"), id: count, t0: v.pipe(v.number(), v.finite()) }),
  v.object({ type: v.literal("status"), status: deviceStatus }),
  /** Host: the room's clock decides the zero. */
  v.object({
    type: v.literal("start-take"),
    take: takeId,
    title: v.optional(v.pipe(v.string(), v.maxLength(120)), ""),
  }),
  v.object({ type: v.literal("stop-take"), take: takeId }),
  /** The device will not record this take, and why: the take need not wait for it. */
  v.object({ type: v.literal("not-recording"), take: takeId, why: v.union([gapReason, v.literal("no-devices")]) }),
  v.object({ type: v.literal("leave") }),
]);
export type ClientMessage = v.InferOutput<typeof clientMessage>;

export const serverMessage = v.variant("type", [
  v.object({
    type: v.literal("welcome"),
    protocol: v.literal(ROOM_PROTOCOL),
    participant: participantId,
    role,
    room: roomView,
  }),
  v.object({ type: v.literal("clock-pong"), id: count, t0: v.number(), t1: roomMicros }),
  v.object({ type: v.literal("participant"), participant: participantView }),
  v.object({ type: v.literal("participant-left"), participant: participantId }),
  /** Every change of the room's newest take; a device starts or stops by it. */
  v.object({ type: v.literal("take"), take: takeView }),
  /** An export job or a take's completeness changed: ask `GET /takes`. */
  v.object({ type: v.literal("takes-changed") }),
  /** What was asked is not done, and why. */
  v.object({
    type: v.literal("refused"),
    what: v.string(),
    reason: v.picklist(["not-host", "take-rolling", "no-such-take", "bad-message", "too-fast"]),
    message: v.string(),
  }),
]);
export type ServerMessage = v.InferOutput<typeof serverMessage>;

/** Close codes of the socket. */
export const CLOSE = {
  /** The first message was no `hello`, or not in time. */
  helloExpected: 4400,
  /** The token is forged, foreign or expired: renew it and connect anew. */
  badToken: 4401,
  /** The page and the server speak different versions: reload the page. */
  protocolMismatch: 4426,
  /** Another socket of the same participant took over. */
  replaced: 4409,
  /** `MAX_PARTICIPANTS` others are connected: try again later. */
  roomFull: 4423,
  tooFast: 4429,
  roomGone: 4404,
} as const;
