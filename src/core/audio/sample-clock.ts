/** A step of the stamps beyond the tracked drift counts from here on; DESIGN's limit for `AudioEncoder`. */
export const STEP_US = 3_000;

/**
 * A step is believed once it has lasted this long: a busy machine stamps single buffers late and catches up. It costs
 * nothing but the memory of the buffers, since nobody listens live.
 */
export const CONFIRM_US = 400_000;

/** Stamps that go back further are more samples than time has passed: they are cut off. Less is evened out. */
const CUT_BACK_US = 40_000;

/** How fast stamps that went back are caught up with: 5 ms in a second. */
const SLEW = 0.005;

/** No crystal is worse; anything beyond is noise. */
const MAX_RATE_ERROR = 1e-3;

/** Phase and rate gain of the tracking loop, per second: natural frequency √0.01 = 0.1 rad/s, damping 0.2 / (2 × 0.1) = 1. */
const PHASE_GAIN = 0.2;
const RATE_GAIN = 0.01;

/** A buffer as it was captured. */
export interface StampedBlock<Payload> {
  readonly payload: Payload;
  readonly frames: number;
  /** Measured time of its first sample, µs; wrong by the machine's jitter. */
  readonly startUs: number;
}

/** A buffer with its place on the tracked timeline. */
export interface PlacedBlock<Payload> {
  readonly payload: Payload;
  readonly frames: number;
  /** Tracked time of its first sample that counts. */
  readonly startUs: number;
  /** True length of one sample, µs, as tracked. */
  readonly frameUs: number;
  /** Media time that is missing right before it; 0 when it follows on. */
  readonly jumpUs: number;
  /** Leading samples that lie in time that is taken already. */
  readonly cutFrames: number;
}

/**
 * Follows the sample clock of a microphone on the page's clock. The stamps of single buffers are noisy, the samples are
 * not: the timeline is the count of samples, steered slowly to the stamps, so that it holds over hours of drift.
 * A lasting step is a jump, found at the buffer where it began.
 */
export class SampleClock<Payload> {
  readonly #nominalUs: number;
  #rateError = 0;
  #nextUs: number | undefined;
  #trackedUs = 0;
  #waiting: StampedBlock<Payload>[] = [];

  constructor(rate: number) {
    this.#nominalUs = 1_000_000 / rate;
  }

  /** Error of the device's crystal as far as known, parts per million; positive: its samples are longer than they say. */
  get ratePpm(): number {
    return this.#rateError * 1e6;
  }

  push(block: StampedBlock<Payload>): PlacedBlock<Payload>[] {
    this.#waiting.push(block);
    return this.#settle(false);
  }

  /** Places what still waits to be confirmed: the stream has ended. */
  drain(): PlacedBlock<Payload>[] {
    return this.#settle(true);
  }

  /** Forgets where it was: the next buffer starts a timeline of its own. The rate is kept. */
  restart(): void {
    this.#nextUs = undefined;
    this.#trackedUs = 0;
    this.#waiting = [];
  }

  #settle(final: boolean): PlacedBlock<Payload>[] {
    const placed: PlacedBlock<Payload>[] = [];
    for (let head = this.#waiting[0]; head !== undefined; head = this.#waiting[0]) {
      this.#nextUs ??= head.startUs;
      const error = head.startUs - this.#nextUs;
      if (Math.abs(error) <= STEP_US) {
        placed.push(this.#follow(head, error));
        this.#waiting.shift();
        continue;
      }
      const step = this.#judge(final);
      if (step === undefined) break;
      placed.push(this.#step(head, step));
      this.#waiting.shift();
    }
    return placed;
  }

  /** Size of the lasting step at the first waiting buffer: 0 when it was jitter, `undefined` while nobody can know. */
  #judge(final: boolean): number | undefined {
    let expected = this.#nextUs ?? 0;
    let spanUs = 0;
    const errors: number[] = [];
    for (const block of this.#waiting) {
      const error = block.startUs - expected;
      if (Math.abs(error) <= STEP_US || error > 0 !== (errors[0] ?? error) > 0) return 0;
      errors.push(error);
      const lengthUs = block.frames * this.#frameUs();
      expected += lengthUs;
      spanUs += lengthUs;
    }
    if (spanUs < CONFIRM_US && !final) return undefined;
    const least = errors.reduce((a, b) => (Math.abs(b) < Math.abs(a) ? b : a));
    return median(errors.filter((error) => Math.abs(error - least) <= STEP_US));
  }

  #follow(block: StampedBlock<Payload>, error: number): PlacedBlock<Payload> {
    const seconds = (block.frames * this.#nominalUs) / 1e6;
    this.#trackedUs += seconds * 1e6;
    // Quick at first, when nothing is known, and calm after some seconds.
    const gain = Math.max(PHASE_GAIN, 2 / (1 + this.#trackedUs / 1e6));
    const place = this.#place(block, this.#nextUs ?? block.startUs, 0, 0);
    this.#nextUs = (this.#nextUs ?? 0) + Math.min(1, gain * seconds) * error;
    this.#rateError = clamp(this.#rateError + (RATE_GAIN * seconds * error) / 1e6, MAX_RATE_ERROR);
    return place;
  }

  #step(block: StampedBlock<Payload>, step: number): PlacedBlock<Payload> {
    const nextUs = this.#nextUs ?? block.startUs;
    if (step > 0) return this.#place(block, nextUs + step, step, 0);
    if (step > -CUT_BACK_US) {
      const place = this.#place(block, nextUs, 0, 0);
      const lengthUs = block.frames * this.#frameUs();
      this.#nextUs = nextUs + lengthUs - Math.min(-step, SLEW * lengthUs);
      return place;
    }
    const cut = Math.min(block.frames, Math.round(-step / this.#frameUs()));
    return this.#place(block, nextUs, 0, cut);
  }

  #place(block: StampedBlock<Payload>, startUs: number, jumpUs: number, cutFrames: number): PlacedBlock<Payload> {
    const frameUs = this.#frameUs();
    this.#nextUs = startUs + (block.frames - cutFrames) * frameUs;
    return { payload: block.payload, frames: block.frames, startUs, frameUs, jumpUs, cutFrames };
  }

  #frameUs(): number {
    return this.#nominalUs * (1 + this.#rateError);
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

function clamp(value: number, limit: number): number {
  return Math.min(limit, Math.max(-limit, value));
}
