import { GAP_DECLARED_US } from "#protocol/gaps.ts";

/** So many alike intervals in a row are a new rate of the camera (dim light), not missing frames: 0.8 s at 15 a second. */
const NEW_RATE_AFTER = 12;

/** Longer than this many usual intervals is worth a look for a new rate. */
const SLOWER_FROM = 1.5;

/** Intervals are alike when they differ by less than this part. */
const ALIKE = 0.2;

/** Frames that arrive later than this wait in a full queue: then intervals say nothing of the camera's rate. */
const BEHIND_US = 100_000;

/** How fast the grid follows the camera, per frame: a stamp that is late by half an interval moves it by a twentieth. */
const FOLLOW = 0.1;

/** A frame that comes late is followed by one that comes early within so many frames, or frames are missing. */
const DECIDED_AFTER = 3;

/** Time between two frames in which others should have come. */
export interface MissingFrames {
  readonly fromUs: number;
  readonly toUs: number;
  /** 0: the next frame was late, and none is missing as far as the grid tells; the picture stood still all the same. */
  readonly frames: number;
}

/**
 * Knows a camera's pace, and which frames are missing: frames lie on a grid, and one that skips a place of it has left one out,
 * unless the next one comes so early that it lands on the same place: then it was only stamped late. A wait of the length that
 * must be declared is told in any case, since stamps alone cannot prove that nothing was lost in it. Times are local µs.
 */
export class FramePacing {
  #intervalUs: number;
  #gridUs: number | undefined;
  #lastUs = 0;
  #recent: number[] = [];
  #suspects: MissingFrames[] = [];
  #sinceSuspect = DECIDED_AFTER;

  constructor(frameRate: number) {
    this.#intervalUs = intervalOf(frameRate);
  }

  /** The usual time from one frame to the next. */
  get intervalUs(): number {
    return this.#intervalUs;
  }

  /** The next frame. What is missing is known some frames later: call {@link missing}. */
  frame(atUs: number, latencyUs: number): void {
    const grid = this.#gridUs;
    const last = this.#lastUs;
    this.#lastUs = atUs;
    if (grid === undefined) {
      this.#gridUs = atUs;
      return;
    }
    const steps = Math.max(0, Math.round((atUs - grid) / this.#intervalUs));
    const place = grid + steps * this.#intervalUs;
    this.#gridUs = place + FOLLOW * (atUs - place);
    this.#sinceSuspect += 1;
    const fromUs = last + this.#intervalUs;
    if (steps === 0) this.#acquit();
    if (steps > 1 || atUs - fromUs >= GAP_DECLARED_US)
      this.#suspect({ fromUs, toUs: atUs, frames: Math.max(0, steps - 1) });
    this.#watchRate(atUs - last, latencyUs);
  }

  /** Frames missing since the last call. */
  missing(): MissingFrames[] {
    const missing = this.#suspects;
    this.#suspects = [];
    return missing.filter((one) => one.toUs > one.fromUs);
  }

  /** Whether nothing is undecided. */
  get settled(): boolean {
    return this.#suspects.length === 0 || this.#sinceSuspect >= DECIDED_AFTER;
  }

  /** The source begins anew. */
  restart(frameRate: number): void {
    this.#intervalUs = intervalOf(frameRate);
    this.#gridUs = undefined;
    this.#recent = [];
    this.#suspects = [];
  }

  #suspect(missing: MissingFrames): void {
    this.#suspects.push(missing);
    this.#sinceSuspect = 0;
  }

  #acquit(): void {
    const index = this.#suspects.findLastIndex((one) => one.frames > 0);
    const last = this.#suspects[index];
    if (last === undefined) return;
    const stays = last.frames > 1 || last.toUs - last.fromUs >= GAP_DECLARED_US;
    this.#suspects.splice(index, 1, ...(stays ? [{ ...last, frames: last.frames - 1 }] : []));
  }

  #watchRate(interval: number, latencyUs: number): void {
    const first = this.#recent[0] ?? interval;
    if (Math.abs(interval - first) > ALIKE * first || latencyUs > BEHIND_US) this.#recent = [];
    this.#recent.push(interval);
    if (this.#recent.length < NEW_RATE_AFTER) return;
    const mean = this.#recent.reduce((a, b) => a + b, 0) / this.#recent.length;
    if (mean > SLOWER_FROM * this.#intervalUs) this.#suspects = [];
    this.#intervalUs = mean;
    this.#gridUs = this.#lastUs;
    this.#recent = [];
  }
}

function intervalOf(frameRate: number): number {
  return 1_000_000 / (frameRate > 0 ? frameRate : 30);
}
