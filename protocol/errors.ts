import * as v from "valibot";

/** Whether the page may interrupt a person who is recording: only `critical` may. */
export type Severity = "note" | "degraded" | "critical";

/** An error with a closed set of reasons. Sub-classes name theirs and make them in static factories. */
export class StudioError<Reason extends string> extends Error {
  readonly reason: Reason;
  readonly severity: Severity;

  constructor(reason: Reason, severity: Severity, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.reason = reason;
    this.severity = severity;
  }
}

/** A failure as data: what crosses a worker boundary, where an Error keeps only message, name and stack. */
export interface Failure<Reason extends string = string> {
  readonly reason: Reason;
  readonly severity: Severity;
  readonly message: string;
}

export type Result<Value, Reason extends string = string> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly failure: Failure<Reason> };

export const ok = <Value>(value: Value): { readonly ok: true; readonly value: Value } => ({ ok: true, value });

export const failed = <Reason extends string>(
  failure: Failure<Reason>,
): { readonly ok: false; readonly failure: Failure<Reason> } => ({ ok: false, failure });

/** Any thrown value as a failure; a StudioError keeps its reason, anything else is `unexpected`. */
export function toFailure(error: unknown): Failure {
  if (error instanceof StudioError) return { reason: error.reason, severity: error.severity, message: error.message };
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { reason: "unexpected", severity: "critical", message };
}

/** The body of every HTTP error. `message` is for people, `reason` for code. */
export const errorReply = v.object({
  error: v.object({ reason: v.string(), message: v.string() }),
});
export type ErrorReply = v.InferOutput<typeof errorReply>;
