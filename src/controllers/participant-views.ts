import type { DeviceStatus, ParticipantView as RoomParticipant, TakeView } from "#protocol/room-messages.ts";
import type { Problem } from "./problem-view.ts";
import type { ParticipantView, RecordingState } from "./studio-view.ts";
import type { TapeView } from "./tape-view.ts";

/** What is needed to show another device: its own words and the length of the take by the room's clock. */
export interface TakeNow {
  readonly take: TakeView | null;
  /** ms since the take's zero, by the room's clock; 0 before it. */
  readonly elapsedMs: number;
}

/** One participant as the room knows it. `self` gets its own, fresher figures elsewhere. */
export function participantViewOf(from: RoomParticipant, now: TakeNow, self: boolean): ParticipantView {
  const status = ofThisTake(from.status, now.take);
  const state = recordingStateOf(from, now.take);
  const problem = problemOf(from, state, now);
  return {
    id: from.participant,
    name: from.name,
    role: from.role,
    self,
    state,
    safe: status !== null && status.recording === "no" && status.epochsLeft === 0 && status.epochsSealed > 0,
    sources: from.status?.sources ?? [],
    ...(status === null || status.epochsSealed === 0 ? {} : figuresOf(status, state, now)),
    ...(from.status?.minutesFree == null ? {} : { minutesFree: from.status.minutesFree }),
    ...(problem === undefined ? {} : { problem }),
    muted: from.call?.muted === true,
    cameraOff: from.call?.cameraOff === true,
    spokeAtMs: 0,
    actions: [],
  };
}

/** A status that speaks of another take says nothing of this one. */
function ofThisTake(status: DeviceStatus | null, take: TakeView | null): DeviceStatus | null {
  return status !== null && take !== null && status.take === take.take ? status : null;
}

export function recordingStateOf(from: RoomParticipant, take: TakeView | null): RecordingState {
  const status = ofThisTake(from.status, take);
  const rolling = take?.state === "rolling";
  if (rolling && !from.connected) return status === null ? "idle" : "out-of-reach";
  switch (status?.recording) {
    case "starting":
      return "starting";
    case "recording":
      return "recording";
    case "failed":
      return "not-recording";
    case "no":
      return "stopped";
    default:
      return rolling ? "starting" : "idle";
  }
}

type Figures = Pick<ParticipantView, "tape" | "epochs" | "bytes" | "etaMs">;

function figuresOf(status: DeviceStatus, state: RecordingState, now: TakeNow): Figures {
  const lengthMs = now.elapsedMs;
  const arrived = status.epochsUploaded / status.epochsSealed;
  const tape: TapeView = {
    lengthMs,
    keptMs: lengthMs,
    arrivedMs: lengthMs * arrived,
    gaps: status.newestGaps,
    live: state === "recording",
    local: false,
  };
  const left = Math.max(0, status.epochsSealed - status.epochsUploaded);
  const bytesLeft = Math.max(0, status.bytesSealed - status.bytesUploaded);
  return {
    tape,
    epochs: { sealed: status.epochsSealed, uploaded: status.epochsUploaded, left },
    bytes: { total: status.bytesSealed, arrived: status.bytesUploaded },
    ...(status.bytesPerSecond > 0 && bytesLeft > 0 ? { etaMs: (bytesLeft / status.bytesPerSecond) * 1000 } : {}),
  };
}

function problemOf(from: RoomParticipant, state: RecordingState, now: TakeNow): Problem | undefined {
  const sinceTake = (wallMs: number): number =>
    now.take === null ? 0 : Math.max(0, wallMs - now.take.zeroRoomUs / 1000);
  if (state === "out-of-reach") {
    return { reason: "out-of-reach", who: from.name, sinceMs: sinceTake(from.seenMs) };
  }
  const said = from.status?.problem;
  if (state === "not-recording") {
    return { reason: "not-recording", who: from.name, ...(said == null ? {} : { why: said.message }) };
  }
  if (said == null) return undefined;
  return { reason: "other", severity: "degraded", title: said.message, text: "" };
}
