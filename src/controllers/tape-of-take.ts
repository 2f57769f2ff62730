import { EPOCH_MAX_US, PEAKS_PER_SECOND } from "#protocol/epoch-format.ts";
import { type Gap, isLoss } from "#protocol/gaps.ts";
import { isVideoSource } from "#protocol/ids.ts";
import type { EpochRow, TakeRow, TrackRow } from "#protocol/take-manifest.ts";
import { clipGaps, mergeGaps, totalMs } from "./gap-spans.ts";
import { lanesOfTracks, type PlacedTrack } from "./lane-of-tracks.ts";
import { decodePeaks, type PeakStretch } from "./take-peaks.ts";
import type { GapView, LanesView, TapeView } from "./tape-view.ts";

/** A take's track with all of its epochs, ascending by seq, or without them as long as they have not been read. */
export interface TrackRows {
  readonly track: TrackRow;
  readonly epochs?: readonly EpochRow[];
}

/** What the manifest counts of a take without reading its epochs. */
export interface TakeCounts {
  readonly epochs: number;
  readonly bytes: number;
  readonly pendingEpochs: number;
  readonly pendingBytes: number;
}

/** What the screens show of one take on this device; computed from its rows alone, times in ms since its zero. */
export interface TakeFigures {
  readonly lengthMs: number;
  readonly keptMs: number;
  readonly bytes: number;
  readonly bytesArrived: number;
  readonly epochs: number;
  readonly epochsArrived: number;
  /** Of all tracks; what two tracks lack at once counts once. Without the tails of `lostMs`. */
  readonly gaps: readonly GapView[];
  /** What a participant had switched off; in none of the sums. */
  readonly off: readonly GapView[];
  readonly gapMs: number;
  /** The longest stretch at a track's end that nothing follows, a crash excepted. */
  readonly lostMs: number;
  /** Absent until the epochs were read. */
  readonly lanes?: LanesView;
}

/** The most that a crash costs at a take's end: the epoch that was not sealed yet, ms. */
export const CRASH_COST_MS = EPOCH_MAX_US / 1000;

/** Samples end and gaps begin on different grids (a frame, an Opus packet): closer than this is the same moment. */
const SAME_MOMENT_US = 50_000;

/** Figures from the tracks alone are right but for what only epochs know: the waveforms, and where a reload came between. */
export function figuresOfTake(take: TakeRow, rows: readonly TrackRows[], counts: TakeCounts): TakeFigures {
  const offsets = trackOffsetsUs(take, rows);
  const tracks = rows.map((of, at) => placeTrack(of, offsets[at] ?? 0));
  const keptMs = Math.max(0, ...tracks.map((track) => track.placed.toMs));
  const lengthMs = Math.max(keptMs, ...tracks.flatMap((track) => track.tail.map(endOf)));
  const holes = mergeGaps(tracks.flatMap((track) => track.placed.gaps));
  // one track may end early while another goes on: then the tape goes on too, with a notch
  const tails = clipGaps(
    tracks.flatMap((track) => track.tail),
    0,
    keptMs,
  );
  const read = rows.length > 0 && rows.every((of) => of.epochs !== undefined);
  const lanes = { lengthMs, lanes: lanesOf(take, tracks) };
  return {
    lengthMs,
    keptMs,
    ...arrivedOf(counts),
    gaps: clipGaps(mergeGaps([...holes, ...tails]), 0, lengthMs),
    off: clipGaps(mergeGaps(tracks.flatMap((track) => track.placed.off)), 0, lengthMs),
    gapMs: totalMs(holes),
    lostMs: Math.max(0, ...tracks.map((track) => totalMs(track.tail))),
    ...(read ? { lanes } : {}),
  };
}

/** The part of the figures that changes with every receipt. */
export function arrivedOf(
  counts: TakeCounts,
): Pick<TakeFigures, "bytes" | "bytesArrived" | "epochs" | "epochsArrived"> {
  return {
    bytes: counts.bytes,
    bytesArrived: counts.bytes - counts.pendingBytes,
    epochs: counts.epochs,
    epochsArrived: counts.epochs - counts.pendingEpochs,
  };
}

/** Two windows of one browser may have recorded two people. */
function lanesOf(take: TakeRow, tracks: readonly TrackOnTake[]): LanesView["lanes"] {
  const people = Map.groupBy(tracks, ({ row }) => row.participant ?? take.participant ?? take.take);
  return [...people].flatMap(([id, own]) =>
    lanesOfTracks(
      id,
      own[0]?.row.participantName ?? take.participantName,
      own.map((track) => track.placed),
    ),
  );
}

export interface TapeState {
  readonly live: boolean;
  readonly local: boolean;
  /** Fresher than the rows, from the upload engine. */
  readonly bytesLeft?: number;
}

