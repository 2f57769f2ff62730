import * as v from "valibot";
import { exportFile, jobState } from "./demux-job.ts";
import { gap } from "./gaps.ts";
import {
  editorLinkId,
  jobId,
  participantId,
  role,
  roomId,
  secret,
  seq,
  sha256,
  source,
  takeId,
  trackId,
} from "./ids.ts";
import { personName, title } from "./names.ts";
import { count, wallMillis } from "./units.ts";

/** Bodies and replies of the HTTP API. Paths, statuses and reasons: docs/spec/http-api.md. */

/** JSON bodies larger than this are refused with 413. */
export const MAX_JSON_BYTES = 64 * 1024;

/** Seals carry gap lists: 10,000 gaps at 100 bytes. */
export const MAX_SEAL_BYTES = 1024 * 1024;

/** A participant's token lives this long; the page renews it on 401 or shortly before. */
export const TOKEN_LIFETIME_S = 15 * 60;

/** Operators that close room creation set a studio key; the page sends it in this header. */
export const STUDIO_KEY_HEADER = "Tapesync-Studio-Key";

/**
 * An epoch that goes out as a stream has no Content-Length; its length is in this header, whose name is that of the IETF's
 * draft-ietf-httpbis-resumable-upload.
 */
export const UPLOAD_LENGTH_HEADER = "Upload-Length";

export const MAX_PARTICIPANTS = 20;

// POST /api/rooms
export const createRoom = v.object({ title: v.optional(title, "") });
export type CreateRoom = v.InferInput<typeof createRoom>;
export const roomCreated = v.object({ room: roomId, hostSecret: secret });
export type RoomCreated = v.InferOutput<typeof roomCreated>;

// GET /api/rooms/:room (no token: what a lobby may know)
export const lobbyInfo = v.object({ room: roomId, title: v.string(), full: v.boolean() });
export type LobbyInfo = v.InferOutput<typeof lobbyInfo>;

// POST /api/rooms/:room/participants
export const join = v.object({
  name: personName,
  consent: v.literal(true, "recording needs consent"),
  hostSecret: v.optional(secret),
  /** Of a one-time link: past the waiting room. */
  invite: v.optional(secret),
});
export type Join = v.InferInput<typeof join>;
export const joined = v.object({
  participant: participantId,
  role,
  token: v.string(),
  tokenExpiresMs: wallMillis,
  refreshSecret: secret,
  /** `waiting`: the socket is to be opened, and nothing else is allowed until the host has let them in. */
  admission: v.picklist(["admitted", "waiting"]),
});
export type Joined = v.InferOutput<typeof joined>;

// POST /api/rooms/:room/participants/:id/token
export const renewToken = v.object({ refreshSecret: secret, name: v.optional(personName) });
export type RenewToken = v.InferInput<typeof renewToken>;
export const tokenRenewed = v.object({ role, token: v.string(), tokenExpiresMs: wallMillis });
export type TokenRenewed = v.InferOutput<typeof tokenRenewed>;

/** A one-time link that nobody used is void after a week, ms. */
export const INVITE_LIFETIME_MS = 7 * 86_400_000;

// POST /api/rooms/:room/invites (host, co-host): `/r/ROOM#invite=INVITE`. Shown once; the room keeps its hash.
export const inviteCreated = v.object({ invite: secret, expiresMs: wallMillis });
export type InviteCreated = v.InferOutput<typeof inviteCreated>;

// PUT /api/rooms/:room/takes/:take
export const declareTake = v.object({
  startedMs: wallMillis,
  title: v.optional(title, ""),
  /** Recorded without the room: it ends once its tracks are sealed. */
  alone: v.optional(v.boolean(), false),
});
export type DeclareTake = v.InferInput<typeof declareTake>;
export const takeDeclared = v.object({ take: takeId, state: v.picklist(["rolling", "stopped"]) });
export type TakeDeclared = v.InferOutput<typeof takeDeclared>;

// PUT …/takes/:take/tracks/:track
export const declareTrack = v.object({ source, label: v.pipe(v.string(), v.maxLength(200)) });
export type DeclareTrack = v.InferInput<typeof declareTrack>;
export const trackDeclared = v.object({ track: trackId, sealed: v.boolean() });
export type TrackDeclared = v.InferOutput<typeof trackDeclared>;

/** PUT …/epochs/:seq: the only thing that counts as an acknowledgement, when its `sha256` is the one that was sent. */
export const receipt = v.object({
  receipt: v.literal(1),
  room: roomId,
  take: takeId,
  track: trackId,
  seq,
  bytes: count,
  sha256,
});
export type Receipt = v.InferOutput<typeof receipt>;

