import type { Answer } from "../ports/upload-transport.ts";
import type { Scheduler } from "../ports/time.ts";
import { UploadSetback } from "./setback.ts";

/** What a caller has to judge itself; everything that passes by itself has been thrown as a setback. */
export type Judged<Reply> = Exclude<Reply, { kind: "busy" } | { kind: "foreign" } | { kind: "unreachable" }>;

interface AnyReply {
  readonly kind: string;
}

/** What a body that goes out in slices tells. */
export interface BodyProgress {
  /** Bytes that were handed to the network so far. */
  readonly taken: number;
  /** It is the pace that holds the next ones back. */
  readonly isWaiting: boolean;
}

const STALLED = Symbol("stalled");

/**
 * One request with a limit to its patience. `fetch` tells nothing of how much of a body has gone out, so the limit is
 * made of the body's size (`patience.ts`) and grows with each stall, instead of being one total for all. A body that goes out in
 * slices tells: for as long as more of it is taken, or the pace holds it back, the time begins anew when it is over.
 * @throws UploadSetback for everything that may pass by itself; the signal's reason when it was stopped.
 */
export async function guarded<Reply extends AnyReply>(
  scheduler: Scheduler,
  allowanceMs: number,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<Reply>,
  progress?: BodyProgress,
): Promise<Judged<Reply>> {
  const stop = new AbortController();
  const answered = new AbortController();
  const alarm = untilSilent(scheduler, allowanceMs, AbortSignal.any([signal, answered.signal]), progress);
  let reply: Reply | typeof STALLED;
  try {
    reply = await Promise.race([call(AbortSignal.any([signal, stop.signal])), alarm]);
  } finally {
    answered.abort();
  }
  if (reply === STALLED) {
    stop.abort();
    throw UploadSetback.server("server-silent", `no answer within ${Math.round(allowanceMs / 1000)} s`);
  }
  const passing = passingSetback(reply);
  if (passing) throw passing;
  return reply as Judged<Reply>;
}

async function untilSilent(
  scheduler: Scheduler,
  allowanceMs: number,
  signal: AbortSignal,
  progress?: BodyProgress,
): Promise<typeof STALLED> {
  for (;;) {
    const before = progress?.taken;
    await scheduler.delay(allowanceMs, signal);
    if (!progress || (progress.taken === before && !progress.isWaiting)) return STALLED;
  }
}

function passingSetback(reply: AnyReply): UploadSetback | null {
  const answer = reply as Answer<unknown>;
  switch (answer.kind) {
    case "unreachable":
      return UploadSetback.server("offline", answer.detail);
    case "foreign":
      return UploadSetback.server("captive-portal", `a reply (${answer.status}) that is not our server's`);
    case "busy":
      return busySetback(answer.status, answer.retryAfterMs);
    default:
      return null;
  }
}

/** 503 and 429 speak for the whole server; another 5xx may lie in this one epoch, so the others go first. */
function busySetback(status: number, retryAfterMs: number | null): UploadSetback {
  if (status === 429) return UploadSetback.server("too-many-requests", "the server asks for patience", retryAfterMs);
  if (status === 503) return UploadSetback.server("server-error", "the server is not available", retryAfterMs);
  return UploadSetback.epoch("server-error", `the server failed (${status})`, retryAfterMs);
}

/** A refusal by our server as a setback: 404 and 410 end the take for this launch, so does a lost seat. */
export function refusal(
  answer: { readonly status: number; readonly reason: string; readonly message: string },
  scope: "take" | "track" | "epoch",
): UploadSetback {
  const detail = `${answer.status} ${answer.reason}: ${answer.message}`;
  if (answer.status === 404 || answer.status === 410) return UploadSetback.givenUp("take", "gone", detail);
  if (answer.status === 401 || answer.status === 403) return UploadSetback.givenUp("take", "not-allowed", detail);
  if (answer.status === 409) return UploadSetback.givenUp(scope, "conflict", detail);
  return UploadSetback.givenUp(scope, "refused", detail);
}
