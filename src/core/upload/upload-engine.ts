import type { UploadKick, UploadState } from "#protocol/upload-rpc.ts";
import { Drain, type DrainOutcome } from "./drain.ts";
import { IDLE_POLL_MS, LARGE_PLAN, WATCH_EVERY_MS } from "./limits.ts";
import { isSetback } from "./setback.ts";
import { UploadBoard } from "./upload-board.ts";
import type { UploadPorts } from "./upload-ports.ts";

/** What a drain to the end left behind. */
export interface DrainedToEnd {
  /** Nothing can be done now: all has arrived, or what has not is given up in this launch. */
  readonly settled: boolean;
  readonly epochsLeft: number;
  readonly tracksLeft: number;
}

/**
 * The one uploader: the page's upload worker runs it for as long as the page lives (`run`), the service worker until
 * all has arrived or its life ends (`drainToEnd`). Whoever holds the lock drains; the others watch the manifest.
 * Rules: docs/spec/upload.md.
 */
export class UploadEngine {
  readonly #ports: UploadPorts;
  readonly #board: UploadBoard;
  readonly #drain: Drain;
  readonly #isWatched: boolean;
  #kicks = new Set<UploadKick>();
  #kicked = Promise.withResolvers<void>();

  /**
   * `onState` is called on every change of phase, and some times a second while counts change; `null` when nobody looks,
   * then the manifest is not watched while another uploader drains.
   */
  constructor(ports: UploadPorts, onState: ((state: UploadState) => void) | null) {
    this.#ports = ports;
    this.#isWatched = onState !== null;
    this.#board = new UploadBoard(ports.clock, ports.scheduler, onState);
    this.#drain = new Drain(ports, this.#board);
  }

  get state(): UploadState {
    return this.#board.state;
  }

  kick(why: UploadKick): void {
    if (why === "person") this.#drain.forgive();
    if (why === "commit") this.#board.committed();
    this.#drain.hint();
    this.#kicks.add(why);
    this.#kicked.resolve();
    this.#kicked = Promise.withResolvers();
  }

  /** Resolves once `signal` fires and nothing is under way any more. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      for (;;) await this.#rest(await this.#attempt(signal), signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Drains and waits by turns until nothing can be done, or `signal` fires. */
  async drainToEnd(signal: AbortSignal): Promise<DrainedToEnd> {
    let settled = false;
    try {
      while (!settled) {
        const outcome = await this.#attempt(signal);
        settled = outcome.kind === "settled";
        if (!settled) await this.#rest(outcome, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    const { epochsLeft, tracksLeft } = this.#board.state;
    return { settled, epochsLeft, tracksLeft };
  }

  async #attempt(signal: AbortSignal): Promise<DrainOutcome> {
    this.#kicks.clear();
    const had = new AbortController();
    const watching = AbortSignal.any([signal, had.signal]);
    const watches: Promise<void>[] = [];
    try {
      return await this.#ports.lock.hold(
        () => {
          had.abort();
          return this.#drain.run(signal);
        },
        signal,
        () => {
          if (this.#isWatched) watches.push(this.#watch(watching));
        },
      );
    } catch (error) {
      if (signal.aborted) throw error;
      // The last resort: an upload that ends silently for a fault of ours would keep bytes here for ever.
      return this.#drain.faultOutcome(error);
    } finally {
      had.abort();
      await Promise.all(watches);
    }
  }

  /** Another uploader drains: its progress is in the manifest. */
  async #watch(signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        await this.#look();
        signal.throwIfAborted();
        const { epochsLeft } = this.#board.state;
        if (epochsLeft > 0) this.#board.draining("another-uploader");
        await this.#ports.scheduler.delay(epochsLeft > LARGE_PLAN ? 10 * WATCH_EVERY_MS : WATCH_EVERY_MS, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #look(): Promise<void> {
    try {
      this.#board.leftElsewhere((await this.#drain.survey()).left);
    } catch (error) {
      // The next look may fare better; what is shown stays.
      if (!isSetback(error)) throw error;
    }
  }

  async #rest(outcome: DrainOutcome, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#ports;
    const waits = outcome.kind === "waiting";
    const forMs = waits ? outcome.forMs : IDLE_POLL_MS * (1 + random.unit());
    if (waits) this.#board.waiting(outcome.wait, outcome.detail, Math.round(forMs));
    else this.#board.idle();
    const untilUs = clock.nowUs() + forMs * 1000;
    for (;;) {
      const restMs = (untilUs - clock.nowUs()) / 1000;
      if (restMs <= 0 || [...this.#kicks].some((kick) => wakes(kick, outcome))) return;
      const changed = [this.#kicks.delete("commit"), this.#kicks.delete("manifest")];
      if (changed.includes(true)) await this.#look();
      await this.#delayOrKick(restMs, signal);
    }
  }

  async #delayOrKick(ms: number, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    try {
      const delay = this.#ports.scheduler.delay(ms, AbortSignal.any([signal, over.signal]));
      await Promise.race([delay, this.#kicked.promise]);
    } finally {
      over.abort();
    }
  }
}

function wakes(kick: UploadKick, outcome: DrainOutcome): boolean {
  if (outcome.kind === "settled" || kick === "person") return true;
  return kick !== "commit" && kick !== "manifest" && !outcome.patient;
}
