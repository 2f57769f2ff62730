import {
  JOB_LEASE_MS,
  JOB_MAX_TRIES,
  type ExportFile,
  type JobFailed,
  type JobProgress,
  type JobState,
} from "#protocol/demux-job.ts";
import type { JobId, TakeId } from "#protocol/ids.ts";
import { jobPrefix } from "../r2/keys.ts";
import { inputOf, isComplete, type JobRow, type RoomState, type Take, withEntry } from "./room-state.ts";
import { changeTake, type Effect, refuse, type Step, type StepContext, stay, TAKES_CHANGED } from "./step-parts.ts";
import { absent } from "./step-takes.ts";

/** Waits before the second, third … try: quick for a service that restarts, 102 s in all for one that is down. */
export const RETRY_AFTER_MS = [2_000, 8_000, 32_000, 60_000] as const;

/** Whether a job holds the take: there is never a second one beside it. */
export function isOpen(job: JobRow | null): job is JobRow & { readonly state: "waiting" | "running" } {
  return job?.state === "waiting" || job?.state === "running";
}

function queued(deliver: JobState["deliver"], { nowMs, newJob }: StepContext): JobRow {
  return {
    job: newJob(),
    state: "waiting",
    deliver,
    stage: null,
    fraction: 0,
    tries: 0,
    startedMs: nowMs,
    failure: null,
    input: "",
    dueMs: nowMs,
  };
}

export interface DemuxEvent {
  readonly type: "demux";
  readonly take: TakeId;
  readonly deliver: JobState["deliver"];
}

/** Host: deliver now, or again. While a job is open, that one is meant. */
export function stepDemux(state: RoomState, event: DemuxEvent, context: StepContext): Step {
  const take = state.takes.get(event.take);
  if (!take) return refuse(state, absent(state, event.take));
  if (take.row.state === "rolling") return refuse(state, "take-rolling");
  if (event.deliver === "complete" && !isComplete(take)) return refuse(state, "take-incomplete");
  if ([...take.tracks.values()].every((track) => track.epochs === 0)) return refuse(state, "nothing-to-deliver");
  if (isOpen(take.row.job)) return stay(state);
  return stay(changeTake(state, take, { job: queued(event.deliver, context) }), [TAKES_CHANGED]);
}

/**
 * A job for a take that has become complete or has got more since its newest job. One that failed on the very same input is
 * not tried again by itself.
 */
export function queueWhenComplete(state: RoomState, take: Take, context: StepContext): Step {
  const { job } = take.row;
  if (isOpen(job) || !isComplete(take) || job?.input === inputOf(take)) return stay(state);
  if ([...take.tracks.values()].every((track) => track.epochs === 0)) return stay(state);
  return stay(changeTake(state, take, { job: queued("complete", context) }), [TAKES_CHANGED]);
}

/** Starts what is due: a waiting job is dispatched, a running one whose lease has ended has failed its try. */
export function runDueJob(state: RoomState, take: Take, context: StepContext): Step {
  const { job } = take.row;
  if (!isOpen(job) || job.dueMs > context.nowMs) return stay(state);
  if (job.state === "running") {
    const silent = { reason: "silent", message: "The render service stopped reporting." };
    return failTry(state, take, job, { ...silent, retry: true }, context);
  }
  // Each try is a run of its own, so that a forgotten one can neither report nor store into this one's files.
  const id = job.tries === 0 ? job.job : context.newJob();
  const running: JobRow = {
    ...job,
    job: id,
    state: "running",
    stage: null,
    fraction: 0,
    tries: job.tries + 1,
    input: inputOf(take),
    dueMs: context.nowMs + JOB_LEASE_MS,
  };
  const effects: readonly Effect[] = [{ type: "dispatch", take: take.row.take, job: id }, TAKES_CHANGED];
  return stay(changeTake(state, take, { job: running }), effects);
}

interface Failure {
  readonly reason: string;
  readonly message: string;
  readonly retry: boolean;
}

function failTry(state: RoomState, take: Take, job: JobRow, failure: Failure, { nowMs }: StepContext): Step {
  const again = failure.retry && job.tries < JOB_MAX_TRIES;
  const wait = RETRY_AFTER_MS[Math.min(job.tries, RETRY_AFTER_MS.length) - 1] ?? RETRY_AFTER_MS[0];
  const failed: JobRow = {
    ...job,
    state: again ? "waiting" : "failed",
    stage: null,
    fraction: 0,
    failure: { reason: failure.reason, message: failure.message },
    dueMs: nowMs + wait,
  };
  const next = changeTake(state, take, { job: failed });
  return stay(purgeJob(next, take.row.take, job.job, nowMs), [TAKES_CHANGED]);
}

function purgeJob(state: RoomState, take: TakeId, job: JobId, nowMs: number): RoomState {
  const prefix = jobPrefix(state.meta.room, take, job);
  return { ...state, purges: withEntry(state.purges, prefix, { prefix, dueMs: nowMs, again: true }) };
}

/** The take whose newest job is this one. */
function ofJob(state: RoomState, take: TakeId, job: JobId): { readonly take: Take; readonly job: JobRow } | null {
  const found = state.takes.get(take);
  return found?.row.job?.job === job ? { take: found, job: found.row.job } : null;
}

/** Whether this job may read epochs and store files now. */
export function isRunning(state: RoomState, take: TakeId, job: JobId): boolean {
  return ofJob(state, take, job)?.job.state === "running";
}

/** Every report but the last renews the lease. */
export interface JobEvent {
  readonly type: "job";
  readonly take: TakeId;
  readonly job: JobId;
  readonly report:
    | { readonly type: "progress"; readonly progress: JobProgress }
    | { readonly type: "failed"; readonly failure: Omit<JobFailed, "reason"> & { readonly reason: string } }
    | { readonly type: "finished"; readonly files: readonly ExportFile[] };
}

export function stepJob(state: RoomState, event: JobEvent, context: StepContext): Step {
  const found = ofJob(state, event.take, event.job);
  const { report } = event;
  // The answer to a report may be lost: it is said again, and is true.
  if (found?.job.state === "done" && report.type === "finished") return stay(state);
  if (found?.job.state !== "running") return refuse(state, "job-over");
  const { take, job } = found;
  if (report.type === "failed") return failTry(state, take, job, report.failure, context);
  if (report.type === "progress") {
    const running: JobRow = { ...job, ...report.progress, dueMs: context.nowMs + JOB_LEASE_MS };
    return stay(changeTake(state, take, { job: running }), [TAKES_CHANGED]);
  }
  const done: JobRow = { ...job, state: "done", stage: null, fraction: 1, failure: null };
  const delivered = { job: job.job, files: [...report.files] };
  const next = changeTake(state, take, { job: done, delivered });
  const before = take.row.delivered?.job;
  return stay(before ? purgeJob(next, take.row.take, before, context.nowMs) : next, [TAKES_CHANGED]);
}
