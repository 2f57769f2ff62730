/**
 * Every reason why the API does not do what was asked, with its status and what people read. Closed: clients decide by
 * the reason. Listed in docs/spec/http-api.md.
 */
export const REFUSALS = {
  "bad-json": [400, "The body is not the JSON that is expected here."],
  "bad-digest": [400, "Content-Digest must name one SHA-256, as in RFC 9530."],
  "lengths-differ": [400, "Content-Length and Upload-Length must be the same."],
  "bad-number": [400, "A number in the path or query is not valid."],
  "token-missing": [401, "A token is needed."],
  "token-refused": [401, "The token is not valid here."],
  "token-expired": [401, "The token has expired."],
  "refresh-refused": [401, "This seat cannot be renewed; join again."],
  "studio-key-wrong": [403, "Making rooms here needs the studio key."],
  "host-secret-wrong": [403, "The host secret is not the one of this room."],
  "not-host": [403, "Only the host may do this."],
  "invite-used": [403, "This invitation is not valid any more."],
  waiting: [403, "The host has not let you in yet."],
  "not-allowed": [403, "This is not allowed here."],
  "not-yours": [403, "This belongs to another participant."],
  "origin-refused": [403, "Pages of this origin may not connect."],
  "not-found": [404, "There is nothing here."],
  "not-there": [404, "Nobody and nothing of this name is there."],
  "unknown-take": [404, "This room has no such take."],
  "unknown-track": [404, "This take has no such track."],
  "unknown-epoch": [404, "This track has no such epoch."],
  "unknown-upload": [404, "There is no such multipart upload."],
  "room-full": [409, "The room is full."],
  "too-many": [409, "There are too many of these already."],
  "other-bytes": [409, "Other bytes are stored there."],
  "other-description": [409, "It is described differently already."],
  "track-sealed": [409, "The track is sealed, with fewer epochs or otherwise."],
  "epochs-missing": [409, "Epochs of this track are missing."],
  "other-chain": [409, "The last epoch that is stored is another one."],
  "take-rolling": [409, "The take is still being recorded."],
  "take-incomplete": [409, "The take is not complete yet."],
  "nothing-to-deliver": [409, "Nothing of this take has arrived."],
  "take-deleted": [410, "The take was deleted."],
  "job-over": [410, "This job is not running, or no longer."],
  "length-missing": [411, "Content-Length is needed."],
  "too-large": [413, "The body is too large."],
  "range-refused": [416, "The file has no such range."],
  "length-wrong": [422, "The body does not have the length that was declared."],
  "digest-wrong": [422, "The body does not have the SHA-256 that was declared."],
  "parts-wrong": [422, "The parts do not make up the file."],
  "files-missing": [422, "Files that were named are not stored."],
  "upgrade-needed": [426, "This is a WebSocket."],
  "too-fast": [429, "Too many requests; try again later."],
  unexpected: [500, "Something went wrong here."],
  "call-unavailable": [502, "The call's server does not answer as it should; try again."],
  "no-call": [503, "There is no live call here; the operator has not set one up."],
  "store-unavailable": [503, "The store does not answer; try again."],
  "room-unavailable": [503, "The room does not answer; try again."],
  "not-configured": [503, "SIGNING_SECRET is not set; the operator must set it."],
  "call-timeout": [504, "The call's server takes too long; try again."],
} as const satisfies Record<string, readonly [number, string]>;

export type Reason = keyof typeof REFUSALS;

/** What was asked is not done, and why. `missing` comes with `epochs-missing` only. */
export interface Refusal {
  readonly reason: Reason;
  /** Closed ranges `[first, last]`. */
  readonly missing?: readonly (readonly number[])[];
}

/** An answer of the room to a route. */
export type Outcome<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly refusal: Refusal };

export const refused = (reason: Reason): { readonly ok: false; readonly refusal: Refusal } => ({
  ok: false,
  refusal: { reason },
});

/** Thrown by routes, answered by the application's error handler. */
export class ApiError extends Error {
  readonly refusal: Refusal;
  readonly headers: Readonly<Record<string, string>>;

  constructor(refusal: Refusal, headers: Readonly<Record<string, string>> = {}) {
    super(refusal.reason);
    this.name = "ApiError";
    this.refusal = refusal;
    this.headers = headers;
  }

  static of(reason: Reason, headers: Readonly<Record<string, string>> = {}): ApiError {
    return new ApiError({ reason }, headers);
  }
}

/** The value of an outcome. @throws ApiError when it is a refusal. */
export function valueOf<Value>(outcome: Outcome<Value>): Value {
  if (!outcome.ok) throw new ApiError(outcome.refusal);
  return outcome.value;
}

/** A refusal as the body of a reply: an `errorReply`, or `epochsMissing`. */
export function refusalBody(refusal: Refusal) {
  const error = { reason: refusal.reason, message: REFUSALS[refusal.reason][1] };
  return refusal.missing ? { error, missing: refusal.missing } : { error };
}
