import type { GapView, TapeView } from "#controllers/view-models.ts";
import { clock, count, span } from "./format.ts";

/** "one gap of 3.1 s at 11:02", "3 gaps, 12 s in all". */
export function gapWords(gaps: readonly GapView[]): string {
  const [only] = gaps;
  if (!only) return "";
  if (gaps.length === 1) return `one gap of ${span(only.lengthMs)} at ${clock(only.atMs)}`;
  return `${count(gaps.length)} gaps, ${span(gaps.reduce((sum, gap) => sum + gap.lengthMs, 0))} in all`;
}

/** "camera or microphone switched off for 3.1 s"; "" for nothing. */
export function offWords(off: readonly GapView[]): string {
  if (off.length === 0) return "";
  return `camera or microphone switched off for ${span(off.reduce((sum, each) => sum + each.lengthMs, 0))}`;
}

/** "1 gap, 3.1 s" for chips and plates. */
export function gapChip(gaps: readonly GapView[]): string {
  const total = gaps.reduce((sum, gap) => sum + gap.lengthMs, 0);
  return `${gaps.length} gap${gaps.length === 1 ? "" : "s"}, ${span(total)}`;
}

/** Everything that was kept has a receipt. */
export function allArrived(tape: TapeView): boolean {
  return tape.keptMs > 0 && tape.arrivedMs >= tape.keptMs;
}

/** The tape as one sentence, for those who do not see it. */
export function tapeSentence(tape: TapeView): string {
  const parts: string[] = [];
  if (tape.local) parts.push(`${clock(tape.keptMs)}, only on this device`);
  else if (allArrived(tape)) parts.push("All on the server");
  else parts.push(`${clock(tape.arrivedMs)} of ${clock(tape.keptMs)} on the server`);
  if (tape.gaps.length > 0) parts.push(gapWords(tape.gaps));
  if (tape.off !== undefined && tape.off.length > 0) parts.push(offWords(tape.off));
  const endMissing = tape.lengthMs - tape.keptMs;
  if (!tape.live && endMissing >= 1000) parts.push(`${span(endMissing)} lost at the end`);
  return parts.join(", ");
}
