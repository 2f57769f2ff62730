import * as v from "valibot";
import { callState, handRaised, reactionKind } from "./call.ts";
import { chatEnvelope, chatMessage } from "./chat.ts";
import { gapReason } from "./gaps.ts";
import { participantId, role, roomId, source, takeId } from "./ids.ts";
import { marker, markerId } from "./markers.ts";
import { title } from "./names.ts";
import { count, roomMicros, wallMillis } from "./units.ts";

/** Rules: docs/spec/room-messages.md. */
export const ROOM_PROTOCOL = 2;

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
  /** False while a device is being opened or its codec chosen: a take that began now would lack its beginning. Absent: true. */
  ready: v.optional(v.boolean()),
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
  /** Its part in the live call; `null` while it is not connected or has said nothing of it. */
  call: v.nullable(callState),
  /** Since when its hand is up. */
  handMs: handRaised,
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

/** Somebody in the waiting room. Only the host and co-hosts are told. */
export const knocker = v.object({ participant: participantId, name: v.string(), sinceMs: wallMillis });
export type Knocker = v.InferOutput<typeof knocker>;

export const roomView = v.object({
  room: roomId,
  title: v.string(),
  participants: v.array(participantView),
  /** The newest take of the room, rolling or stopped. Takes recorded alone are not in it. */
  take: v.nullable(takeView),
  /** Empty for those who may not admit. */
  knocking: v.array(knocker),
  /** Of the newest take; those that this participant may see. */
  markers: v.array(marker),
});
export type RoomView = v.InferOutput<typeof roomView>;

/**
 * What a device sends. The first message must be `hello`, within 5 s. Whoever is in the waiting room has knocked by it, and may
 * send nothing more but `clock-ping` and `leave`.
 */
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
  /** Host and co-hosts. */
  v.object({ type: v.literal("admit"), participant: participantId }),
  v.object({ type: v.literal("deny"), participant: participantId }),
  /** Takes the seat away: its tokens are refused from now on. Nobody removes a host; only a host removes a co-host. */
  v.object({ type: v.literal("remove"), participant: participantId }),
  /** Asks a participant's page to switch its microphone off. Nobody can switch it on from outside. */
  v.object({ type: v.literal("ask-mute"), participant: participantId }),
  /** Host only. */
  v.object({ type: v.literal("set-role"), participant: participantId, role: v.picklist(["cohost", "guest"]) }),
  /** Host only: stops a rolling take, then ends everybody's stay. */
  v.object({ type: v.literal("end-for-all") }),
  v.object({ type: v.literal("call"), call: callState }),
  v.object({ type: v.literal("hand"), up: v.boolean() }),
  v.object({ type: v.literal("react"), kind: reactionKind }),
  v.object({ type: v.literal("chat"), envelope: chatEnvelope }),
  /** `atRoomUs`: the moment it was set, by the room's clock; brought into the take's bounds. The same marker twice is one. */
  v.object({ type: v.literal("add-marker"), marker: markerId, take: takeId, atRoomUs: roomMicros, text: title }),
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
  /** Instead of `welcome`: in the waiting room. `welcome` follows when the host says so, on the same socket. */
  v.object({
    type: v.literal("waiting"),
    protocol: v.literal(ROOM_PROTOCOL),
    participant: participantId,
    title: v.string(),
    /** Who can let them in; `null` while nobody is there. */
    hostName: v.nullable(v.string()),
  }),
  v.object({ type: v.literal("knock"), knocker }),
  /** Admitted, denied, or gone. */
  v.object({ type: v.literal("knock-ended"), participant: participantId }),
  /** The own role has changed: the token is to be renewed. */
  v.object({ type: v.literal("role"), role }),
  /** The host asks to switch the microphone off. */
  v.object({ type: v.literal("mute-asked"), by: v.string() }),
  v.object({ type: v.literal("reaction"), participant: participantId, kind: reactionKind }),
  /** To everybody, the sender too: its number and time are the room's. */
  v.object({ type: v.literal("chat"), message: chatMessage }),
  /** After `welcome`, when there is any; at most 20 at a time, the oldest first. */
  v.object({ type: v.literal("chat-history"), messages: v.pipe(v.array(chatMessage), v.maxLength(20)) }),
  v.object({ type: v.literal("marker"), marker }),
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
    reason: v.picklist([
      "not-host",
      "take-rolling",
      "no-such-take",
      "bad-message",
      "too-fast",
      "waiting",
      "not-there",
      "too-many",
    ]),
    message: v.string(),
  }),
]);
export type ServerMessage = v.InferOutput<typeof serverMessage>;

/** What one frame from the room holds: a message, or several in their order when they come fast. */
export const serverFrame = v.pipe(
  v.union([serverMessage, v.array(serverMessage)]),
  v.transform((frame): readonly ServerMessage[] => (Array.isArray(frame) ? frame : [frame])),
);

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
  /** The host did not let them in. */
  denied: 4405,
  /** The host took the seat away. */
  removed: 4406,
  /** The host ended it for all. */
  ended: 4410,
} as const;
