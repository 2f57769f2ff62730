import { mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { type DemuxJob, type ExportFile, exportFile, type JobProgress } from "#protocol/demux-job.ts";
import { type DeliveredFile, deliverTake } from "#media/deliver-take.ts";
import { folderSink } from "../files/folder-sink.ts";
import { hashBytes } from "../files/hash.ts";
import { BackendClient, type Patience } from "./backend-client.ts";
import { JobError, JobOver } from "./job-error.ts";
import { jobSources } from "./job-sources.ts";
import { Reporter } from "./reporter.ts";

export interface RunOptions {
  /** A folder for this job alone; made and removed here. */
  readonly folder: string;
  readonly patience: Patience;
  /** Aborted with a JobError: the job is given up and the backend told so. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: JobProgress) => void;
}

export type JobOutcome =
  | { readonly state: "done" }
  | { readonly state: "over" }
  | { readonly state: "failed"; readonly error: JobError };

/** Epochs asked for at once. */
const PARALLEL = 4;

/** Up to here one request carries a whole file; bodies end at 100 MB. */
const SINGLE_PUT_BYTES = 64 * 1024 * 1024;

/** The last word to a backend that may be gone: short, since the service is often about to end. */
const LAST_WORD: Patience = { firstMs: 100, longestMs: 500, totalMs: 2_000, requestMs: 2_000 };

/** How much of a job's time each stage takes, about. */
const STAGES = { reading: [0, 0.4], stitching: [0.4, 0.8], storing: [0.8, 1] } as const;

/** Runs one job to its end: fetch, stitch, store, report. Never rejects. */
export async function runJob(job: DemuxJob, options: RunOptions): Promise<JobOutcome> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const client = new BackendClient(job, options.patience, signal);
  const reporter = new Reporter(
    (progress) => client.progress(progress),
    (error) => stop.abort(error),
  );
  const progress = (stage: keyof typeof STAGES, fraction: number) => {
    const [from, to] = STAGES[stage];
    const update = { stage, fraction: from + (to - from) * Math.min(1, Math.max(0, fraction)) };
    reporter.update(update);
    options.onProgress?.(update);
  };
  try {
    const files = await produce(job, client, options.folder, signal, progress);
    await reporter.stop();
    await client.finished({ files });
    return { state: "done" };
  } catch (error) {
    await reporter.stop();
    return await giveUp(job, signal.aborted ? signal.reason : error);
  } finally {
    await rm(options.folder, { recursive: true, force: true });
  }
}

async function giveUp(job: DemuxJob, cause: unknown): Promise<JobOutcome> {
  if (cause instanceof JobOver) return { state: "over" };
  const error = JobError.from(cause);
  if (error.reason === "unexpected") console.error(`job ${job.job}:`, error.cause ?? error);
  try {
    const { reason, message, retry } = error;
    await new BackendClient(job, LAST_WORD, AbortSignal.timeout(LAST_WORD.totalMs)).failed({
      reason,
      message: message.slice(0, 500),
      retry,
    });
  } catch (unheard) {
    // The lease runs out instead: the backend tries again by itself.
    console.warn(`job ${job.job}: ${error.message} (not reported: ${String(unheard)})`);
  }
  return { state: "failed", error };
}

async function produce(
  job: DemuxJob,
  client: BackendClient,
  folder: string,
  signal: AbortSignal,
  progress: (stage: keyof typeof STAGES, fraction: number) => void,
): Promise<ExportFile[]> {
  const epochs = join(folder, "epochs");
  const files = join(folder, "files");
  await rm(folder, { recursive: true, force: true });
  await mkdir(epochs, { recursive: true });
  await mkdir(files);
  const delivery = await deliverTake(jobSources(job, client, epochs), folderSink(files), {
    hash: hashBytes,
    files: "all",
    parallel: PARALLEL,
    signal,
    onProgress: ({ stage, fraction }) => progress(stage, fraction),
  });
  await rm(epochs, { recursive: true, force: true });
  progress("storing", 0);
  const total = delivery.files.reduce((sum, file) => sum + file.bytes, 0);
  let stored = 0;
  for (const file of delivery.files) {
    signal.throwIfAborted();
    await store(client, join(files, file.name), file, (bytes) => progress("storing", (stored + bytes) / total));
    stored += file.bytes;
    progress("storing", stored / total);
  }
  return delivery.files.map((file) => v.parse(exportFile, file));
}

async function store(
  client: BackendClient,
  path: string,
  file: DeliveredFile,
  onBytes: (bytes: number) => void,
): Promise<void> {
  if (file.sha256 === null) throw new Error(`${file.name} has no checksum`);
  if (file.bytes <= SINGLE_PUT_BYTES) {
    await client.putFile(file.name, await readFile(path), file.sha256);
    return;
  }
  const handle = await open(path, "r");
  try {
    const read = async (from: number, to: number) => {
      const part = new Uint8Array(to - from);
      const { bytesRead } = await handle.read(part, 0, part.byteLength, from);
      if (bytesRead !== part.byteLength) throw new Error(`${file.name} is shorter than it was`);
      return part;
    };
    await client.putLargeFile(file.name, file.bytes, read, onBytes);
  } finally {
    await handle.close();
  }
}
