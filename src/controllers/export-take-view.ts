import type { ExportFile, JobState } from "#protocol/demux-job.ts";
import { EPOCH_MAX_US } from "#protocol/epoch-format.ts";
import type { TakeSummary, TrackSummary } from "#protocol/http-api.ts";
import type { RoomId } from "#protocol/ids.ts";
import { type DeliveredTake, kindByName } from "./delivered-take.ts";
import type { ExportFileView, ExportState, ExportTakeView, JobStepView, MissingView } from "./exports-view.ts";
import type { ProgressRates } from "./progress-rate.ts";

export interface ExportTakeNow {
  readonly room: RoomId;
  /** Its place among the room's takes, from 1; used when the server does not number them. */
  readonly place: number;
  /** From `manifest.json`, once it was read. */
  readonly delivered: DeliveredTake | undefined;
  readonly rates: ProgressRates;
  /** Wall clock, ms since 1970. */
  readonly wallMs: number;
  /** Whether this page may download. */
  readonly mayRead: boolean;
}

/** One take of the exports page, from the server's summary of it. */
export function exportTakeView(take: TakeSummary, now: ExportTakeNow): ExportTakeView {
  const hasFiles = take.exports.length > 0 && now.mayRead;
  const delivered = hasFiles ? now.delivered : undefined;
  return {
    id: take.take,
    number: take.number === undefined || take.number === 0 ? now.place : take.number,
    atMs: take.startedMs,
    lengthMs: delivered?.lengthMs ?? lengthOf(take, now.wallMs),
    people: new Set(take.tracks.map((track) => track.participant)).size || take.participants.length,
    bytes: sum((take.exports.length > 0 ? take.exports : take.tracks).map((each) => each.bytes)),
    state: exportState(take, now.rates),
    files: hasFiles ? take.exports.map((file) => fileView(file, take, now)).sort(byKind) : [],
    ...(hasFiles ? { downloadAllHref: `${takePath(now.room, take)}/exports.zip` } : {}),
    verified: delivered?.verified ?? false,
    ...(delivered?.syncWithinMs === undefined ? {} : { syncWithinMs: delivered.syncWithinMs }),
    gaps: delivered?.gaps ?? [],
    incomplete: hasFiles && (delivered?.incomplete ?? (take.job?.deliver === "what-is-there" && !take.complete)),
    ...(delivered === undefined ? {} : { lanes: delivered.lanes }),
    expiresAtMs: take.expiresMs,
  };
}

/** Notes how far everything is, so that the view can say how long it takes. `atMs` on any monotonic clock. */
export function noteProgress(take: TakeSummary, rates: ProgressRates, atMs: number): void {
  if (take.job?.state === "running") rates.note(jobKey(take.job), take.job.fraction, atMs);
  for (const { participant } of take.participants) {
    const own = take.tracks.filter((track) => track.participant === participant);
    rates.note(arrivalKey(take, participant), sum(own.map((track) => track.epochs)), atMs);
  }
}

/** Something of the take changes by itself. */
export function isMoving(take: TakeSummary): boolean {
  return take.state === "rolling" || take.job?.state === "waiting" || take.job?.state === "running" || !isSettled(take);
}

/** All that can come has come, and a job has dealt with it. */
function isSettled(take: TakeSummary): boolean {
  return take.complete && take.job !== null;
}

function exportState(take: TakeSummary, rates: ProgressRates): ExportState {
  const { job } = take;
  if (job?.state === "running") return makingState(take, job, rates);
  if (job?.state === "waiting") {
    if (job.failure === null || job.nextTryInMs == null) return { kind: "queued" };
    return failedState(job, job.failure.message, Math.max(1, Math.ceil(job.nextTryInMs / 1000)));
  }
  if (job?.state === "failed") return failedState(job, job.failure?.message ?? "The render service gave no reason.");
  if (take.exports.length > 0) return { kind: "ready" };
  if (take.complete) return { kind: "queued" };
  return { kind: "arriving", recording: take.state === "rolling", missing: missingOf(take, rates) };
}

