import type { CaptureInput, CodecChoice, EncodeEvent, EncodeStats } from "#protocol/encode-rpc.ts";
import type { MediaFormat } from "#protocol/epoch-format.ts";
import type { Clock } from "#core/ports/time.ts";
import type { TrackSession } from "./track-session.ts";

/** What a pipeline needs of its worker. */
export interface PipelineDeps {
  readonly clock: Clock;
  /** Origin of the worker's own clock less the page's, µs. */
  readonly originShiftUs: number;
  readonly onEvent: (event: EncodeEvent) => void;
}

/** From the input's stream to slices of encoded media; one for pictures, one for sound. */
export interface TrackPipeline {
  readonly format: MediaFormat;
  /** Waiting in the encoder. */
  readonly queue: number;
  readonly ratePpm: number;
  stamps(): EncodeStats["stamps"];
  /** Takes the input and gets ready; resolves to the chosen codec, `null` for sound. @throws EncodeFailed */
  arm(input: CaptureInput, known: CodecChoice | null): Promise<CodecChoice | null>;
  /** Keeps what is captured within the session's bounds from now on. */
  begin(session: TrackSession): void;
  /** Resolves when all that was captured before `session.keepUntilUs` was handed to the sealer. */
  end(): Promise<void>;
  replace(input: CaptureInput): Promise<MediaFormat>;
  /** Whether no more are wanted. */
  hintCaptureTimes(captureUs: readonly number[]): boolean;
  /** Called a few times a second: notices a source that has fallen silent. */
  tick(): void;
  detach(): Promise<void>;
}