/** The tape of a take: what has arrived is drawn by its share of the bytes. */
export function tapeOf(figures: TakeFigures, state: TapeState): TapeView {
  return {
    lengthMs: figures.lengthMs,
    keptMs: figures.keptMs,
    arrivedMs: figures.keptMs * arrivedFraction(figures, state.bytesLeft),
    gaps: figures.gaps,
    off: figures.off,
    live: state.live,
    local: state.local,
  };
}

/** 0 to 1 by bytes. 1 only when every epoch has its receipt in the manifest. */
export function arrivedFraction(figures: TakeFigures, bytesLeft?: number): number {
  if (figures.epochs === 0 || figures.bytes === 0) return 0;
  if (figures.epochsArrived === figures.epochs) return 1;
  const fresher = bytesLeft === undefined ? 0 : figures.bytes - bytesLeft;
  return Math.min(0.999, Math.max(figures.bytesArrived, fresher, 0) / figures.bytes);
}

/**
 * Where each track's own zero lies on the take's time line, µs. By the room's clock when the epochs know it, since
 * tracks of one take may come from two loads of the page; otherwise by the page's own clock.
 */
function trackOffsetsUs(take: TakeRow, rows: readonly TrackRows[]): number[] {
  const zero = take.zeroRoomUs;
  const clocks = rows.map((of) => of.epochs?.find((epoch) => epoch.clock !== null)?.clock ?? null);
  const known = rows.every((of, at) => clocks[at] !== null || of.epochs?.length === 0);
  if (zero !== null && known && clocks.some((clock) => clock !== null)) {
    return rows.map((of, at) => Math.max(0, of.track.trackZeroUs + (clocks[at]?.offsetUs ?? 0) - zero));
  }
  const first = Math.min(...rows.map((of) => of.track.trackZeroUs));
  return rows.map((of) => of.track.trackZeroUs - first);
}

interface TrackOnTake {
  readonly row: TrackRow;
  readonly placed: PlacedTrack;
  /** Declared missing after the last sample. */
  readonly tail: readonly GapView[];
}

function placeTrack({ track, epochs = [] }: TrackRows, offsetUs: number): TrackOnTake {
  const first = epochs[0];
  const last = epochs.at(-1);
  const startUs = first === undefined ? 0 : Math.max(0, first.firstUs - track.trackZeroUs);
  const lastUs = last === undefined ? 0 : last.endUs - track.trackZeroUs;
  const endUs = track.epochs === 0 && last === undefined ? 0 : Math.max(lastUs, track.endUs ?? 0);
  const all = track.state === "recording" ? epochs.flatMap((epoch) => epoch.gaps) : track.gaps;
  const declared = all.filter(isLoss);
  const isTail = (gap: Gap): boolean => gap.fromUs >= endUs - SAME_MOMENT_US;
  const view = (gap: Gap): GapView => ({
    atMs: (offsetUs + gap.fromUs) / 1000,
    lengthMs: (gap.toUs - gap.fromUs) / 1000,
  });
  const off = clipGaps(all.filter((gap) => !isLoss(gap)).map(view), 0, Number.POSITIVE_INFINITY);
  const peaks = isVideoSource(track.source) ? {} : { peaks: peaksOf(track, epochs, offsetUs) };
  return {
    row: track,
    placed: {
      source: track.source,
      fromMs: (offsetUs + startUs) / 1000,
      // switched off up to the end: nothing is lost there
      toMs: Math.max((offsetUs + endUs) / 1000, ...off.map(endOf)),
      off,
      gaps: clipGaps(declared.filter((gap) => !isTail(gap)).map(view), 0, Number.POSITIVE_INFINITY),
      ...peaks,
    },
    tail: declared.filter((gap) => isTail(gap) && gap.reason !== "cut-short").map(view),
  };
}

/** The peaks of all epochs in one row, each at its own time; 0 where the track has a gap. */
function peaksOf(track: TrackRow, epochs: readonly EpochRow[], offsetUs: number): PeakStretch {
  const perUs = PEAKS_PER_SECOND / 1_000_000;
  const lastUs = (epochs.at(-1)?.endUs ?? track.trackZeroUs) - track.trackZeroUs;
  const peaks = new Uint8Array(Math.max(0, Math.ceil(lastUs * perUs)) + 1);
  for (const epoch of epochs) {
    const at = Math.max(0, Math.round((epoch.firstUs - track.trackZeroUs) * perUs));
    const own = decodePeaks(epoch.peaks);
    if (at < peaks.length) peaks.set(own.subarray(0, peaks.length - at), at);
  }
  return { fromMs: offsetUs / 1000, peaks };
}

function endOf(gap: GapView): number {
  return gap.atMs + gap.lengthMs;
}
