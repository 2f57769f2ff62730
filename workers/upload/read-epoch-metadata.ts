import { isEpochError } from "#media/epoch-error.ts";
import { readEpoch } from "#media/epoch-reader.ts";
import type { EpochMetadata } from "#protocol/epoch-format.ts";

/** What a file of the journal says of itself; `undefined` when it is torn or no epoch at all. */
export function readEpochMetadata(bytes: Uint8Array): EpochMetadata | undefined {
  try {
    return readEpoch(bytes).metadata;
  } catch (error) {
    if (!isEpochError(error)) throw error;
    return undefined;
  }
}
