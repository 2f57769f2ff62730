import { EPOCH_MAX_US } from "#protocol/epoch-format.ts";
import { GAP_DECLARED_US, type Gap, type GapReason } from "#protocol/gaps.ts";
import type { FaultyEpoch, KnownEpoch, SurveyedTrack } from "./survey.ts";

/** What became of one track once its media was read. */
export interface TrackOutcome {
  readonly track: SurveyedTrack;
  /** Epochs that are in a master, ascending. */
  readonly good: readonly KnownEpoch[];
  /** All that are not, ascending. */
  readonly faulty: readonly FaultyEpoch[];
}

/**
 * A track may begin this long after the take's zero without a gap: one frame at 24 frames a second, or two buffers
 * of sound.
 */
export const START_TOLERANCE_US = 42_000;

/** The track's zero on its own clock, or `null` when nothing of it could be read. */
export function trackZero(track: SurveyedTrack): number | null {
  return track.epochs[0]?.metadata.trackZeroUs ?? null;
}

/** Gaps within a track, local µs, ascending: what the device declared, and the epochs that cannot be used (rule DM8). */
export function gapsWithin(outcome: TrackOutcome): Gap[] {
  const zero = trackZero(outcome.track);
  if (zero === null) return [];
  const declared = [...outcome.track.sources.gaps, ...outcome.track.epochs.flatMap((epoch) => epoch.metadata.gaps)].map(
    (gap) => ({ fromUs: gap.fromUs + zero, toUs: gap.toUs + zero, reason: gap.reason }),
  );
  return mergeGaps([...declared, ...faultGaps(outcome, zero)]);
}

function faultGaps(outcome: TrackOutcome, zeroUs: number): Gap[] {
  const { good, faulty } = outcome;
  const gaps: Gap[] = [];
  for (const group of consecutive(faulty)) {
    const first = group[0];
    const last = group.at(-1);
    if (!first || !last) continue;
    const before = good.findLast((epoch) => epoch.seq < first.seq);
    const after = good.find((epoch) => epoch.seq > last.seq);
    const fromUs = before ? before.metadata.endUs : zeroUs;
    const reason = group.some((epoch) => epoch.fault === "missing-epoch") ? "missing-epoch" : "corrupt-epoch";
    const toUs = after ? after.metadata.firstUs : endWithout(outcome, zeroUs, fromUs, group);
    gaps.push({ fromUs, toUs, reason });
  }
  return gaps;
}

function consecutive(faulty: readonly FaultyEpoch[]): FaultyEpoch[][] {
  const groups: FaultyEpoch[][] = [];
  for (const epoch of faulty) {
    const group = groups.at(-1);
    if (group && group.at(-1)?.seq === epoch.seq - 1) group.push(epoch);
    else groups.push([epoch]);
  }
  return groups;
}

/** Nothing follows: the end that the device declared, what an unusable epoch said of itself, or the longest it may be. */
function endWithout(outcome: TrackOutcome, zeroUs: number, fromUs: number, group: readonly FaultyEpoch[]): number {
  const { endUs } = outcome.track.sources;
  if (endUs !== null && endUs + zeroUs > fromUs) return endUs + zeroUs;
  const seqs = new Set(group.map((epoch) => epoch.seq));
  const said = outcome.track.epochs.filter((epoch) => seqs.has(epoch.seq)).map((epoch) => epoch.metadata.endUs);
  return Math.max(fromUs + (said.length > 0 ? 0 : group.length * EPOCH_MAX_US), ...said);
}

/** Sorted, each only once, overlapping ones of the same reason joined. */
export function mergeGaps(gaps: readonly Gap[]): Gap[] {
  const sorted = gaps.filter((gap) => gap.toUs > gap.fromUs).sort((a, b) => a.fromUs - b.fromUs || a.toUs - b.toUs);
  const merged: Gap[] = [];
  for (const gap of sorted) {
    const twin = merged.findLast((other) => other.reason === gap.reason && other.toUs >= gap.fromUs);
    if (twin) twin.toUs = Math.max(twin.toUs, gap.toUs);
    else merged.push({ ...gap });
  }
  return merged;
}

/** The parts of [`fromUs`, `toUs`) that no gap covers, if they are at least `leastUs` long. */
export function uncovered(
  gaps: readonly Gap[],
  fromUs: number,
  toUs: number,
  leastUs: number,
  reason: GapReason,
): Gap[] {
  const open: Gap[] = [];
  let at = fromUs;
  for (const gap of [...gaps].sort((a, b) => a.fromUs - b.fromUs)) {
    if (gap.fromUs > at) open.push({ fromUs: at, toUs: Math.min(gap.fromUs, toUs), reason });
    at = Math.max(at, gap.toUs);
    if (at >= toUs) break;
  }
  if (at < toUs) open.push({ fromUs: at, toUs, reason });
  return open.filter((gap) => gap.toUs - gap.fromUs >= leastUs);
}

/** Media of [`fromUs`, `toUs`) without its gaps of at least `GAP_DECLARED_US`. */
export function presence(gaps: readonly Gap[], fromUs: number, toUs: number): { fromUs: number; toUs: number }[] {
  const long = gaps.filter((gap) => gap.toUs - gap.fromUs >= GAP_DECLARED_US);
  return uncovered(long, fromUs, toUs, 1, "capture-dropped").map((gap) => ({ fromUs: gap.fromUs, toUs: gap.toUs }));
}
