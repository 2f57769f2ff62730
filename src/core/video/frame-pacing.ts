/** Longer than this many usual intervals, and frames are missing in between. */
const MISSING_FROM = 1.5;

/** So many alike intervals in a row are a new rate of the camera (dim light), not missing frames: 0.8 s at 15 a second. */
const NEW_RATE_AFTER = 12;

/** Intervals are alike when they differ by less than this part. */
const ALIKE = 0.2;

/** Frames that arrive later than this wait in a full queue: then intervals say nothing of the camera's rate. */
const BEHIND_US = 100_000;

/** Frames that should have come between two that did. */
export interface MissingFrames {
  readonly fromUs: number;
  readonly toUs: number;
  readonly frames: number;
}

/** Knows a camera's pace, and which frames are missing. Times are local µs. */
export class FramePacing {
  #intervalUs: number;
  #lastUs: number | undefined;
  #recent: number[] = [];
  #suspects: MissingFrames[] = [];

  constructor(frameRate: number) {
    this.#intervalUs = 1_000_000 / (frameRate > 0 ? frameRate : 30);
  }

  /** The usual time from one frame to the next. */
  get intervalUs(): number {
    return this.#intervalUs;
  }

  /** The next frame. What is missing is known some frames later: call {@link missing}. */
  frame(atUs: number, latencyUs: number): void {
    const last = this.#lastUs;
    this.#lastUs = atUs;
    if (last === undefined || atUs <= last) return;
    const interval = atUs - last;
    if (interval > MISSING_FROM * this.#intervalUs) {
      const frames = Math.max(1, Math.round(interval / this.#intervalUs) - 1);
      this.#suspects.push({ fromUs: last + this.#intervalUs, toUs: atUs, frames });
    }
    this.#watchRate(interval, latencyUs);
  }

  /** Frames missing since the last call. */
  missing(): MissingFrames[] {
    const missing = this.#suspects;
    this.#suspects = [];
    return missing;
  }

  /** Whether nothing is undecided: the last interval was a usual one. */
  get settled(): boolean {
    return this.#suspects.length === 0 || (this.#recent.at(-1) ?? 0) <= MISSING_FROM * this.#intervalUs;
  }

  /** The source begins anew. */
  restart(frameRate: number): void {
    this.#intervalUs = 1_000_000 / (frameRate > 0 ? frameRate : 30);
    this.#lastUs = undefined;
    this.#recent = [];
    this.#suspects = [];
  }

  #watchRate(interval: number, latencyUs: number): void {
    const first = this.#recent[0] ?? interval;
    if (Math.abs(interval - first) > ALIKE * first || latencyUs > BEHIND_US) this.#recent = [];
    this.#recent.push(interval);
    if (this.#recent.length < NEW_RATE_AFTER) return;
    const mean = this.#recent.reduce((a, b) => a + b, 0) / this.#recent.length;
    if (mean > MISSING_FROM * this.#intervalUs) this.#suspects = [];
    this.#intervalUs = mean;
    this.#recent = [];
  }
}
