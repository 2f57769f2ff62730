import type { TakeTotals } from "#core/ports/take-repo.ts";
import type { Source, TakeId } from "#protocol/ids.ts";
import type { DeviceStatus } from "#protocol/room-messages.ts";
import type { UploadState } from "#protocol/upload-rpc.ts";
import { mergeGaps, totalMs } from "./gap-spans.ts";
import type { Problem } from "./problem-view.ts";
import type { ParticipantView, TrackFiguresView } from "./studio-view.ts";
import type { GapView, TapeView } from "./tape-view.ts";
import { etaOfTake } from "./upload-eta.ts";

/** This device's part in its newest take, as the screens and the room hear of it. Times are ms since the take's zero. */
export interface OwnRecording {
  readonly take: TakeId;
  readonly phase: "starting" | "recording" | "stopping" | "stopped" | "failed";
  /** `performance.now()` at the take's zero. */
  readonly zeroMs: number;
  /** From the take's zero to now, or to Stop. */
  readonly lengthMs: number;
  readonly sources: readonly Source[];
  readonly totals: TakeTotals;
  /** What is missing. */
  readonly gaps: readonly GapView[];
  /** What the person had switched off: declared as gaps too, and no loss. */
  readonly off: readonly GapView[];
  readonly problems: readonly Problem[];
  readonly tracks: readonly TrackFiguresView[];
}

/**
 * Shorter gaps are blemishes (a dropped frame is 33 ms): declared and counted as gaps, but nobody would say that something
 * was lost. Half a second is a word.
 */
const LOSS_MS = 500;

/** Sum of the stretches that a listener would miss, ms; what two tracks lack at once counts once. */
export function lostMsOf(own: OwnRecording): number {
  return totalMs(mergeGaps(own.gaps).filter((gap) => gap.lengthMs >= LOSS_MS));
}

export function ownTape(own: OwnRecording, local: boolean): TapeView {
  const { epochs, pendingEpochs } = own.totals;
  return {
    lengthMs: own.lengthMs,
    keptMs: own.lengthMs,
    arrivedMs: epochs === 0 ? 0 : own.lengthMs * (1 - pendingEpochs / epochs),
    gaps: mergeGaps(own.gaps),
    off: mergeGaps(own.off),
    live: own.phase === "recording",
    local,
  };
}

/** One's own entry among the participants, fresher than what the room says. */
export function ownParticipantFigures(own: OwnRecording, uploads: UploadState): Partial<ParticipantView> {
  const { epochs, bytes, pendingEpochs, pendingBytes } = own.totals;
  const etaMs = etaOfTake(own.take, uploads);
  return {
    state: own.phase === "failed" ? "not-recording" : own.phase === "stopping" ? "recording" : own.phase,
    sources: own.sources,
    tape: ownTape(own, false),
    epochs: { sealed: epochs, uploaded: epochs - pendingEpochs, left: pendingEpochs },
    bytes: { total: bytes, arrived: bytes - pendingBytes },
    safe: own.phase === "stopped" && uploads.safe,
    ...(etaMs === undefined ? {} : { etaMs }),
  };
}

const RECORDING: Record<OwnRecording["phase"], DeviceStatus["recording"]> = {
  starting: "starting",
  recording: "recording",
  stopping: "recording",
  stopped: "no",
  failed: "failed",
};

/** What the room is told of this device. `own` is null before its first take. */
export function deviceStatusOf(
  own: OwnRecording | null,
  uploads: UploadState,
  problem: DeviceStatus["problem"],
  minutesFree: number | undefined,
  ready: boolean,
): DeviceStatus {
  const gaps = own === null ? [] : mergeGaps(own.gaps);
  const totals = own?.totals;
  return {
    recording: own === null ? "no" : RECORDING[own.phase],
    take: own?.take ?? null,
    sources: [...(own?.sources ?? [])],
    ready,
    epochsSealed: totals?.epochs ?? 0,
    epochsUploaded: (totals?.epochs ?? 0) - (totals?.pendingEpochs ?? 0),
    epochsLeft: uploads.epochsLeft,
    bytesLeft: uploads.bytesLeft,
    gaps: gaps.length,
    gapUs: totalMs(gaps) * 1000,
    problem,
    newestGaps: gaps.slice(-20).map(({ atMs, lengthMs }) => ({ atMs, lengthMs })),
    bytesSealed: totals?.bytes ?? 0,
    bytesUploaded: (totals?.bytes ?? 0) - (totals?.pendingBytes ?? 0),
    bytesPerSecond: Math.round(uploads.bytesPerSecond),
    minutesFree: minutesFree ?? null,
  };
}
