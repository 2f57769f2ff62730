import type { ClockSample } from "./clock.ts";
import type { MediaFormat } from "./epoch-format.ts";
import type { Result } from "./errors.ts";
import type { Gap, GapReason } from "./gaps.ts";
import type { ParticipantId, RoomId, Source } from "./ids.ts";
import type { TrackRow } from "./take-manifest.ts";
import type { LocalMicros } from "./units.ts";

/**
 * Calls between the page and one encode worker. They never leave the page's own version, so their shapes are types; failures
 * cross as data.
 */

/** What a capture source hands over. `stream` is transferred: a `ReadableStream` of `VideoFrame` or `AudioData`. */
export type CaptureInput =
  | {
      readonly kind: "video";
      readonly stream: object;
      readonly width: number;
      readonly height: number;
      /** As the device says; 0 when it does not. */
      readonly frameRate: number;
    }
  | {
      readonly kind: "audio";
      readonly stream: object;
      /** As the device says; the buffers are the truth. */
      readonly sampleRate: number;
      readonly channels: number;
    };

/** What the warm-up measured for one codec. */
export interface CodecMeasure {
  readonly codec: string;
  readonly bitrate: number;
  /** Frames per second really encoded; 0: does not work here. */
  readonly framesPerSecond: number;
}

/** What the warm-up chose, to be given again for the same picture within the session. */
export interface CodecChoice {
  readonly codec: string;
  readonly bitrate: number;
  /** False: nothing here encodes fast enough with some room to spare; frames may be missing. */
  readonly inTime: boolean;
  readonly measured: readonly CodecMeasure[];
}

export interface ArmRequest {
  readonly source: Source;
  /** `performance.timeOrigin` of the page: local µs count from it. */
  readonly pageTimeOriginMs: number;
  readonly input: CaptureInput;
  /** Of an earlier warm-up with the same picture: none is needed again. */
  readonly known: CodecChoice | null;
}

export interface Armed {
  readonly format: MediaFormat;
  /** `null` for sound. */
  readonly choice: CodecChoice | null;
}

export interface StartRequest {
  /** As it was written to the manifest; the worker closes it. */
  readonly track: TrackRow;
  readonly room: RoomId | null;
  readonly participant: ParticipantId | null;
  readonly participantName: string;
  /** The take's zero on this device's clock. Before `track.trackZeroUs` when the device is late. */
  readonly takeZeroUs: LocalMicros;
  readonly takeZeroRoomUs: number | null;
  /** Whether time between the take's zero and the first sample is a gap: not for a screen shared in mid-take. */
  readonly declareLate: boolean;
  /**
   * Since when the person had the source switched off while the take rolled, local µs: from there to the first sample the gap is
   * `muted`, before it `late-start`. `null`: it was on.
   */
  readonly offFromUs: LocalMicros | null;
  readonly clock: ClockSample | null;
}

export interface ClosedTrack {
  readonly epochs: number;
  readonly gaps: readonly Gap[];
  /** µs since the track's zero; 0 when nothing was kept. */
  readonly endUs: number;
}

export type EncodeReason =
  /** The input gave nothing within its time. */
  | "no-input"
  /** No codec works here. */
  | "no-codec"
  /** The call does not fit the state: start without arm, two starts. */
  | "wrong-state"
  | "unexpected";

/** Rare things that the page hears at once; at most a few a second. */
export type EncodeEvent =
  | { readonly type: "sealed"; readonly epochs: number; readonly bytes: number; readonly endUs: number }
  | { readonly type: "gap"; readonly gap: Gap }
  /** The input's stream ended. */
  | { readonly type: "input-ended" }
  | {
      readonly type: "problem";
      readonly problem: EncodeProblem;
      /** Local µs. */
      readonly atUs: LocalMicros;
      readonly detail: string;
    };

export type EncodeProblem = "storage-full" | "storage-back" | "encoder-slow" | "encoder-failed" | "silent-input";

/** Figures of one track since its take began. Units: video frames, or PCM samples at 48 kHz. */
export interface EncodeStats {
  readonly source: Source;
  readonly codec: string;
  readonly format: MediaFormat;
  readonly captured: number;
  readonly dropped: {
    /** The browser did not deliver them; known from the stamps. */
    readonly capture: number;
    /** We skipped them, since the encoder fell behind. */
    readonly encoderBusy: number;
    /** Lost in an encoder that failed. */
    readonly encoderError: number;
    /** Stamps that went back, or could not be read. */
    readonly disorder: number;
    /** Encoded, but the disk took them not. */
    readonly storage: number;
  };
  readonly encoded: number;
  readonly sealed: number;
  /** Still pictures of a screen that were encoded again. */
  readonly repeated: number;
  /** Samples of silence put in for gaps below 30 ms; they are in `encoded` and `sealed` too. */
  readonly filled: number;
  /** Waiting in the encoder. */
  readonly queue: number;
  readonly epochs: number;
  readonly runs: number;
  readonly bytes: number;
  /** Waiting for the disk. */
  readonly bytesWaiting: number;
  readonly gaps: readonly { readonly reason: GapReason; readonly count: number; readonly totalUs: number }[];
  readonly shortGaps: { readonly count: number; readonly us: number };
  /** Error of the microphone's crystal, parts per million; 0 for video. */
  readonly ratePpm: number;
  /** How stamps became local µs. */
  readonly stamps: { readonly method: "capture-time" | "arrival" | "tracked"; readonly uncertaintyUs: number };
}

/** Why a source is silent, as the page knows it. */
export interface Interruption {
  readonly reason: GapReason;
  readonly fromUs: LocalMicros;
}

/** What an encode worker does; `Comlink.expose`d. One source per worker. */
export interface EncodeWorkerApi {
  /** Takes the input, chooses the codec by a short measured encode of real frames, and waits warm. */
  arm(request: ArmRequest, onEvent: (event: EncodeEvent) => void): Promise<Result<Armed, EncodeReason>>;
  /** Another device, or the same one back: what was begun goes on as a new run. Possible while armed and while rolling. */
  replaceInput(input: CaptureInput): Promise<Result<MediaFormat, EncodeReason>>;
  /** Keeps what is captured at or after `track.trackZeroUs`; call it before that moment to lose nothing. */
  start(request: StartRequest): Promise<Result<null, EncodeReason>>;
  /** Keeps what is captured before `keepUntilUs`, then drains to the disk and closes the track. Resolves when all is kept. */
  stop(keepUntilUs: LocalMicros): Promise<Result<ClosedTrack, EncodeReason>>;
  /** Lets go of the input. A take that rolls is stopped first. */
  disarm(): Promise<void>;
  setClock(sample: ClockSample | null): void;
  /**
   * Capture times of frames of this camera that the page learned of, local µs. Resolves to whether no more are wanted, since
   * the mapping of its stamps is known.
   */
  hintCaptureTimes(captureUs: readonly number[]): Promise<boolean>;
  interrupted(interruption: Interruption): void;
  resumed(interruption: Interruption): void;
  /** `null` before the first take. */
  stats(): Promise<EncodeStats | null>;
}
