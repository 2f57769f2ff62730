import type { Sha256 } from "#protocol/ids.ts";
import { toHex } from "../auth/bytes.ts";
import { ApiError } from "../refusals.ts";
import { isLengthError, measured } from "./measured.ts";

/** What arrives, and what was said of it. */
export interface Incoming {
  readonly body: ReadableStream | null;
  readonly bytes: number;
  readonly sha256: Sha256;
}

/** R2 says so in the message only: `… checksum you specified did not match … (10037)`. */
const isChecksumError = (error: unknown): boolean =>
  error instanceof Error && /\(10037\)|checksum|BadDigest/i.test(error.message);

/**
 * Stores the bytes only if they have the length and the SHA-256 that were declared; `onlyIfNew`: and nothing is there yet.
 * Nothing is held in memory.
 * @returns `null` when something was there already
 * @throws ApiError `length-wrong`, `digest-wrong`, `store-unavailable`: nothing is known to be stored
 */
export async function putChecked(
  bucket: R2Bucket,
  key: string,
  incoming: Incoming,
  onlyIfNew: boolean,
): Promise<R2Object | null> {
  const body = measured(incoming.body, incoming.bytes);
  const { sha256 } = incoming;
  try {
    return await bucket.put(key, body, onlyIfNew ? { sha256, onlyIf: { etagDoesNotMatch: "*" } } : { sha256 });
  } catch (error) {
    if (isChecksumError(error)) throw ApiError.of("digest-wrong");
    if (isLengthError(error)) throw ApiError.of("length-wrong");
    console.warn(`storing: ${error instanceof Error ? error.message : String(error)}`);
    throw ApiError.of("store-unavailable", { "Retry-After": "1" });
  }
}

/** SHA-256 that the store itself checked; `null` when it has none. */
export function storedSha256(object: R2Object): string | null {
  const checksum = object.checksums.sha256;
  return checksum ? toHex(checksum) : null;
}
