import { StudioError } from "#protocol/errors.ts";
import type { TrackId } from "#protocol/ids.ts";
import type { UploadTrouble, UploadWait } from "#protocol/upload-rpc.ts";

/** How much of the upload a setback stops. */
export type SetbackScope = "server" | "take" | "track" | "epoch";

/**
 * Why a piece of work could not be done now: to wait for (`wait`), or given up in this launch (`trouble`). The bytes
 * stay in either case. Made only by the factories here.
 */
export class UploadSetback extends StudioError<UploadWait | UploadTrouble> {
  readonly wait: UploadWait | null;
  readonly trouble: UploadTrouble | null;
  readonly scope: SetbackScope;
  /** The track that it is about, where that is not the one of the work that met it. */
  readonly track: TrackId | null;
  /** What the server asked for, ms; not capped. */
  readonly retryAfterMs: number | null;

  private constructor(
    what: { wait: UploadWait } | { trouble: UploadTrouble },
    scope: SetbackScope,
    detail: string,
    more: { retryAfterMs?: number | null; track?: TrackId; cause?: unknown } = {},
  ) {
    const wait = "wait" in what ? what.wait : null;
    const trouble = "trouble" in what ? what.trouble : null;
    super(
      "wait" in what ? what.wait : what.trouble,
      trouble ? "degraded" : "note",
      detail,
      more.cause === undefined ? {} : { cause: more.cause },
    );
    this.wait = wait;
    this.trouble = trouble;
    this.scope = scope;
    this.track = more.track ?? null;
    this.retryAfterMs = more.retryAfterMs ?? null;
  }

  /** The server, or the way to it, cannot be used: everything waits. */
  static server(wait: UploadWait, detail: string, retryAfterMs: number | null = null): UploadSetback {
    return new UploadSetback({ wait }, "server", detail, { retryAfterMs });
  }

  /** Only this epoch waits; others go first. */
  static epoch(wait: UploadWait, detail: string, retryAfterMs: number | null = null): UploadSetback {
    return new UploadSetback({ wait }, "epoch", detail, { retryAfterMs });
  }

  /** This device's disk or database failed under the upload. */
  static storage(cause: unknown): UploadSetback {
    const detail = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    return new UploadSetback({ wait: "storage" }, "epoch", detail, { cause });
  }

  static givenUp(scope: "take" | "track" | "epoch", trouble: UploadTrouble, detail: string): UploadSetback {
    return new UploadSetback({ trouble }, scope, detail);
  }

  /** The same, about a track of the take that need not be the one that was being worked on. */
  about(track: TrackId): UploadSetback {
    const { trouble, scope, message } = this;
    return trouble === null || scope !== "track" ? this : new UploadSetback({ trouble }, scope, message, { track });
  }
}

export function isSetback(error: unknown): error is UploadSetback {
  return error instanceof UploadSetback;
}

/** Wraps a call of the manifest or the journal, so that its failure is told from a fault of ours. */
export async function stored<Value>(call: () => Promise<Value>): Promise<Value> {
  try {
    return await call();
  } catch (error) {
    throw isSetback(error) ? error : UploadSetback.storage(error);
  }
}
