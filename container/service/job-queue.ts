import { join } from "node:path";
import type { DemuxJob, JobProgress } from "#protocol/demux-job.ts";
import type { Patience } from "./backend-client.ts";
import { JobError } from "./job-error.ts";
import { type JobOutcome, runJob } from "./run-job.ts";

export interface JobView {
  readonly job: string;
  readonly state: "queued" | "running" | JobOutcome["state"];
  readonly progress: JobProgress | null;
  readonly failure: { readonly reason: string; readonly message: string } | null;
}

export interface QueueOptions {
  readonly workDir: string;
  readonly patience: Patience;
  /** Jobs that run at once: each may use 300 MB and most of a processor. */
  readonly parallel: number;
}

/** Jobs that have ended and are still remembered. */
const REMEMBERED = 200;

/** Runs jobs, a few at a time, each once. */
export class JobQueue {
  readonly #options: QueueOptions;
  readonly #views = new Map<string, JobView>();
  readonly #waiting: DemuxJob[] = [];
  readonly #running = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** Accepts a job; one that is known already is not run again. */
  submit(job: DemuxJob): void {
    if (this.#views.has(job.job) || this.#stop.signal.aborted) return;
    this.#views.set(job.job, { job: job.job, state: "queued", progress: null, failure: null });
    this.#waiting.push(job);
    this.#fill();
  }

  view(job: string): JobView | undefined {
    return this.#views.get(job);
  }

  get busy(): number {
    return this.#running.size + this.#waiting.length;
  }

  #fill(): void {
    while (this.#running.size < this.#options.parallel) {
      const job = this.#waiting.shift();
      if (!job) return;
      this.#running.set(job.job, this.#run(job));
    }
  }

  async #run(job: DemuxJob): Promise<void> {
    const set = (change: Partial<JobView>) => {
      const view = this.#views.get(job.job);
      if (view) this.#views.set(job.job, { ...view, ...change });
    };
    set({ state: "running" });
    const outcome = await runJob(job, {
      folder: join(this.#options.workDir, `job-${job.job}`),
      patience: this.#options.patience,
      signal: this.#stop.signal,
      onProgress: (progress) => set({ progress }),
    });
    const failure =
      outcome.state === "failed" ? { reason: outcome.error.reason, message: outcome.error.message } : null;
    set({ state: outcome.state, failure });
    this.#running.delete(job.job);
    this.#forget();
    this.#fill();
  }

  #forget(): void {
    for (const [id, view] of this.#views) {
      if (this.#views.size <= REMEMBERED) return;
      if (view.state !== "queued" && view.state !== "running") this.#views.delete(id);
    }
  }

  /** Gives every job up and tells the backend, so that another service can take it. */
  async stop(): Promise<void> {
    this.#stop.abort(JobError.stopped());
    // Those that wait were promised as well: they start, find the service stopped, and say so.
    const waiting = this.#waiting.splice(0);
    await Promise.all([...this.#running.values(), ...waiting.map((job) => this.#run(job))]);
  }
}
