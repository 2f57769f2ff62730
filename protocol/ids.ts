import * as v from "valibot";

/** 128 random bits as base64url without padding: 22 characters, safe in paths, keys and file names. */
const ID_PATTERN = /^[A-Za-z0-9_-]{22}$/;

const id = <const Name extends string>(name: Name) =>
  v.pipe(v.string(), v.regex(ID_PATTERN, `not a ${name} id`), v.brand(name));

/** A room, named by the server. Knowing it lets a person join, so it is never shown to those outside. */
export const roomId = id("RoomId");
export type RoomId = v.InferOutput<typeof roomId>;

/** A person in a room, named by the server. */
export const participantId = id("ParticipantId");
export type ParticipantId = v.InferOutput<typeof participantId>;

/** A take, named by the client that starts it, so that it can start offline. */
export const takeId = id("TakeId");
export type TakeId = v.InferOutput<typeof takeId>;

/** One source of one participant in one take, named by the recording device. */
export const trackId = id("TrackId");
export type TrackId = v.InferOutput<typeof trackId>;

/** One run of the demux of a take, named by the server. */
export const jobId = id("JobId");
export type JobId = v.InferOutput<typeof jobId>;

/** A link handed to an editor, named by the server. */
export const editorLinkId = id("EditorLinkId");
export type EditorLinkId = v.InferOutput<typeof editorLinkId>;

/** 32 random bytes as base64url: host secret, refresh secret. */
export const secret = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/, "not a secret"), v.brand("Secret"));
export type Secret = v.InferOutput<typeof secret>;

/** SHA-256 as 64 lower-case hexadecimal digits. */
export const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "not a SHA-256"), v.brand("Sha256"));
export type Sha256 = v.InferOutput<typeof sha256>;

/** Number of an epoch within its track: from 0 without holes. 999,999 epochs of 2 s are 23 days. */
export const MAX_SEQ = 999_999;
export const seq = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_SEQ));

/** `seq` as it stands in keys, paths and file names: six digits, so that a listing is in order. */
export function seqName(value: number): string {
  return value.toString().padStart(6, "0");
}

/** What is captured. */
export const source = v.picklist(["camera", "microphone", "screen", "screen-audio"]);
export type Source = v.InferOutput<typeof source>;

export function isVideoSource(value: Source): boolean {
  return value === "camera" || value === "screen";
}

export const role = v.picklist(["host", "cohost", "guest", "viewer"]);
export type Role = v.InferOutput<typeof role>;