/** GET …/epochs: closed ranges `[first, last]`, ascending, not touching. */
export const haveList = v.object({
  ranges: v.array(v.tuple([seq, seq])),
  count,
  sealed: v.boolean(),
});
export type HaveList = v.InferOutput<typeof haveList>;

// POST …/seal
export const sealTrack = v.object({
  epochs: count,
  /** SHA-256 of the last epoch; `null` for a track without epochs. */
  chain: v.nullable(sha256),
  /** `cut-short`: closed at the next launch, not by Stop. */
  end: v.picklist(["closed", "cut-short"]),
  /** µs since the track's zero. */
  endUs: v.pipe(v.number(), v.finite(), v.minValue(0)),
  gaps: v.pipe(v.array(gap), v.maxLength(10_000)),
});
export type SealTrack = v.InferInput<typeof sealTrack>;
export const trackSealed = v.object({ track: trackId, sealed: v.literal(true) });
/** 409 with reason `epochs-missing`: which. */
export const epochsMissing = v.object({
  error: v.object({ reason: v.literal("epochs-missing"), message: v.string() }),
  missing: v.array(v.tuple([seq, seq])),
});

/** One track as the server knows it. */
export const trackSummary = v.object({
  track: trackId,
  participant: participantId,
  source,
  label: v.string(),
  /** Epochs that the ledger holds. */
  epochs: count,
  bytes: count,
  sealed: v.boolean(),
  /** How many epochs the seal names; `null` before it. */
  expected: v.nullable(count),
  end: v.nullable(v.picklist(["closed", "cut-short"])),
});
export type TrackSummary = v.InferOutput<typeof trackSummary>;

/** One take as the exports page and the studio see it. */
export const takeSummary = v.object({
  take: takeId,
  /** Counts the room's takes from 1; 0 for takes recorded alone. */
  number: v.optional(count),
  title: v.string(),
  state: v.picklist(["rolling", "stopped"]),
  startedMs: wallMillis,
  /** By the room's clock; `null` while it rolls and for takes recorded alone. */
  stoppedMs: v.optional(v.nullable(wallMillis)),
  expiresMs: wallMillis,
  /** Stopped, every expected participant has declared tracks, and every track is sealed. */
  complete: v.boolean(),
  participants: v.array(
    v.object({
      participant: participantId,
      name: v.string(),
      role,
      /** Whether a socket of theirs is open. */
      connected: v.optional(v.boolean()),
    }),
  ),
  tracks: v.array(trackSummary),
  job: v.nullable(jobState),
  exports: v.array(exportFile),
});
export type TakeSummary = v.InferOutput<typeof takeSummary>;

// GET /api/rooms/:room/takes
export const takeList = v.object({ room: roomId, title: v.string(), takes: v.array(takeSummary) });
export type TakeList = v.InferOutput<typeof takeList>;

// POST …/takes/:take/demux
export const startDemux = v.object({
  /** `what-is-there`: the host does not wait for the rest; what is missing becomes declared gaps. */
  deliver: v.picklist(["complete", "what-is-there"]),
});
export type StartDemux = v.InferInput<typeof startDemux>;
export const demuxStarted = v.object({ job: jobId });

// POST/GET /api/rooms/:room/editor-links, DELETE /api/rooms/:room/editor-links/:link
export const createEditorLink = v.object({ days: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(30)) });
export const editorLink = v.object({ link: editorLinkId, createdMs: wallMillis, expiresMs: wallMillis });
export type EditorLink = v.InferOutput<typeof editorLink>;
/** `key` is shown once; it goes into the fragment of the link: `/r/ROOM/exports#editor=KEY`. */
export const editorLinkCreated = v.object({ ...editorLink.entries, key: v.string() });
export type EditorLinkCreated = v.InferOutput<typeof editorLinkCreated>;
export const editorLinks = v.object({ links: v.array(editorLink) });

/**
 * POST /api/rooms/:room/exports-access with `Authorization: Bearer` a host's token or an editor link's key: sets an
 * HttpOnly cookie (SameSite=Strict, path of this room's API) that reads exports and nothing else, so that plain
 * links can be downloaded and resumed by the browser without a secret in their address.
 */
export const exportsAccess = v.object({ as: v.picklist(["host", "editor"]), expiresMs: wallMillis });
export type ExportsAccess = v.InferOutput<typeof exportsAccess>;

// GET /api/health
export const health = v.object({ ok: v.literal(true), version: v.string() });
