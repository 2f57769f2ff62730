import * as v from "valibot";
import { source } from "./ids.ts";
import { wallMillis } from "./units.ts";

/** A session of the SFU, named by it. Nothing but what may stand in a path. */
export const sfuSessionId = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9_-]{16,64}$/, "not an SFU session"),
  v.brand("SfuSessionId"),
);
export type SfuSessionId = v.InferOutput<typeof sfuSessionId>;

/** A published track, named by the page that publishes it. */
export const sfuTrackName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,64}$/, "not a track of the SFU"));

/** Encodings of a simulcast camera, best first: full, half and quarter size. */
export const RIDS = ["h", "m", "l"] as const;
export const rid = v.picklist(RIDS);
export type Rid = v.InferOutput<typeof rid>;

/** One track that a participant publishes to the call. */
export const callTrack = v.object({
  source,
  session: sfuSessionId,
  trackName: sfuTrackName,
  /** Three encodings, to be chosen from; otherwise one. */
  simulcast: v.boolean(),
});
export type CallTrack = v.InferOutput<typeof callTrack>;

/** What a participant says of its part in the call; the whole of it each time it changes. */
export const callState = v.object({
  /** At most one of each source. */
  tracks: v.pipe(
    v.array(callTrack),
    v.maxLength(4),
    v.check((tracks) => new Set(tracks.map((each) => each.source)).size === tracks.length, "a source twice"),
  ),
  /** The microphone is off: the track carries silence. */
  muted: v.boolean(),
  /** The camera is off: the track carries black. */
  cameraOff: v.boolean(),
});
export type CallState = v.InferOutput<typeof callState>;

/** Shown for some seconds over a tile. */
export const reactionKind = v.picklist(["thumbs-up", "clap", "heart", "laugh", "surprise", "celebrate"]);
export type ReactionKind = v.InferOutput<typeof reactionKind>;

/** GET …/realtime/generate-ice-servers, as `RTCPeerConnection` takes them. Empty without TURN keys. */
export const iceServers = v.object({
  iceServers: v.array(
    v.object({
      urls: v.union([v.string(), v.array(v.string())]),
      username: v.optional(v.string()),
      credential: v.optional(v.string()),
    }),
  ),
});
export type IceServers = v.InferOutput<typeof iceServers>;

/** TURN credentials outlive a long take and no more: four hours, s. */
export const TURN_LIFETIME_S = 4 * 3600;

/** Since when a hand is up; the longest waiting first. */
export const handRaised = v.nullable(wallMillis);
