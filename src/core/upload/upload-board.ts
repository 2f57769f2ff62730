import type { EpochRow } from "#protocol/take-manifest.ts";
import { UNKNOWN_UPLOAD, type UploadProblem, type UploadState, type UploadWait } from "#protocol/upload-rpc.ts";
import type { Clock, Scheduler } from "../ports/time.ts";
import { TELL_EVERY_MS } from "./limits.ts";
import { RateMeter } from "./rate-meter.ts";
import type { WhatIsLeft } from "./upload-plan.ts";

/** Keeps what is shown, and tells it: changes of phase at once, counts at most some times a second. */
export class UploadBoard {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #listener: ((state: UploadState) => void) | null;
  readonly #meter: RateMeter;
  #state: UploadState = UNKNOWN_UPLOAD;
  #toldUs = Number.NEGATIVE_INFINITY;
  #telling = false;

  constructor(clock: Clock, scheduler: Scheduler, listener: ((state: UploadState) => void) | null) {
    this.#clock = clock;
    this.#scheduler = scheduler;
    this.#listener = listener;
    this.#meter = new RateMeter(clock);
  }

  get state(): UploadState {
    return this.#state;
  }

  bytesPerSecond(): number {
    return this.#meter.bytesPerSecond();
  }

  idle(): void {
    this.#phase({ phase: "idle", reason: null, detail: null, nextTryMs: null });
  }

  /** `reason`: `another-uploader` when it is not this one. */
  draining(reason: "another-uploader" | null): void {
    if (this.#state.phase === "draining" && this.#state.reason === reason) return;
    if (this.#state.phase !== "draining") this.#meter.restart();
    this.#phase({ phase: "draining", reason, detail: null, nextTryMs: null });
  }

  waiting(reason: UploadWait, detail: string, nextTryMs: number): void {
    this.#phase({ phase: "waiting", reason, detail, nextTryMs });
  }

  /** A try begins. What waited is shown as waiting until something gets through, so that the page does not flicker. */
  trying(): void {
    if (this.#state.phase === "waiting") this.#phase({ nextTryMs: 0 });
    else this.draining(null);
  }

  #phase(part: Partial<UploadState>): void {
    this.#change(part);
    this.#tell();
  }

  /** Straight from the manifest: the only place where `safe` becomes true. */
  left(left: WhatIsLeft): void {
    this.#change({
      epochsLeft: left.epochs,
      bytesLeft: left.bytes,
      tracksLeft: left.tracks,
      takes: left.takes,
      safe: left.epochs === 0,
    });
    this.#tellSoon();
  }

  /** Somebody else's progress, seen in the manifest. */
  leftElsewhere(left: WhatIsLeft): void {
    const arrived = this.#state.bytesLeft - left.bytes;
    if (arrived > 0) this.#meter.add(arrived);
    this.left(left);
  }

  /** An epoch was sealed on this device: the counts follow, but safe it is no more. */
  committed(): void {
    this.#change({ safe: false });
    this.#tellSoon();
  }

  received(epoch: EpochRow): void {
    this.#meter.add(epoch.bytes);
    const takes = this.#state.takes.map((take) =>
      take.take === epoch.take
        ? {
            ...take,
            epochsLeft: Math.max(take.epochsLeft - 1, 0),
            bytesLeft: Math.max(take.bytesLeft - epoch.bytes, 0),
          }
        : take,
    );
    this.#change({
      epochsLeft: Math.max(this.#state.epochsLeft - 1, 0),
      bytesLeft: Math.max(this.#state.bytesLeft - epoch.bytes, 0),
      takes,
    });
    this.#tellSoon();
  }

  problems(problems: readonly UploadProblem[]): void {
    this.#change({ problems });
    this.#tellSoon();
  }

  #change(part: Partial<UploadState>): void {
    this.#state = { ...this.#state, ...part };
  }

  #tell(): void {
    const moving = this.#state.phase === "draining";
    this.#change({ bytesPerSecond: moving ? this.#meter.bytesPerSecond() : 0 });
    this.#toldUs = this.#clock.nowUs();
    this.#listener?.(this.#state);
  }

  #tellSoon(): void {
    if (this.#telling || this.#listener === null) return;
    const restMs = TELL_EVERY_MS - (this.#clock.nowUs() - this.#toldUs) / 1000;
    if (restMs <= 0) {
      this.#tell();
      return;
    }
    this.#telling = true;
    void this.#scheduler.delay(restMs).then(() => {
      this.#telling = false;
      this.#tell();
    });
  }
}
