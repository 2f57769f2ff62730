import type { ClockSample } from "#protocol/clock.ts";
import type { ClockModel } from "#protocol/delivery-manifest.ts";
import { asTake, type TakeMicros } from "#protocol/units.ts";

/** Shorter than this, a rate is not fitted: at 1 ms uncertainty it would be worse than none. */
export const RATE_SPAN_US = 60_000_000;

/** Crystals are within ±100 ppm; twice that is the most a fit may say. */
const MAX_RATE = 200e-6;

/** When the clocks were never compared, the wall clocks of two devices agree within about this. */
const WALL_CLOCK_UNCERTAINTY_US = 1_000_000;

/** More samples than this say nothing new; the best of each stretch is kept. */
const MAX_SAMPLES = 200;

/** Everything that is known of one page's clock in a take. */
export interface ClockEvidence {
  readonly samples: readonly ClockSample[];
  /** The take's shared zero on the room's clock; `null` when recorded alone. */
  readonly takeZeroRoomUs: number | null;
  /** `performance.timeOrigin` of the page, ms since the Unix epoch. */
  readonly timeOriginMs: number;
  /** First and last local µs of its media. */
  readonly fromUs: number;
  readonly toUs: number;
  /** The take's zero when it was recorded alone: the earliest local µs of a track's zero. */
  readonly aloneZeroUs: number;
}

/** Where a local time lies on the take's time line. Only for the page whose clock it is. */
export function toTake(model: ClockModel, localUs: number): TakeMicros {
  return asTake(model.offsetUs + localUs + localUs * model.ratePpm * 1e-6);
}

/**
 * The relation between one page's clock and the take's time line, with an honest bound: each sample says that the
 * room's clock was within ± its uncertainty, so the true line passes through every such interval. The fit is the
 * middle of what remains; the uncertainty is the largest distance to any line that remains, over the media.
 */
export function fitClock(evidence: ClockEvidence): ClockModel {
  const { takeZeroRoomUs } = evidence;
  if (takeZeroRoomUs === null) {
    return { method: "alone", offsetUs: -evidence.aloneZeroUs, ratePpm: 0, uncertaintyUs: 0, samples: 0 };
  }
  const samples = distinct(evidence.samples);
  if (samples.length === 0) {
    return {
      method: "wall-clock",
      offsetUs: evidence.timeOriginMs * 1000 - takeZeroRoomUs,
      ratePpm: 0,
      uncertaintyUs: WALL_CLOCK_UNCERTAINTY_US,
      samples: 0,
    };
  }
  const fit = fitLine(samples, evidence.fromUs, evidence.toUs);
  return {
    method: "room-clock",
    offsetUs: fit.offsetUs - takeZeroRoomUs,
    ratePpm: fit.rate * 1e6,
    uncertaintyUs: Math.ceil(fit.uncertaintyUs),
    samples: samples.length,
  };
}

/** Each measurement once (an epoch without a newer one repeats it), the most certain of each stretch. */
function distinct(all: readonly ClockSample[]): ClockSample[] {
  const byTime = new Map<number, ClockSample>();
  for (const sample of all) {
    const known = byTime.get(sample.atUs);
    if (!known || sample.uncertaintyUs < known.uncertaintyUs) byTime.set(sample.atUs, sample);
  }
  const sorted = [...byTime.values()].sort((a, b) => a.atUs - b.atUs);
  const stretch = Math.ceil(sorted.length / MAX_SAMPLES);
  const kept: ClockSample[] = [];
  for (let index = 0; index < sorted.length; index += stretch) {
    const best = sorted.slice(index, index + stretch).sort((a, b) => a.uncertaintyUs - b.uncertaintyUs)[0];
    if (best) kept.push(best);
  }
  return kept;
}

interface Line {
  /** room µs − local µs at local 0. */
  readonly offsetUs: number;
  readonly rate: number;
  readonly uncertaintyUs: number;
}

/** Offsets relative to the first sample and the middle of the media, so that no precision is lost. */
interface Point {
  readonly t: number;
  readonly low: number;
  readonly high: number;
}

function fitLine(samples: readonly ClockSample[], fromUs: number, toUs: number): Line {
  const middle = (fromUs + toUs) / 2;
  const base = samples[0]?.offsetUs ?? 0;
  const points = samples.map((sample) => ({
    t: sample.atUs - middle,
    low: sample.offsetUs - base - sample.uncertaintyUs,
    high: sample.offsetUs - base + sample.uncertaintyUs,
  }));
  const half = (toUs - fromUs) / 2;
  const fit = envelope(points, half, span(points) >= RATE_SPAN_US) ?? leastSquares(points, half);
  return {
    offsetUs: base + fit.at - fit.rate * middle,
    rate: fit.rate,
    uncertaintyUs: fit.uncertaintyUs,
  };
}

