import { StudioError } from "#protocol/errors.ts";

/**
 * Why a file is no usable epoch. Closed.
 * - `not-an-epoch`: no `ftyp` and metadata box at its beginning: some other file.
 * - `unknown-format`: a metadata box of a version that this reader does not know.
 * - `bad-metadata`: the metadata is not JSON, or not what the schema says.
 * - `bad-structure`: boxes are missing, too many, nested wrongly, or run past their parent.
 * - `bad-config`: the decoder's description is missing or does not fit the codec.
 * - `bad-samples`: number or place of the samples is not what the metadata and the data box say.
 * - `bad-times`: sample times are not ascending, or not what the metadata says.
 * - `no-keyframe`: the first sample cannot be decoded by itself.
 * - `checksum-mismatch`: the bytes are not those that were sealed.
 */
export type EpochReason =
  | "not-an-epoch"
  | "unknown-format"
  | "bad-metadata"
  | "bad-structure"
  | "bad-config"
  | "bad-samples"
  | "bad-times"
  | "no-keyframe"
  | "checksum-mismatch";

/** A file that cannot be used as an epoch, or input that cannot be made one. */
export class EpochError extends StudioError<EpochReason> {
  static of(reason: EpochReason, message: string, cause?: unknown): EpochError {
    return new EpochError(reason, "degraded", message, cause === undefined ? undefined : { cause });
  }
}

export function isEpochError(error: unknown): error is EpochError {
  return error instanceof EpochError;
}
