/** A master as the timeline sees it. All times are whole frames of the timeline. */
export interface TimelineMaster {
  readonly file: string;
  /** Whole frames of media: rounded down, so that no clip runs past it. */
  readonly frames: number;
  readonly video: { readonly width: number; readonly height: number } | null;
  readonly audioChannels: 0 | 1 | 2;
  /** Where each slot has media, frames of the file, ascending. */
  readonly presence: { readonly video: readonly FrameRange[]; readonly audio: readonly FrameRange[] };
  /** The frame of the timeline, counted from the take's zero, on which a frame of the file lies. */
  place(frame: number): number;
}

/** [`from`, `to`) */
export interface FrameRange {
  readonly from: number;
  readonly to: number;
}

/** A stretch of a file at one place of the timeline. */
export interface Piece {
  readonly master: TimelineMaster;
  /** Frame of the file. */
  readonly source: number;
  /** Frame of the timeline, from the take's zero. */
  readonly at: number;
  readonly length: number;
  readonly uses: "all" | "video" | "audio";
}

/** Shorter differences between picture and sound within one file are no reason for a cut … */
const SLIVER_FRAMES = 3;
/** … nor are these at its beginning and end: a camera warms up longer than a microphone. */
const EDGE_FRAMES = 30;

type Uses = Piece["uses"];

/**
 * What of the files lies where, in order and without overlap. `wanted`: both slots in one lane, or one of them.
 * Where the clock model moves a file against the timeline by a frame, the clip is cut: a frame is shown twice or
 * left out, so that no place is more than half a frame off (rule DM12).
 */
export function layOut(masters: readonly TimelineMaster[], wanted: "both" | "video" | "audio"): Piece[] {
  const pieces = masters.flatMap((master) => usedRanges(master, wanted).flatMap((range) => cutByDrift(master, range)));
  pieces.sort((a, b) => a.at - b.at);
  return withoutOverlap(pieces);
}

interface UsedRange extends FrameRange {
  readonly uses: Uses;
}

function usedRanges(master: TimelineMaster, wanted: "both" | "video" | "audio"): UsedRange[] {
  const { video, audio } = master.presence;
  if (wanted !== "both") {
    const ranges = wanted === "video" ? video : audio;
    const alone = wanted === "video" ? audio.length === 0 : video.length === 0;
    return ranges.map((range) => ({ ...range, uses: alone ? "all" : wanted }));
  }
  const edges = [...new Set([...video, ...audio].flatMap((range) => [range.from, range.to]))].sort((a, b) => a - b);
  const single = video.length === 0 || audio.length === 0;
  const ranges: UsedRange[] = [];
  for (const [index, from] of edges.entries()) {
    const to = edges[index + 1];
    const hasVideo = video.some((range) => range.from <= from && from < range.to);
    const hasAudio = audio.some((range) => range.from <= from && from < range.to);
    if (to === undefined || !(hasVideo || hasAudio)) continue;
    const edge = index === 0 || index === edges.length - 2;
    const short = to - from < (edge ? EDGE_FRAMES : SLIVER_FRAMES);
    const uses: Uses = single || hasVideo === hasAudio || short ? "all" : hasVideo ? "video" : "audio";
    const last = ranges.at(-1);
    if (last && last.uses === uses && last.to === from) ranges[ranges.length - 1] = { ...last, to };
    else ranges.push({ from, to, uses });
  }
  return ranges;
}

function cutByDrift(master: TimelineMaster, range: UsedRange): Piece[] {
  const pieces: Piece[] = [];
  const end = Math.min(range.to, master.frames);
  let start = range.from;
  for (let frame = start + 1; frame <= end; frame++) {
    const moved = frame < end && master.place(frame) - frame !== master.place(start) - start;
    if (!moved && frame < end) continue;
    const at = master.place(start);
    // A hole of one frame is filled with the frame that follows in the file.
    const hole = moved && master.place(frame) > at + frame - start ? 1 : 0;
    pieces.push({ master, source: start, at, length: frame - start + hole, uses: range.uses });
    start = frame;
  }
  return pieces;
}

function withoutOverlap(pieces: readonly Piece[]): Piece[] {
  const clean: Piece[] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const piece of pieces) {
    const cut = Math.max(0, end - piece.at);
    if (cut >= piece.length) continue;
    clean.push({ ...piece, source: piece.source + cut, at: piece.at + cut, length: piece.length - cut });
    end = piece.at + piece.length;
  }
  return clean;
}

/** Whether picture and sound differ enough that one lane cannot carry both without losing a gap. */
export function differs(masters: readonly TimelineMaster[]): boolean {
  const hasBoth = masters.some((master) => master.video) && masters.some((master) => master.audioChannels > 0);
  return hasBoth && layOut(masters, "both").some((piece) => piece.uses !== "all");
}
