import { StudioError } from "#protocol/errors.ts";
import type { JobFailed } from "#protocol/demux-job.ts";

/** Why a job ended without files; what the backend is told. */
export class JobError extends StudioError<JobFailed["reason"]> {
  readonly retry: boolean;

  constructor(reason: JobFailed["reason"], message: string, retry: boolean, options?: { cause?: unknown }) {
    super(reason, "critical", message, options);
    this.retry = retry;
  }

  static backendUnreachable(what: string, cause: unknown): JobError {
    return new JobError("backend-unreachable", `The backend did not answer: ${what}.`, true, { cause });
  }

  static sourceUnreadable(what: string): JobError {
    return new JobError("source-unreadable", what, false);
  }

  static stopped(): JobError {
    return new JobError("stopped", "The render service was stopped.", true);
  }

  /** Whatever ended a job, as a reason of the closed set. */
  static from(error: unknown): JobError {
    if (error instanceof JobError) return error;
    if (error instanceof StudioError && error.reason === "no-media")
      return new JobError("no-media", error.message, false);
    if (hasCode(error, "ENOSPC") || hasCode(error, "EDQUOT"))
      return new JobError("out-of-space", "The render service has no space left.", true, { cause: error });
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return new JobError("unexpected", message.slice(0, 500), true, { cause: error });
  }
}

/** The backend no longer wants this job: it was given to another, or the take is gone. Nothing is reported. */
export class JobOver extends Error {
  override readonly name = "JobOver";
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