function span(points: readonly Point[]): number {
  const times = points.map((point) => point.t);
  return Math.max(...times) - Math.min(...times);
}

interface Fit {
  /** Offset at t = 0. */
  readonly at: number;
  readonly rate: number;
  readonly uncertaintyUs: number;
}

/** Which offsets at t = 0 pass through every interval at this rate. */
function offsetsAt(points: readonly Point[], rate: number): { low: number; high: number } {
  let low = Number.NEGATIVE_INFINITY;
  let high = Number.POSITIVE_INFINITY;
  for (const point of points) {
    low = Math.max(low, point.low - rate * point.t);
    high = Math.min(high, point.high - rate * point.t);
  }
  return { low, high };
}

/** Rates for which some line passes through every interval; `null` when there are none within ±`MAX_RATE`. */
function possibleRates(points: readonly Point[]): { low: number; high: number } | null {
  let low = -MAX_RATE;
  let high = MAX_RATE;
  for (const [index, early] of points.entries()) {
    for (const late of points.slice(index + 1)) {
      const dt = late.t - early.t;
      low = Math.max(low, (late.low - early.high) / dt);
      high = Math.min(high, (late.high - early.low) / dt);
    }
  }
  return low <= high ? { low, high } : null;
}

const STEPS = 32;

function envelope(points: readonly Point[], half: number, fitRate: boolean): Fit | null {
  const rates = possibleRates(points);
  if (!rates) return null;
  const zeroIsPossible = rates.low <= 0 && rates.high >= 0;
  const rate = zeroIsPossible && !fitRate ? 0 : clamp(slope(points), rates.low, rates.high);
  const range = offsetsAt(points, rate);
  if (range.low > range.high) return null;
  const at = (range.low + range.high) / 2;
  let uncertaintyUs = 0;
  for (let step = 0; step <= STEPS; step++) {
    const other = rates.low + ((rates.high - rates.low) * step) / STEPS;
    const offsets = offsetsAt(points, other);
    if (offsets.low > offsets.high) continue;
    for (const t of [-half, half]) {
      const fitted = at + rate * t;
      uncertaintyUs = Math.max(
        uncertaintyUs,
        Math.abs(offsets.low + other * t - fitted),
        Math.abs(offsets.high + other * t - fitted),
      );
    }
  }
  return { at, rate, uncertaintyUs };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/** Samples are weighted by how certain they are; 0.1 ms is as good as it gets. */
const BEST_UNCERTAINTY_US = 100;

function weigh(points: readonly Point[]): { w: number; t: number; offset: number }[] {
  return points.map((point) => {
    const uncertainty = Math.max(BEST_UNCERTAINTY_US, (point.high - point.low) / 2);
    return { w: 1 / uncertainty ** 2, t: point.t, offset: (point.low + point.high) / 2 };
  });
}

function slope(points: readonly Point[]): number {
  const weighed = weigh(points);
  const sum = weighed.reduce((total, point) => total + point.w, 0);
  const meanT = weighed.reduce((total, point) => total + point.w * point.t, 0) / sum;
  const mean = weighed.reduce((total, point) => total + point.w * point.offset, 0) / sum;
  let over = 0;
  let under = 0;
  for (const point of weighed) {
    over += point.w * (point.t - meanT) * (point.offset - mean);
    under += point.w * (point.t - meanT) ** 2;
  }
  return under === 0 ? 0 : clamp(over / under, -MAX_RATE, MAX_RATE);
}

/** When the intervals contradict each other (a bound was wrong): least squares, and the worst residual as the bound. */
function leastSquares(points: readonly Point[], half: number): Fit {
  const rate = span(points) >= RATE_SPAN_US ? slope(points) : 0;
  const weighed = weigh(points);
  const sum = weighed.reduce((total, point) => total + point.w, 0);
  const at = weighed.reduce((total, point) => total + point.w * (point.offset - rate * point.t), 0) / sum;
  let uncertaintyUs = 0;
  for (const point of points) {
    const fitted = at + rate * point.t;
    uncertaintyUs = Math.max(uncertaintyUs, Math.abs(point.high - fitted), Math.abs(fitted - point.low));
  }
  // Without a rate the clocks may run apart over what the samples do not cover.
  const uncovered = rate === 0 ? Math.max(0, half - span(points) / 2) : 0;
  return { at, rate, uncertaintyUs: uncertaintyUs + uncovered * MAX_RATE };
}
