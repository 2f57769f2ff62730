import type { GapView } from "./tape-view.ts";

/** Gaps in order, overlapping and touching ones as one: a stretch that two tracks lack is missing once. */
export function mergeGaps(gaps: readonly GapView[]): GapView[] {
  const merged: GapView[] = [];
  for (const gap of [...gaps].sort((a, b) => a.atMs - b.atMs)) {
    const last = merged.at(-1);
    if (last !== undefined && gap.atMs <= last.atMs + last.lengthMs) {
      const end = Math.max(last.atMs + last.lengthMs, gap.atMs + gap.lengthMs);
      merged[merged.length - 1] = { atMs: last.atMs, lengthMs: end - last.atMs };
    } else {
      merged.push({ atMs: gap.atMs, lengthMs: gap.lengthMs });
    }
  }
  return merged;
}

/** What of the gaps lies within [fromMs, toMs]; nothing of no length. */
export function clipGaps(gaps: readonly GapView[], fromMs: number, toMs: number): GapView[] {
  return gaps.flatMap((gap) => {
    const atMs = Math.max(fromMs, gap.atMs);
    const lengthMs = Math.min(toMs, gap.atMs + gap.lengthMs) - atMs;
    return lengthMs > 0 ? [{ atMs, lengthMs }] : [];
  });
}

export function totalMs(gaps: readonly GapView[]): number {
  return gaps.reduce((sum, gap) => sum + gap.lengthMs, 0);
}
