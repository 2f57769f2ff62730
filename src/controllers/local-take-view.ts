import type { UploadState } from "#protocol/upload-rpc.ts";
import type { DeviceTake } from "./device-takes.ts";
import type { LocalTakeState, LocalTakeView } from "./recordings-view.ts";
import type { TakeExportState } from "./take-exports.ts";
import { arrivedFraction, CRASH_COST_MS, type TakeFigures, tapeOf } from "./tape-of-take.ts";
import { isAlone, takeTitle } from "./take-titles.ts";
import { standingOf } from "./take-upload-state.ts";
import { etaOfTake, leftOfTake } from "./upload-eta.ts";

export interface LocalTakeNow {
  readonly uploads: UploadState;
  readonly exports: TakeExportState | undefined;
  /** Wall clock, ms since 1970: how long a take that runs is. */
  readonly wallMs: number;
}

/** One take of the Recordings page, from its rows and figures. */
export function localTakeView(take: DeviceTake, read: TakeFigures, now: LocalTakeNow): LocalTakeView {
  const { row, seat } = take;
  const live = row.state === "recording";
  const figures = live ? grown(read, now.wallMs - row.startedMs) : read;
  const bytesLeft = leftOfTake(row.take, now.uploads)?.bytesLeft;
  const state = stateOf(take, figures, bytesLeft, now.uploads);
  const freshLeft = bytesLeft === undefined ? {} : { bytesLeft };
  return {
    id: row.take,
    title: takeTitle(row, seat),
    atMs: row.startedMs,
    lengthMs: figures.lengthMs,
    bytes: figures.bytes,
    sources: [...new Set(take.tracks.map((track) => track.source))],
    alone: isAlone(row),
    state,
    ...(row.state === "cut-short" ? { cutShort: { missingMs: CRASH_COST_MS } } : {}),
    gapMs: figures.gapMs,
    lostMs: figures.lostMs,
    tape: tapeOf(figures, { live, local: state.kind === "local", ...freshLeft }),
    ...(figures.lanes === undefined ? {} : { lanes: figures.lanes }),
    ...exportOf(now.exports),
    ...(row.room !== null && (seat?.role === "host" || seat?.role === "cohost")
      ? { exportsHref: `/r/${row.room}/exports` }
      : {}),
  };
}

/** A take that runs is as long as the clock says; its epochs are read now and then only. */
function grown(figures: TakeFigures, lengthMs: number): TakeFigures {
  const atLeast = Math.max(figures.lengthMs, lengthMs);
  return { ...figures, lengthMs: atLeast, keptMs: atLeast };
}

function stateOf(
  take: DeviceTake,
  figures: TakeFigures,
  bytesLeft: number | undefined,
  uploads: UploadState,
): LocalTakeState {
  const fraction = arrivedFraction(figures, bytesLeft);
  switch (standingOf(take, uploads)) {
    case "recording":
      return { kind: "recording" };
    case "safe":
      return { kind: "safe" };
    case "local":
    case "empty":
      return { kind: "local" };
    case "waiting":
      return { kind: "waiting", fraction };
    case "uploading": {
      const etaMs = etaOfTake(take.row.take, uploads);
      return { kind: "uploading", fraction, ...(etaMs === undefined ? {} : { etaMs }) };
    }
  }
}

function exportOf(state: TakeExportState | undefined): Pick<LocalTakeView, "exporting" | "exportFailed"> {
  return {
    ...(state?.exporting === undefined ? {} : { exporting: state.exporting }),
    ...(state?.failed === undefined ? {} : { exportFailed: state.failed }),
  };
}
