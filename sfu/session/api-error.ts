/** Codes of refused requests and of refused tracks inside a 200. Those that Cloudflare's documents name keep their names. */
export type ApiErrorCode =
  | "unauthorized"
  | "not_found"
  | "method_not_allowed"
  | "decoding_error"
  | "body_too_large"
  | "invalid_session_description"
  | "session_error"
  | "too_early"
  | "rate_limited"
  | "too_many_sessions"
  | "not_supported"
  | "internal_error"
  | TrackErrorCode;

export type TrackErrorCode =
  | "not_found_track_error"
  | "too_many_tracks"
  | "close_track_error"
  | "update_track_error"
  | "push_track_error";

/** A request that is refused as a whole. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: ApiErrorCode;

  private constructor(status: number, code: ApiErrorCode, message: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
  }

  static unauthorized() {
    return new ApiError(401, "unauthorized", "The app secret was not accepted.");
  }

  static notFound() {
    return new ApiError(404, "not_found", "There is nothing at this address.");
  }

  static methodNotAllowed() {
    return new ApiError(405, "method_not_allowed", "Not with this method.");
  }

  static decoding(why: string) {
    return new ApiError(400, "decoding_error", `The request could not be decoded: ${why}`);
  }

  static bodyTooLarge() {
    return new ApiError(413, "body_too_large", "The body is too large.");
  }

  /** Also for an operation that another one must finish first. */
  static description(why: string) {
    return new ApiError(406, "invalid_session_description", why);
  }

  static sessionGone() {
    return new ApiError(410, "session_error", "There is no such session, or its connection was lost.");
  }

  static tooEarly() {
    return new ApiError(425, "too_early", "The session is not connected yet.");
  }

  static rateLimited() {
    return new ApiError(429, "rate_limited", "Too many requests for this session.");
  }

  static tooManySessions() {
    return new ApiError(503, "too_many_sessions", "There are too many sessions.");
  }

  static notSupported(what: string) {
    return new ApiError(501, "not_supported", `The embedded SFU has no ${what}.`);
  }
}

/** What is said of one track that could not be served, inside a 200. */
export interface TrackProblem {
  readonly errorCode: TrackErrorCode;
  readonly errorDescription: string;
}

export const trackProblem = (errorCode: TrackErrorCode, errorDescription: string): TrackProblem => ({
  errorCode,
  errorDescription,
});
