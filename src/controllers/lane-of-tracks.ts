import type { Source } from "#protocol/ids.ts";
import { clipGaps, mergeGaps } from "./gap-spans.ts";
import type { GapView, LaneView } from "./tape-view.ts";
import { type PeakStretch, paintWave } from "./take-peaks.ts";

/** One track placed on the take's time line, ms since the take's zero. */
export interface PlacedTrack {
  readonly source: Source;
  readonly fromMs: number;
  readonly toMs: number;
  readonly gaps: readonly GapView[];
  /** What was switched off. */
  readonly off: readonly GapView[];
  /** Sound only. */
  readonly peaks?: PeakStretch;
}

function laneKind(source: Source): LaneView["kind"] {
  return source === "screen" || source === "screen-audio" ? "screen" : "person";
}

/**
 * The lanes of one participant: one for camera and microphone, one for the screen and its sound. A stretch between
 * two tracks of one source (the page was reloaded) is a gap like any other.
 */
export function lanesOfTracks(id: string, name: string, tracks: readonly PlacedTrack[]): LaneView[] {
  return (["person", "screen"] as const).flatMap((kind) => {
    const own = tracks.filter((track) => laneKind(track.source) === kind && track.toMs > track.fromMs);
    if (own.length === 0) return [];
    return [laneOf(`${id}:${kind}`, kind === "screen" ? `Screen of ${firstWord(name)}` : name, kind, own)];
  });
}

function laneOf(id: string, name: string, kind: LaneView["kind"], tracks: readonly PlacedTrack[]): LaneView {
  const fromMs = Math.max(0, Math.min(...tracks.map((track) => track.fromMs)));
  const toMs = Math.max(...tracks.map((track) => track.toMs));
  const gaps = mergeGaps(clipGaps([...tracks.flatMap((track) => track.gaps), ...holesBetween(tracks)], fromMs, toMs));
  const off = mergeGaps(
    clipGaps(
      tracks.flatMap((track) => track.off),
      fromMs,
      toMs,
    ),
  );
  const stretches = tracks.flatMap((track) => (track.peaks === undefined ? [] : [track.peaks]));
  const wave = stretches.length === 0 ? {} : { wave: { peaks: paintWave(stretches, fromMs, toMs) } };
  return { id, name, kind, fromMs, toMs, gaps, off, ...wave };
}

function holesBetween(tracks: readonly PlacedTrack[]): GapView[] {
  const holes: GapView[] = [];
  for (const source of new Set(tracks.map((track) => track.source))) {
    const own = tracks.filter((track) => track.source === source).sort((a, b) => a.fromMs - b.fromMs);
    for (const [at, track] of own.entries()) {
      const before = own[at - 1];
      if (before !== undefined && track.fromMs > before.toMs) {
        holes.push({ atMs: before.toMs, lengthMs: track.fromMs - before.toMs });
      }
    }
  }
  return holes;
}

function firstWord(name: string): string {
  return name.trim().split(/\s+/)[0] ?? name;
}
