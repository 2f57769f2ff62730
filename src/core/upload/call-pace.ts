import type { Clock, Scheduler } from "../ports/time.ts";
import type { UploadPace } from "./upload-ports.ts";

/**
 * Lets the upload give way to a live call: over time no more bytes are started than the call says are left beside it. What was
 * sent is a debt, paid off at that rate; the next epoch starts when it is paid. Without a call nothing waits.
 */
export class CallPace {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  /** Bytes a second; `null`: nothing limits. */
  #rate: number | null = null;
  #debt = 0;
  #paidUs = 0;
  #changed = new AbortController();
  #last: Promise<void> = Promise.resolve();

  constructor(clock: Clock, scheduler: Scheduler) {
    this.#clock = clock;
    this.#scheduler = scheduler;
  }

  /** @param bytesPerSecond 0 holds the upload back until the next word; `null` lets it go. */
  set(bytesPerSecond: number | null): void {
    if (bytesPerSecond === this.#rate) return;
    this.#pay();
    this.#rate = bytesPerSecond;
    this.#changed.abort();
    this.#changed = new AbortController();
  }

  /** Whoever asked first starts first. @throws the signal's reason */
  readonly wait: UploadPace = (bytes, signal) => {
    const turn = this.#last.then(() => this.#start(bytes, signal));
    // who comes next waits for this one's start, or for its end
    this.#last = turn.then(nothing, nothing);
    return turn;
  };

  async #start(bytes: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      this.#pay();
      if (this.#rate === null) return;
      if (this.#debt <= 0 && this.#rate > 0) {
        this.#debt = bytes;
        return;
      }
      await this.#rest(signal);
    }
  }

  #pay(): void {
    const nowUs = this.#clock.nowUs();
    const paid = this.#rate === null ? this.#debt : (this.#rate * (nowUs - this.#paidUs)) / 1_000_000;
    this.#debt = Math.max(0, this.#debt - paid);
    this.#paidUs = nowUs;
  }

  /** Until the debt may be paid, or the call says something new. */
  async #rest(signal: AbortSignal): Promise<void> {
    const rate = this.#rate ?? 0;
    const ms = rate === 0 ? LOOK_AGAIN_MS : Math.min(LOOK_AGAIN_MS, Math.ceil((this.#debt / rate) * 1000));
    const changed = this.#changed.signal;
    try {
      await this.#scheduler.delay(ms, AbortSignal.any([signal, changed]));
    } catch (error) {
      if (!changed.aborted || signal.aborted) throw error;
    }
  }
}

const nothing = (): void => undefined;

/** No wait is longer, however thin the line. */
const LOOK_AGAIN_MS = 60_000;
