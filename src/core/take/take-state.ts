import type { Armed, EncodeProblem } from "#protocol/encode-rpc.ts";
import type { MediaFormat } from "#protocol/epoch-format.ts";
import { StudioError } from "#protocol/errors.ts";
import { type Gap, isLoss } from "#protocol/gaps.ts";
import type { ParticipantId, RoomId, Source, TakeId, TrackId } from "#protocol/ids.ts";
import type { LocalMicros } from "#protocol/units.ts";

/** Everything that a take is, beyond its sources. */
export interface TakeOrder {
  readonly take: TakeId;
  /** `null`: recorded alone. */
  readonly room: RoomId | null;
  readonly participant: ParticipantId | null;
  readonly participantName: string;
  readonly title: string;
  /** When the person agreed; without it nothing is captured. */
  readonly consentMs: number;
  /** The take's zero on this device's clock. In the past for a device that is late. */
  readonly zeroUs: LocalMicros;
  readonly zeroRoomUs: number | null;
}

export type TakePhase = "idle" | "starting" | "rolling" | "draining" | "stopped";

/** Beside the phase: a degraded take still drains. `lost`: something that should be recorded is not, right now. */
export type TakeHealth = "clean" | "degraded" | "lost";

/**
 * `arming`: the codec is being chosen. `armed`: ready, nothing is kept. `off`: the person switched it off in mid-take; its track is
 * open. `lost`: the device is gone; give another one with {@link TakeRecorder.replace}. `failed`: it cannot be recorded at all,
 * `problem` says why.
 */
export type SourcePhase = "arming" | "armed" | "recording" | "draining" | "off" | "lost" | "failed";

export interface SourceState {
  readonly source: Source;
  readonly label: string;
  readonly phase: SourcePhase;
  readonly format: MediaFormat | null;
  readonly choice: Armed["choice"];
  readonly problem: SourceProblem | null;
}

/** What is wrong with a source now. `detail` is for the debug panel. */
export interface SourceProblem {
  readonly problem: EncodeProblem | "device-lost" | "not-armed" | "worker-died";
  readonly atUs: LocalMicros;
  readonly detail: string;
}

/** One track of the take as far as it got. Times are µs since the track's zero. */
export interface TrackState {
  readonly track: TrackId;
  readonly source: Source;
  readonly label: string;
  readonly zeroUs: LocalMicros;
  readonly epochs: number;
  readonly bytes: number;
  readonly endUs: number;
  readonly gaps: readonly Gap[];
  readonly open: boolean;
}

export interface RecorderState {
  readonly phase: TakePhase;
  readonly health: TakeHealth;
  readonly order: TakeOrder | null;
  /** Local µs of Stop; `null` while rolling. */
  readonly stoppedUs: LocalMicros | null;
  readonly sources: readonly SourceState[];
  /** Switched off by the person, with or without an open track. */
  readonly off: readonly Source[];
  /** Of the present or the last take, also those that are closed. */
  readonly tracks: readonly TrackState[];
}

export type RecorderReason = "take-rolling" | "locked" | "no-sources";

export class RecorderError extends StudioError<RecorderReason> {
  static takeRolling(): RecorderError {
    return new RecorderError("take-rolling", "note", "A take is being recorded already.");
  }

  static locked(): RecorderError {
    return new RecorderError("locked", "critical", "Another window of this browser records this take.");
  }

  static noSources(): RecorderError {
    return new RecorderError("no-sources", "critical", "There is no camera and no microphone to record.");
  }
}

/** Health is made of the gaps that were declared and of what is missing now; what the person switched off is not missing. */
export function healthOf(state: Pick<RecorderState, "phase" | "sources" | "off" | "tracks">): TakeHealth {
  const { sources, off, tracks } = state;
  const missing = (one: SourceState): boolean => one.phase === "lost" || one.phase === "failed";
  const nothing = off.length === 0 && !tracks.some((track) => track.open);
  if (state.phase === "rolling" && (nothing || sources.some(missing))) return "lost";
  return tracks.some((track) => track.gaps.some(isLoss)) ? "degraded" : "clean";
}
