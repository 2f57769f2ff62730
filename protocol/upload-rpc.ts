import type { Result } from "./errors.ts";
import type { RoomId, TakeId, TrackId } from "./ids.ts";

/** Between the page and its upload worker, over Comlink. Both ends come from one build, so types are enough. Rules: docs/spec/upload.md. */

/**
 * Why the upload does not move. Each of them passes by itself, or is for the person to end.
 * - `offline`: no server was reached.
 * - `server-silent`: a request was taken, and then nothing came for too long.
 * - `server-error`: the server failed (5xx), or answered what is no receipt.
 * - `too-many-requests`: it asked for patience (429).
 * - `captive-portal`: somebody else answered in its place: the network wants a sign-in.
 * - `storage`: this device's disk or database did not answer.
 * - `another-uploader`: another tab, or the service worker, is uploading for this device.
 * - `unexpected`: a fault of ours; it is tried again.
 */
export type UploadWait =
  | "offline"
  | "server-silent"
  | "server-error"
  | "too-many-requests"
  | "captive-portal"
  | "storage"
  | "another-uploader"
  | "unexpected";

/**
 * Why something is not tried again in this launch, unless the person asks for it. The bytes stay, whatever it is.
 * - `refused`: the server refuses it.
 * - `conflict`: other bytes are stored under the epoch's number.
 * - `gone`: the room or take was deleted, or has expired.
 * - `not-allowed`: the participant was removed from the room, or its seat is no longer known.
 * - `no-seat`: this device has lost what it needs to speak for the participant.
 * - `no-consent`: the take has no consent with it, so nothing of it is sent.
 * - `studio-key-needed`: the server makes rooms only for those who have its studio key.
 * - `corrupt-local`: the file's bytes are not those that were sealed.
 * - `bytes-missing`: the manifest names an epoch that has no file.
 * - `hole`: the manifest itself misses an epoch in the middle of a track.
 */
export type UploadTrouble =
  | "refused"
  | "conflict"
  | "gone"
  | "not-allowed"
  | "no-seat"
  | "no-consent"
  | "studio-key-needed"
  | "corrupt-local"
  | "bytes-missing"
  | "hole";

export interface UploadProblem {
  readonly reason: UploadTrouble;
  readonly take: TakeId;
  /** `null`: the whole take. */
  readonly track: TrackId | null;
  /** `null`: the whole track. */
  readonly seq: number | null;
  /** For the debug panel; the page words the reason itself. */
  readonly detail: string;
}

/** What is left of one take; takes that have arrived are not listed. */
export interface TakeUpload {
  readonly take: TakeId;
  readonly room: RoomId | null;
  readonly epochsLeft: number;
  readonly bytesLeft: number;
  /** Tracks that the server has not accepted the seal of, those that still record included. */
  readonly tracksLeft: number;
}

/** All counts are over all takes of this device. */
export interface UploadState {
  /** `draining` with the reason `another-uploader`: it moves, but not by this worker. */
  readonly phase: "idle" | "draining" | "waiting";
  readonly reason: UploadWait | null;
  /** More about `reason`, for the debug panel. */
  readonly detail: string | null;
  /** ms from this state to the next try, 0 while it is being made; `null` when none is needed. */
  readonly nextTryMs: number | null;
  readonly epochsLeft: number;
  readonly bytesLeft: number;
  /** Over the last seconds. 0 when nothing moves. */
  readonly bytesPerSecond: number;
  readonly tracksLeft: number;
  /**
   * Every epoch that this device has sealed has a receipt, by the manifest itself. Says nothing about frames that an
   * encoder still holds: while this page records, nobody is safe to leave.
   */
  readonly safe: boolean;
  readonly takes: readonly TakeUpload[];
  readonly problems: readonly UploadProblem[];
}

/** Before the manifest was read. */
export const UNKNOWN_UPLOAD: UploadState = {
  phase: "idle",
  reason: null,
  detail: null,
  nextTryMs: null,
  epochsLeft: 0,
  bytesLeft: 0,
  bytesPerSecond: 0,
  tracksLeft: 0,
  safe: false,
  takes: [],
  problems: [],
};

/**
 * What wakes the uploader. `commit` (an epoch was sealed) and `manifest` (another row changed) never cut a back-off
 * short; `online` and `visible` do, unless the server asked for patience; `person` always does, and gives what was
 * given up another try.
 */
export type UploadKick = "commit" | "manifest" | "online" | "visible" | "person";

/** What the launch found and mended before the first upload. */
export interface UploadStarted {
  /** Takes that were found cut short and closed. */
  readonly cutShort: readonly TakeId[];
}

export interface UploadWorkerApi {
  /** Mends what a crash left, then uploads until `stop`. A second call changes nothing and answers the same. */
  start(): Promise<Result<UploadStarted>>;
  kick(why: UploadKick): void;
  retryNow(): void;
  /** What a live call leaves to the upload, bytes/s; `null`: there is no call, or nothing limits. Holds until the next word. */
  pace(bytesPerSecond: number | null): void;
  /** The operator's key, for rooms that the upload makes; tries again what waited for it. */
  useStudioKey(key: string | null): void;
  /** Calls at once with the newest state, then on every change, at most some times a second. */
  subscribe(listener: (state: UploadState) => void): void;
  /** Resolves when no request is under way and the lock is free. */
  stop(): Promise<void>;
}
