import type { TakeView } from "#protocol/room-messages.ts";
import type { UploadState } from "#protocol/upload-rpc.ts";
import { lostMsOf, type OwnRecording } from "./own-recording.ts";
import type { Readiness } from "./take-starter.ts";
import type { AfterStopView, ParticipantView, TallyView } from "./studio-view.ts";

export interface TallyInput {
  /** The room's newest take. */
  readonly take: TakeView | null;
  /** ms since its zero by the room's clock; negative before it. */
  readonly elapsedMs: number;
  /** `performance.now()` at its zero. */
  readonly zeroMs: number;
  readonly own: OwnRecording | null;
  readonly participants: readonly ParticipantView[];
  readonly uploads: UploadState;
  /** Everybody could record at once. */
  readonly ready: boolean;
  readonly readiness: Readiness;
  /** Record was pressed here, and the room is asked once everybody is ready. */
  readonly starting: boolean;
}

/** The state of the room, for the head of the studio. Pure. */
export function tallyOf(input: TallyInput): TallyView {
  const { take, own, participants } = input;
  if (take?.state === "rolling") {
    const expected = participants.filter((each) => each.state !== "idle");
    const recording = expected.filter((each) => each.state === "recording").length;
    if (input.elapsedMs < 0 || recording === 0) {
      return { phase: "starting", ready: recording, total: Math.max(1, expected.length) };
    }
    return {
      phase: "recording",
      startedAtMs: input.zeroMs,
      recording,
      total: expected.length,
      notRecording: expected.filter((each) => each.state === "not-recording").map((each) => each.name),
      outOfReach: expected.filter((each) => each.state === "out-of-reach").map((each) => each.name),
    };
  }
  if (input.starting) return { phase: "starting", ...input.readiness };
  if (own === null) return { phase: "idle", ready: input.ready };
  if (own.phase === "starting") return { phase: "starting", ready: 0, total: Math.max(1, participants.length) };
  if (own.phase === "recording" || own.phase === "stopping") return { phase: "stopping" };
  return afterStop(own, input.uploads);
}

/** Safe only by the manifest's own word, and only once this device's recorder holds nothing back. */
function afterStop(own: OwnRecording, uploads: UploadState): TallyView {
  if (uploads.safe) return { phase: "safe", lostMs: lostMsOf(own) };
  const bytesTotal = Math.max(own.totals.bytes, uploads.bytesLeft);
  const bytes = { bytesLeft: uploads.bytesLeft, bytesTotal };
  if (uploads.phase === "waiting") return { phase: "waiting", ...bytes };
  const etaMs = uploads.bytesPerSecond > 0 ? (uploads.bytesLeft / uploads.bytesPerSecond) * 1000 : undefined;
  return { phase: "draining", ...bytes, ...(etaMs === undefined ? {} : { etaMs }) };
}

/** The panel after Stop; `undefined` while it has nothing to say. */
export function afterStopOf(input: TallyInput): AfterStopView | undefined {
  const { own, take, uploads } = input;
  if (own === null || own.phase !== "stopped" || take === null || take.state === "rolling") return undefined;
  return {
    takeNumber: take.number,
    lengthMs: own.lengthMs,
    bytesArrived: own.totals.bytes - own.totals.pendingBytes,
    bytesTotal: own.totals.bytes,
    missing: own.gaps,
    lostMs: lostMsOf(own),
    othersLeft: input.participants
      .filter((each) => !each.self && each.epochs !== undefined && !each.safe)
      .map((each) => ({ name: each.name, ...(each.etaMs === undefined ? {} : { etaMs: each.etaMs }) })),
    otherTakes: uploads.takes.filter((each) => each.take !== own.take && each.epochsLeft > 0).length,
  };
}
