import type { DeliveryManifest } from "#protocol/delivery-manifest.ts";
import type { IceServers } from "#protocol/call.ts";
import { StudioError } from "#protocol/errors.ts";
import type {
  CreateRoom,
  EditorLink,
  EditorLinkCreated,
  ExportsAccess,
  InviteCreated,
  Join,
  Joined,
  LobbyInfo,
  RenewToken,
  RoomCreated,
  StartDemux,
  TakeList,
  TokenRenewed,
} from "#protocol/http-api.ts";
import type { EditorLinkId, JobId, ParticipantId, RoomId, TakeId } from "#protocol/ids.ts";

/**
 * Why a call of the room's HTTP API failed. Closed.
 * - `unreachable`: no answer at all, or none in time.
 * - `server-failed`: it answered that it cannot (5xx); later it may.
 * - `not-found`: no such room, take, link or file.
 * - `deleted`: there was one; it was deleted or has expired (410).
 * - `unauthorized`: the token, cookie or key is missing, forged, foreign or expired.
 * - `refused`: understood and not done (403, 409, 422, …); `serverReason` says why.
 * - `studio-key-needed`: this server makes rooms only with its operator's key.
 * - `rate-limited`: too many; `retryAfterS` says when again, if the server did.
 * - `bad-reply`: an answer that is none of ours, e.g. the page of a captive portal.
 */
export type RoomApiReason =
  | "unreachable"
  | "server-failed"
  | "not-found"
  | "deleted"
  | "unauthorized"
  | "refused"
  | "studio-key-needed"
  | "rate-limited"
  | "bad-reply";

export interface RoomApiErrorDetails {
  readonly cause?: unknown;
  /** `error.reason` of the reply, e.g. `room-full`. */
  readonly serverReason?: string;
  /** From `Retry-After`, seconds. */
  readonly retryAfterS?: number;
}

export class RoomApiError extends StudioError<RoomApiReason> {
  readonly serverReason: string | undefined;
  readonly retryAfterS: number | undefined;

  constructor(reason: RoomApiReason, message: string, details: RoomApiErrorDetails = {}) {
    super(reason, "degraded", message, details.cause === undefined ? {} : { cause: details.cause });
    this.serverReason = details.serverReason;
    this.retryAfterS = details.retryAfterS;
  }

  static unreachable(cause: unknown): RoomApiError {
    return new RoomApiError("unreachable", "the server does not answer", { cause });
  }

  static badReply(what: string, cause?: unknown): RoomApiError {
    return new RoomApiError("bad-reply", `not an answer of Tapesync: ${what}`, { cause });
  }
}

export function isRoomApiError(error: unknown): error is RoomApiError {
  return error instanceof RoomApiError;
}

/** The server cannot be used right now, and nothing is known against asking again. */
export function isServerAway(error: unknown): boolean {
  return isRoomApiError(error) && ["unreachable", "server-failed", "bad-reply", "rate-limited"].includes(error.reason);
}

/**
 * The room's HTTP API as the page uses it, uploads excepted. Every method throws {@link RoomApiError}, or the signal's
 * reason when it was aborted. `token` is a participant's token or, where it says so, absent: then the cookie of
 * `exportsAccess` speaks for the page. Contract of the wire: docs/spec/http-api.md.
 */
export interface RoomApi {
  createRoom(body: CreateRoom, studioKey?: string): Promise<RoomCreated>;
  /** What a lobby may know; no token. */
  lobby(room: RoomId, signal?: AbortSignal): Promise<LobbyInfo>;
  join(room: RoomId, body: Join): Promise<Joined>;
  renewToken(room: RoomId, participant: ParticipantId, body: RenewToken): Promise<TokenRenewed>;
  /** A link that lets one person in past the waiting room, once. Host and co-hosts. */
  createInvite(room: RoomId, token: string): Promise<InviteCreated>;
  /** Addresses and short-lived credentials for the call's connections; none where the operator has no TURN keys. */
  iceServers(room: RoomId, token: string): Promise<IceServers["iceServers"]>;
  /** With the cookie when there is no token. */
  takes(room: RoomId, token?: string, signal?: AbortSignal): Promise<TakeList>;
  startDemux(room: RoomId, take: TakeId, deliver: StartDemux["deliver"], token: string): Promise<JobId>;
  deleteTake(room: RoomId, take: TakeId, token: string): Promise<void>;
  deleteRoom(room: RoomId, token: string): Promise<void>;
  editorLinks(room: RoomId, token: string): Promise<readonly EditorLink[]>;
  createEditorLink(room: RoomId, days: number, token: string): Promise<EditorLinkCreated>;
  revokeEditorLink(room: RoomId, link: EditorLinkId, token: string): Promise<void>;
  /** `key`: a host's token or an editor link's key. Sets the cookie that reads exports. */
  exportsAccess(room: RoomId, key: string): Promise<ExportsAccess>;
  /** `manifest.json` of a take's exports; with the cookie. */
  deliveryManifest(room: RoomId, take: TakeId, signal?: AbortSignal): Promise<DeliveryManifest>;
  /** Whether the server answers as ours; throws when not. */
  health(signal?: AbortSignal): Promise<void>;
}
