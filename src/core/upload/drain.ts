import { toFailure } from "#protocol/errors.ts";
import type { UploadWait } from "#protocol/upload-rpc.ts";
import { waitMs } from "./back-off.ts";
import { EpochUpload } from "./epoch-upload.ts";
import { LANES, LARGE_PLAN, REPLAN_LARGE_MS } from "./limits.ts";
import { Patience } from "./patience.ts";
import { Seats } from "./seats.ts";
import { isSetback, stored, type UploadSetback } from "./setback.ts";
import { SetbackBook } from "./setback-book.ts";
import { TakePreparation } from "./take-preparation.ts";
import { TrackSeal } from "./track-seal.ts";
import type { UploadBoard } from "./upload-board.ts";
import { type Job, makePlan, type UploadPlan } from "./upload-plan.ts";
import type { UploadPorts } from "./upload-ports.ts";

/** How a drain ended. `patient`: the server asked for the time; only the person may cut it short. */
export type DrainOutcome =
  | { readonly kind: "settled" }
  | {
      readonly kind: "waiting";
      readonly wait: UploadWait;
      readonly detail: string;
      readonly forMs: number;
      readonly patient: boolean;
    };

interface CurrentPlan extends UploadPlan {
  /** Of `#events` and `#hints` when the manifest was read. */
  readonly version: number;
  readonly hints: number;
  readonly madeUs: number;
  /** How many of its jobs have been started or passed over. */
  next: number;
}

/**
 * Sends what the manifest says is to be sent, some at once, until nothing can be done now. Only ever run while holding
 * the upload lock. What it remembers between runs (declared takes, have-lists, what was given up) is this launch's.
 */
export class Drain {
  readonly #ports: UploadPorts;
  readonly #board: UploadBoard;
  readonly #book: SetbackBook;
  readonly #preparation: TakePreparation;
  readonly #patience = new Patience();
  readonly #epochs: EpochUpload;
  readonly #seals: TrackSeal;
  readonly #inFlight = new Map<string, Promise<void>>();
  /** Finished since the plan's reading began: the plan may still name them. */
  #finished = new Set<string>();
  #events = 0;
  #hints = 0;
  #hinted = Promise.withResolvers<void>();
  #serverFailures = 0;
  #failuresInARow = 0;
  #pause: UploadSetback | null = null;
  #fault: { readonly error: unknown } | null = null;

  constructor(ports: UploadPorts, board: UploadBoard) {
    this.#ports = ports;
    this.#board = board;
    const seats = new Seats(ports);
    this.#book = new SetbackBook(ports.clock, ports.random);
    this.#preparation = new TakePreparation(ports, seats);
    this.#epochs = new EpochUpload(ports, seats, this.#preparation, this.#patience);
    this.#seals = new TrackSeal(ports, seats, this.#preparation);
  }

  /** Something was sealed or closed: the manifest says more than the plan. */
  hint(): void {
    this.#events += 1;
    this.#hints += 1;
    this.#hinted.resolve();
    this.#hinted = Promise.withResolvers();
  }

  /** The person wants everything tried again, now. */
  forgive(): void {
    this.#book.clear();
    this.#preparation.forgive();
    this.#serverFailures = 0;
    this.#failuresInARow = 0;
    this.#board.problems([]);
  }

