import type {
  ArmRequest,
  Armed,
  CaptureInput,
  ClosedTrack,
  EncodeEvent,
  EncodeReason,
  EncodeStats,
  Interruption,
  StartRequest,
} from "#protocol/encode-rpc.ts";
import type { ClockSample } from "#protocol/clock.ts";
import type { MediaFormat } from "#protocol/epoch-format.ts";
import type { Result } from "#protocol/errors.ts";
import type { LocalMicros } from "#protocol/units.ts";

/** The page's end of one encode worker. Methods as in `EncodeWorkerApi`. */
export interface TrackEncoder {
  arm(request: ArmRequest, onEvent: (event: EncodeEvent) => void): Promise<Result<Armed, EncodeReason>>;
  replaceInput(input: CaptureInput): Promise<Result<MediaFormat, EncodeReason>>;
  start(request: StartRequest): Promise<Result<null, EncodeReason>>;
  stop(keepUntilUs: LocalMicros): Promise<Result<ClosedTrack, EncodeReason>>;
  setClock(sample: ClockSample | null): void;
  hintCaptureTimes(captureUs: readonly number[]): Promise<boolean>;
  interrupted(interruption: Interruption): void;
  resumed(interruption: Interruption): void;
  stats(): Promise<EncodeStats | null>;
  /** Disarms and, once all is kept, ends the worker. */
  close(): Promise<void>;
  /** Ends the worker at once, with whatever it has not sealed: for one that has failed. */
  kill(): void;
  /** Hears of a worker that died by itself (out of memory, a script that could not be loaded). */
  onCrash(listener: (detail: string) => void): void;
}

export type TrackEncoderFactory = () => TrackEncoder;
