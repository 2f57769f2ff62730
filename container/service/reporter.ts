import { JOB_HEARTBEAT_MS, type JobProgress } from "#protocol/demux-job.ts";

/** Reports closer together than this tell people nothing new. */
const LEAST_MS = 500;

/**
 * Tells the backend how far a job is: each stage, however short, otherwise at most every `LEAST_MS`, and at least every half
 * heartbeat, so that the lease lives through one lost report.
 */
export class Reporter {
  readonly #send: (progress: JobProgress) => Promise<void>;
  readonly #onError: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  #latest: JobProgress = { stage: "reading", fraction: 0 };
  /** The beginnings of stages that wait for the report before them. */
  readonly #begun: JobProgress[] = [this.#latest];
  #sentMs = 0;
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
    if (progress.stage !== this.#latest.stage) this.#begun.push(progress);
    this.#latest = progress;
    if (this.#begun.length > 0 || Date.now() - this.#sentMs >= LEAST_MS) this.#flush();
  }

  #flush(): void {
    if (this.#busy) return;
    this.#busy = true;
    this.#sentMs = Date.now();
    this.#sending = this.#report(this.#begun.shift() ?? this.#latest);
  }

  async #report(progress: JobProgress): Promise<void> {
    try {
      await this.#send(progress);
    } catch (error) {
      this.#begun.length = 0;
      this.#onError(error);
    } finally {
      this.#busy = false;
    }
    if (this.#begun.length > 0) this.#flush();
  }

  /** No report comes after this. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    while (this.#busy) await this.#sending;
  }
}
