import type { Clock, Scheduler } from "../ports/time.ts";
import { LEAST_SLICE_BYTES, MOST_SLICE_BYTES, SLICE_MS } from "./limits.ts";
import type { PacedTurn, UploadPace } from "./upload-ports.ts";

/**
 * Lets the upload give way to a live call: over time no more bytes go out than the call says are left beside it. What was sent is a
 * debt, paid off at that rate; the next bytes go when it is paid. One epoch at a time, in small slices where its body can be sent so:
 * the line never sees a burst. What does not fit through waits unseen in the browser and the system; so the next epoch starts when
 * the one before is answered, and these buffers are empty. Without a call nothing waits.
 */
export class CallPace {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  /** Bytes a second; `null`: nothing limits. */
  #rate: number | null = null;
  /**
   * Below zero: what a late timer has left over. One slice at most may be made up for: a worker that stood still for a second must
   * not send a second's worth at once.
   */
  #debt = 0;
  #paidUs = 0;
  #changed = new AbortController();
  /** Whoever asked first is the first here, and has the line. */
  readonly #line: Turn[] = [];

  constructor(clock: Clock, scheduler: Scheduler) {
    this.#clock = clock;
    this.#scheduler = scheduler;
  }

  /** @param bytesPerSecond 0 holds the upload back until the next word; `null` lets it go. */
  set(bytesPerSecond: number | null): void {
    if (bytesPerSecond === this.#rate) return;
    this.#pay();
    this.#rate = bytesPerSecond;
    this.#change();
  }

  /** Whoever asked first starts first. @throws the signal's reason */
  readonly turn: UploadPace = async (signal) => {
    const turn: Turn = { taken: 0, waiting: 0 };
    this.#line.push(turn);
    try {
      await this.#until(() => this.#rate === null || this.#line[0] === turn, signal, "change");
      await this.#until(() => this.#rate === null || this.#isPaid(), signal, "payment");
    } catch (error) {
      this.#over(turn);
      throw error;
    }
    return this.#turnOf(turn);
  };

  #turnOf(turn: Turn): PacedTurn {
    const limits = () => this.#rate !== null;
    return {
      get limits() {
        return limits();
      },
      get taken() {
        return turn.taken;
      },
      get isWaiting() {
        return turn.waiting > 0;
      },
      slice: (most, signal) => this.#slice(turn, most, signal),
      whole: (bytes) => this.#owe(bytes),
      over: () => this.#over(turn),
    };
  }

  async #slice(turn: Turn, most: number, signal: AbortSignal): Promise<number> {
    turn.waiting += 1;
    try {
      await this.#until(() => this.#rate === null || this.#isPaid(), signal, "payment");
    } finally {
      turn.waiting -= 1;
    }
    const bytes = Math.min(most, sliceBytes(this.#rate));
    this.#owe(bytes);
    turn.taken += bytes;
    return bytes;
  }

  #owe(bytes: number): void {
    if (this.#rate !== null) this.#debt += bytes;
  }

  /** The line is the next one's. */
  #over(turn: Turn): void {
    const at = this.#line.indexOf(turn);
    if (at < 0) return;
    this.#line.splice(at, 1);
    if (this.#line.length > 0) this.#change();
  }

  #change(): void {
    this.#changed.abort();
    this.#changed = new AbortController();
  }

  #isPaid(): boolean {
    return this.#debt <= 0 && this.#rate !== 0;
  }

  #pay(): void {
    const nowUs = this.#clock.nowUs();
    if (this.#rate === null) {
      this.#debt = 0;
    } else {
      const paid = (this.#rate * (nowUs - this.#paidUs)) / 1_000_000;
      this.#debt = Math.max(-sliceBytes(this.#rate), this.#debt - paid);
    }
    this.#paidUs = nowUs;
  }

  async #until(may: () => boolean, signal: AbortSignal, waitFor: "change" | "payment"): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      this.#pay();
      if (may()) return;
      await this.#rest(waitFor === "change" ? LOOK_AGAIN_MS : this.#paymentMs(), signal);
    }
  }

  #paymentMs(): number {
    const rate = this.#rate ?? 0;
    return rate === 0 ? LOOK_AGAIN_MS : Math.min(LOOK_AGAIN_MS, Math.ceil((this.#debt / rate) * 1000));
  }

  /** For so long, or until something has changed. */
  async #rest(ms: number, signal: AbortSignal): Promise<void> {
    const changed = this.#changed.signal;
    try {
      await this.#scheduler.delay(ms, AbortSignal.any([signal, changed]));
    } catch (error) {
      if (!changed.aborted || signal.aborted) throw error;
    }
  }
}

/** An epoch that takes of the pace, or waits to. */
interface Turn {
  /** How many bytes have gone out in slices. */
  taken: number;
  /** Slices that are waited for. */
  waiting: number;
}

function sliceBytes(rate: number | null): number {
  if (rate === null) return MOST_SLICE_BYTES;
  return Math.min(MOST_SLICE_BYTES, Math.max(LEAST_SLICE_BYTES, Math.round((rate * SLICE_MS) / 1000)));
}

/** No wait is longer, however thin the line. */
const LOOK_AGAIN_MS = 60_000;
