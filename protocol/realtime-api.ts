import * as v from "valibot";

/**
 * Bodies and replies of the Realtime SFU's HTTP API, as Cloudflare publishes it (`realtime-api-2024-05-21.yaml`). The
 * embedded SFU answers them, the backend's proxy reads them, and the page's client library writes them. Rules and
 * differences: docs/spec/realtime-sfu.md. Parsing drops fields that are not named here.
 */

/** A session description with 64 lines of every codec that Chromium knows, as JSON, stays below this. */
export const MAX_REALTIME_BYTES = 256 * 1024;

/** Documented limit of one request; the embedded SFU also allows no more in one session. */
export const MAX_REALTIME_TRACKS = 64;

/** Documented limit of one session, in requests a second. */
export const MAX_REALTIME_REQUESTS_PER_S = 50;

const MAX_SDP_LENGTH = MAX_REALTIME_BYTES - 4096;

/** A session, named by the SFU: 128 random bits or more. */
export const realtimeSessionId = v.pipe(v.string(), v.regex(/^[0-9a-f]{32,64}$/, "not a session id"));
export type RealtimeSessionId = v.InferOutput<typeof realtimeSessionId>;

/** A published track, named by its publisher; unique in its session. */
export const realtimeTrackName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_.:/~-]{1,128}$/, "not a track name"));

/** A line of a session description. 16: what fits a one-byte header extension. */
export const realtimeMid = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_+-]{1,16}$/, "not a mid"));

/** A simulcast layer. */
export const realtimeRid = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,16}$/, "not a rid"));

const layerOrder = v.picklist(["none", "asciibetical"]);

/** Which simulcast layer a subscriber wants, and what it gets instead. `asciibetical`: a is the best, z the least. */
export const simulcastWish = v.object({
  preferredRid: v.optional(realtimeRid),
  /** What happens when the subscriber's network is too slow for the preferred layer. */
  priorityOrdering: v.optional(layerOrder),
  /** What happens when the publisher does not send the preferred layer. */
  ridNotAvailable: v.optional(layerOrder),
});
export type SimulcastWish = v.InferOutput<typeof simulcastWish>;

export const sessionDescription = v.object({
  type: v.picklist(["offer", "answer"]),
  sdp: v.pipe(v.string(), v.maxLength(MAX_SDP_LENGTH)),
});
export type RealtimeSessionDescription = v.InferOutput<typeof sessionDescription>;

const offer = v.object({ ...sessionDescription.entries, type: v.literal("offer") });
const answer = v.object({ ...sessionDescription.entries, type: v.literal("answer") });

const trackList = <const Item extends v.GenericSchema>(item: Item) =>
  v.pipe(v.array(item), v.minLength(1), v.maxLength(MAX_REALTIME_TRACKS));

/** A track that the asking session publishes. */
const localTrack = v.object({
  location: v.literal("local"),
  mid: realtimeMid,
  trackName: realtimeTrackName,
});
export type RealtimeLocalTrack = v.InferOutput<typeof localTrack>;

/** A track of another session. The client library also sends the publisher's `mid`, which means nothing here. */
const remoteTrack = v.object({
  location: v.literal("remote"),
  sessionId: realtimeSessionId,
  trackName: realtimeTrackName,
  simulcast: v.optional(simulcastWish),
});
export type RealtimeRemoteTrack = v.InferOutput<typeof remoteTrack>;

/** POST …/tracks/new with an offer: publish. */
export const pushTracks = v.object({ sessionDescription: offer, tracks: trackList(localTrack) });
export type PushTracks = v.InferOutput<typeof pushTracks>;

/** POST …/tracks/new without: subscribe. */
export const pullTracks = v.object({ sessionDescription: v.optional(v.undefined()), tracks: trackList(remoteTrack) });
export type PullTracks = v.InferOutput<typeof pullTracks>;

/** POST …/tracks/new. */
export const newTracks = v.union([pushTracks, pullTracks]);
export type NewTracks = v.InferOutput<typeof newTracks>;

export const isPush = (body: NewTracks): body is PushTracks => body.sessionDescription !== undefined;

/** PUT …/tracks/update: another layer, or another track on the same line. */
export const updateTracks = v.object({
  tracks: trackList(v.object({ ...remoteTrack.entries, location: v.optional(v.literal("remote")), mid: realtimeMid })),
});
export type UpdateTracks = v.InferOutput<typeof updateTracks>;

/** PUT …/renegotiate: the answer to the SFU's offer. */
export const renegotiate = v.object({ sessionDescription: answer });
export type Renegotiate = v.InferOutput<typeof renegotiate>;

/** PUT …/tracks/close: with an offer, or by force without one. */
export const closeTracks = v.object({
  tracks: trackList(v.object({ mid: realtimeMid })),
  sessionDescription: v.optional(offer),
  force: v.optional(v.boolean(), false),
});
export type CloseTracks = v.InferOutput<typeof closeTracks>;

/** POST …/datachannels/new. */
export const newDataChannels = v.object({
  dataChannels: trackList(
    v.object({
      location: v.picklist(["local", "remote"]),
      sessionId: v.optional(realtimeSessionId),
      dataChannelName: realtimeTrackName,
    }),
  ),
});
export type NewDataChannels = v.InferOutput<typeof newDataChannels>;

const problem = {
  errorCode: v.optional(v.string()),
  errorDescription: v.optional(v.string()),
};

/** What became of one track; with `errorCode` nothing did. */
export const trackResult = v.object({
  location: v.optional(v.picklist(["local", "remote"])),
  mid: v.optional(v.nullable(v.string())),
  sessionId: v.optional(v.string()),
  trackName: v.optional(v.string()),
  simulcast: v.optional(simulcastWish),
  ...problem,
});
export type TrackResult = v.InferOutput<typeof trackResult>;

/** 201 of POST /sessions/new. */
export const sessionCreated = v.object({ sessionId: realtimeSessionId });
export type SessionCreated = v.InferOutput<typeof sessionCreated>;

/** 200 of tracks/new, tracks/update and tracks/close. */
export const tracksReply = v.object({
  requiresImmediateRenegotiation: v.optional(v.boolean(), false),
  tracks: v.optional(v.array(trackResult), []),
  /** An answer to publishing and closing, an offer when a renegotiation is required. */
  sessionDescription: v.optional(sessionDescription),
  ...problem,
});
export type TracksReply = v.InferOutput<typeof tracksReply>;

/** 200 of renegotiate. */
export const renegotiated = v.object({ sessionDescription: v.optional(sessionDescription), ...problem });
export type Renegotiated = v.InferOutput<typeof renegotiated>;

/** 200 of GET /sessions/{id}. */
export const sessionState = v.object({
  tracks: v.optional(
    v.array(
      v.object({ ...trackResult.entries, status: v.picklist(["active", "inactive", "initializing", "waiting"]) }),
    ),
    [],
  ),
  dataChannels: v.optional(v.array(v.unknown()), []),
  ...problem,
});
export type SessionState = v.InferInput<typeof sessionState>;

/** The body of every refusal. */
export const realtimeError = v.object({ errorCode: v.string(), errorDescription: v.string() });
export type RealtimeError = v.InferOutput<typeof realtimeError>;
