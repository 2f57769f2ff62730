import type { UploadState } from "#protocol/upload-rpc.ts";
import type { DeviceTake } from "./device-takes.ts";
import type { FoundTakeView } from "./home-view.ts";
import type { TakeExportState } from "./take-exports.ts";
import { isAlone, takeTitle } from "./take-titles.ts";
import { standingOf } from "./take-upload-state.ts";
import { CRASH_COST_MS, type TakeFigures, tapeOf } from "./tape-of-take.ts";
import { leftOfTake } from "./upload-eta.ts";

/** A take that this launch found cut short. */
export function foundTakeView(
  take: DeviceTake,
  figures: TakeFigures,
  uploads: UploadState,
  state: TakeExportState | undefined,
): FoundTakeView {
  const { row } = take;
  const left = leftOfTake(row.take, uploads);
  return {
    id: row.take,
    title: takeTitle(row, take.seat),
    alone: isAlone(row),
    fromMs: row.startedMs,
    toMs: row.startedMs + figures.keptMs,
    keptMs: figures.keptMs,
    bytes: figures.bytes,
    sources: [...new Set(take.tracks.map((track) => track.source))],
    missingMs: CRASH_COST_MS,
    tape: tapeOf(figures, {
      live: false,
      local: standingOf(take, uploads) === "local",
      ...(left === undefined ? {} : { bytesLeft: left.bytesLeft }),
    }),
    ...(state?.exporting === undefined ? {} : { exporting: { fraction: state.exporting.fraction } }),
  };
}
