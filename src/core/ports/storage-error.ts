import { StudioError } from "#protocol/errors.ts";

export type StorageReason = "full" | "missing" | "conflict" | "unreadable";

/** What can go wrong in the journal or the manifest. Only `full` is something that the person can mend. */
export class StorageError extends StudioError<StorageReason> {
  /** No space is left on the device; nothing of the write is left behind. */
  static full(cause?: unknown): StorageError {
    return new StorageError("full", "critical", "There is no space left on this device.", { cause });
  }

  static missing(what: string, cause?: unknown): StorageError {
    return new StorageError("missing", "degraded", `${what} is not on this device.`, { cause });
  }

  /** Something else is already kept under that name; it was left as it is. */
  static conflict(what: string): StorageError {
    return new StorageError("conflict", "critical", `${what} is already kept with other contents.`);
  }

  static unreadable(what: string, cause?: unknown): StorageError {
    return new StorageError("unreadable", "critical", `${what} could not be read or written.`, { cause });
  }
}