  /** A fault of ours ended the last run: how long to wait before the next. */
  faultOutcome(fault: unknown): DrainOutcome {
    this.#serverFailures += 1;
    const forMs = waitMs(this.#serverFailures, null, this.#ports.random);
    return { kind: "waiting", wait: "unexpected", detail: toFailure(fault).message, forMs, patient: false };
  }

  /** What the manifest says is left, for the board; may be asked without the lock. @throws UploadSetback `storage` */
  async survey(): Promise<UploadPlan> {
    return makePlan(this.#ports.repo, this.#preparation);
  }

  /** @throws the signal's reason when it was stopped; any fault of ours. */
  async run(signal: AbortSignal): Promise<DrainOutcome> {
    this.#pause = null;
    this.#fault = null;
    try {
      return await this.#run(signal);
    } catch (error) {
      if (!isSetback(error)) throw error;
      this.#serverFailures += 1;
      return this.#waiting(error);
    } finally {
      await Promise.allSettled(this.#inFlight.values());
    }
  }

  async #run(signal: AbortSignal): Promise<DrainOutcome> {
    let plan = await this.#plan();
    for (;;) {
      signal.throwIfAborted();
      const hinted = this.#hinted.promise;
      if (!this.#isStopping() && this.#wantsPlan(plan)) plan = await this.#plan();
      if (!this.#isStopping()) this.#start(plan, signal);
      if (this.#inFlight.size > 0) {
        await Promise.race([...this.#inFlight.values(), hinted]);
      } else if (this.#fault) {
        throw this.#fault.error;
      } else if (this.#pause) {
        return this.#waiting(this.#pause);
      } else if (plan.version === this.#events) {
        return this.#settled(plan);
      }
    }
  }

  async #plan(): Promise<CurrentPlan> {
    const [version, hints] = [this.#events, this.#hints];
    const madeUs = this.#ports.clock.nowUs();
    this.#finished = new Set();
    const plan = await this.survey();
    this.#book.keepOnly(plan.takes);
    this.#board.left(plan.left);
    this.#board.problems(this.#book.problems());
    return { ...plan, version, hints, madeUs, next: 0 };
  }

  /** Anew when something has happened and the plan is worked off, or when epochs were sealed meanwhile. */
  #wantsPlan(plan: CurrentPlan): boolean {
    if (plan.version === this.#events) return false;
    if (plan.next >= plan.jobs.length) return true;
    if (plan.hints === this.#hints) return false;
    const isSmall = plan.jobs.length <= LARGE_PLAN;
    return isSmall || this.#ports.clock.nowUs() - plan.madeUs >= REPLAN_LARGE_MS * 1000;
  }

  #start(plan: CurrentPlan, signal: AbortSignal): void {
    while (plan.next < plan.jobs.length && this.#inFlight.size < this.#patience.lanes) {
      const job = plan.jobs[plan.next];
      plan.next += 1;
      if (!job || this.#inFlight.has(job.key) || this.#finished.has(job.key)) continue;
      if (this.#book.isGivenUp(job.subject) || this.#book.waiting(job.key)) continue;
      this.#board.trying();
      const work = this.#work(job, signal).finally(() => {
        this.#inFlight.delete(job.key);
        this.#events += 1;
      });
      this.#inFlight.set(job.key, work);
    }
  }

  #isStopping(): boolean {
    return this.#pause !== null || this.#fault !== null;
  }

  /** Never rejects: what went wrong is noted. */
  async #work(job: Job, signal: AbortSignal): Promise<void> {
    try {
      await this.#do(job, signal);
      this.#book.succeeded(job.key);
      this.#serverFailures = 0;
      this.#failuresInARow = 0;
      this.#finished.add(job.key);
      this.#board.draining(null);
    } catch (error) {
      if (signal.aborted) return;
      if (isSetback(error)) this.#setBack(job, error);
      else this.#fault ??= { error };
    }
  }

  async #do(job: Job, signal: AbortSignal): Promise<void> {
    const take = await stored(() => this.#ports.repo.take(job.subject.take));
    // The person has deleted it meanwhile.
    if (!take) return this.#preparation.forgetLost(job.subject.take);
    const declared = await this.#preparation.declared(take, signal);
    if (job.kind === "declare") return;
    const track = job.kind === "epoch" ? job.epoch.track : job.track.track;
    const refused = declared.refused.get(track);
    if (refused) throw refused;
    await this.#preparation.listed(declared, track, signal);
    if (job.kind === "seal") return this.#seals.seal(declared, job.track, signal);
    await this.#epochs.send(declared, job.epoch, this.#board.bytesPerSecond(), signal);
    this.#preparation.found(job.epoch);
    this.#board.received(job.epoch);
  }

  #setBack(job: Job, setback: UploadSetback): void {
    if (setback.trouble !== null) {
      this.#book.giveUp(job.subject, setback);
      this.#board.problems(this.#book.problems());
      return;
    }
    if (setback.wait !== "storage") this.#preparation.forgetHaveLists();
    this.#failuresInARow += 1;
    if (setback.scope !== "server") this.#book.delay(job.key, setback);
    if (setback.scope !== "server" && this.#failuresInARow < LANES) return;
    this.#serverFailures += 1;
    this.#pause ??= setback;
  }

  #waiting(setback: UploadSetback): DrainOutcome {
    const forMs = waitMs(this.#serverFailures, setback.retryAfterMs, this.#ports.random);
    const wait = setback.wait ?? "unexpected";
    return { kind: "waiting", wait, detail: setback.message, forMs, patient: setback.retryAfterMs !== null };
  }

  /** Nothing can be started: all has arrived or is given up, or some of it waits for its own back-off. */
  #settled(plan: CurrentPlan): DrainOutcome {
    const delays = plan.jobs
      .filter((job) => !this.#book.isGivenUp(job.subject))
      .map((job) => this.#book.waiting(job.key))
      .filter((delay) => delay !== null);
    const first = delays.toSorted((a, b) => a.forMs - b.forMs).at(0);
    if (!first) return { kind: "settled" };
    return { kind: "waiting", ...first, patient: false };
  }
}
