import { StudioError } from "#protocol/errors.ts";

/** Why a camera or microphone cannot be had. */
export type DeviceReason =
  /** The person or their organisation said no. */
  | "refused"
  /** The sharing dialog was closed without a choice. */
  | "cancelled"
  | "not-found"
  /** Another program holds it. */
  | "in-use"
  /** It was there, and then not. */
  | "gone";

/** In plain words what became of a request for a device. */
export class DeviceError extends StudioError<DeviceReason> {
  /** @throws the error itself when it is none of the browser's answers to such a request */
  static from(error: unknown, what: string): DeviceError {
    if (!(error instanceof Error)) throw error;
    const cause = { cause: error };
    switch (error.name) {
      case "NotAllowedError":
      case "SecurityError":
        return new DeviceError("refused", "degraded", `The browser was not allowed to use the ${what}.`, cause);
      case "NotFoundError":
      case "OverconstrainedError":
        return new DeviceError("not-found", "degraded", `No ${what} was found.`, cause);
      case "NotReadableError":
        return new DeviceError("in-use", "degraded", `Another program is using the ${what}.`, cause);
      case "AbortError":
        return new DeviceError("gone", "degraded", `The ${what} went away while it was opened.`, cause);
      default:
        throw error;
    }
  }

  static cancelled(cause: unknown): DeviceError {
    return new DeviceError("cancelled", "note", "Nothing was shared.", { cause });
  }
}
