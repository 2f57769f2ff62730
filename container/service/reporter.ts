import { JOB_HEARTBEAT_MS, type JobProgress } from "#protocol/demux-job.ts";

/** Reports closer together than this tell people nothing new. */
const LEAST_MS = 500;

/**
 * Tells the backend how far a job is: when the stage changes, at most every `LEAST_MS`, and at least every half
 * heartbeat, so that the lease lives through one lost report.
 */
export class Reporter {
  readonly #send: (progress: JobProgress) => Promise<void>;
  readonly #onError: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  #latest: JobProgress = { stage: "reading", fraction: 0 };
  #sentMs = 0;
  #sentStage = "";
  #sending: Promise<void> = Promise.resolve();
  #busy = false;

  /** `onError`: the backend could not be told; decides what becomes of the job. */
  constructor(send: (progress: JobProgress) => Promise<void>, onError: (error: unknown) => void) {
    this.#send = send;
    this.#onError = onError;
    this.#timer = setInterval(() => this.#flush(), JOB_HEARTBEAT_MS / 2);
    this.#flush();
  }

  update(progress: JobProgress): void {
    this.#latest = progress;
    if (progress.stage !== this.#sentStage || Date.now() - this.#sentMs >= LEAST_MS) this.#flush();
  }

  #flush(): void {
    if (this.#busy) return;
    this.#busy = true;
    this.#sentMs = Date.now();
    this.#sentStage = this.#latest.stage;
    this.#sending = this.#report(this.#latest);
  }

  async #report(progress: JobProgress): Promise<void> {
    try {
      await this.#send(progress);
    } catch (error) {
      this.#onError(error);
    } finally {
      this.#busy = false;
    }
  }

  /** No report comes after this. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sending;
  }
}