function failedState(job: JobState, why: string, retryInS?: number): ExportState {
  return {
    kind: "failed",
    why: /[.!?]$/.test(why) ? why : `${why}.`,
    canDeliverWithout: job.deliver === "complete" && job.failure?.reason === "source-unreadable",
    ...(retryInS === undefined ? {} : { retryInS }),
  };
}

/** The steps that a job's three stages go through; what of them the stage has behind it. */
const STEPS = ["arrived", "checked", "masters", "timeline", "checksums"] as const;
const STEP_OF_STAGE: Record<NonNullable<JobState["stage"]>, number> = { reading: 1, stitching: 2, storing: 4 };

function makingState(take: TakeSummary, job: JobState, rates: ProgressRates): ExportState {
  const at = job.stage === null ? 1 : STEP_OF_STAGE[job.stage];
  const epochs = sum(take.tracks.map((track) => track.epochs)).toLocaleString("en-US");
  const steps = STEPS.map((name, index): JobStepView => {
    if (index > at) return { name, state: "later" };
    if (index === at) return { name, state: "now", fraction: job.fraction };
    return { name, state: "done", ...(index < 2 ? { figure: epochs } : {}) };
  });
  const etaMs = rates.etaMs(jobKey(job), 1 - job.fraction);
  return { kind: "making", steps, ...(etaMs === undefined ? {} : { etaMs }) };
}

function missingOf(take: TakeSummary, rates: ProgressRates): MissingView[] {
  return take.participants.flatMap((person): MissingView[] => {
    const own = take.tracks.filter((track) => track.participant === person.participant);
    if (own.length > 0 && own.every(hasArrived)) return [];
    const known = own.length > 0 && own.every((track) => track.expected !== null);
    const epochsMissing = known
      ? sum(own.map((track) => Math.max(0, (track.expected ?? 0) - track.epochs)))
      : undefined;
    const etaMs =
      epochsMissing === undefined ? undefined : rates.etaMs(arrivalKey(take, person.participant), epochsMissing);
    return [
      {
        id: person.participant,
        name: person.name,
        ...(epochsMissing === undefined ? {} : { epochsMissing }),
        ...(etaMs === undefined ? {} : { etaMs }),
        reachable: person.connected ?? true,
      },
    ];
  });
}

function hasArrived(track: TrackSummary): boolean {
  return track.sealed && track.epochs >= (track.expected ?? 0);
}

/** Nearest knowledge first: the room's clock, then how many epochs of at most 2 s the longest track has. 0: unknown. */
function lengthOf(take: TakeSummary, wallMs: number): number {
  if (take.stoppedMs != null) return Math.max(0, take.stoppedMs - take.startedMs);
  if (take.state === "rolling") return Math.max(0, wallMs - take.startedMs);
  return (Math.max(0, ...take.tracks.map((track) => track.epochs)) * EPOCH_MAX_US) / 1000;
}

function fileView(file: ExportFile, take: TakeSummary, now: ExportTakeNow): ExportFileView {
  const said = now.delivered?.files[file.name];
  return {
    name: file.name,
    href: `${takePath(now.room, take)}/exports/${encodeURIComponent(file.name)}`,
    bytes: file.bytes,
    kind: file.kind === "master" ? (said?.kind ?? kindByName(file.name)) : file.kind,
    ...(said?.what === undefined ? {} : { what: said.what }),
  };
}

const FILE_ORDER: readonly ExportFileView["kind"][] = [
  "video",
  "audio",
  "screen",
  "timeline",
  "manifest",
  "checksums",
  "other",
];

function byKind(a: ExportFileView, b: ExportFileView): number {
  return FILE_ORDER.indexOf(a.kind) - FILE_ORDER.indexOf(b.kind) || (a.name < b.name ? -1 : 1);
}

const takePath = (room: RoomId, take: TakeSummary): string => `/api/rooms/${room}/takes/${take.take}`;
const jobKey = (job: JobState): string => `job ${job.job}`;
const arrivalKey = (take: TakeSummary, participant: string): string => `take ${take.take} ${participant}`;

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
