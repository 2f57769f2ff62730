import { StudioError } from "#protocol/errors.ts";

/** `refused`: the server will not; `broken`: an answer that nobody can use; `sender`: the browser refuses a change of what is sent. */
export type CallFault = "refused" | "broken" | "sender" | "playback";

/** What goes wrong in the call; never more than `degraded`, since no take depends on it. */
export class CallError extends StudioError<CallFault> {
  static refused(operation: string, status: number, said: string): CallError {
    return new CallError("refused", "degraded", `${operation}: ${status} ${said}`);
  }

  static broken(operation: string, said: string, cause?: unknown): CallError {
    return new CallError("broken", "degraded", `${operation}: ${said}`, { cause });
  }

  static sender(what: string, cause: unknown): CallError {
    return new CallError("sender", "degraded", `what is sent could not be changed: ${what}`, { cause });
  }

  static playback(cause: unknown): CallError {
    return new CallError("playback", "degraded", "a sound of the call could not be played", { cause });
  }
}
