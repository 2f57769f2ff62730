import type { Hasher } from "#core/ports/hasher.ts";
import { type Sha256, sha256 as sha256Schema } from "#protocol/ids.ts";
import * as v from "valibot";

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** SHA-256 through WebCrypto: 64 lower-case hexadecimal digits. Needs a secure context. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Sha256> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  let hex = "";
  for (const byte of digest) hex += HEX[byte];
  return v.parse(sha256Schema, hex);
}

/** The {@link Hasher} of any browser context. */
export function webCryptoHasher(): Hasher {
  return { sha256: (bytes) => sha256(ownBuffer(bytes)) };
}

/** WebCrypto refuses shared memory; ordinary bytes are passed on without a copy. */
function ownBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (bytes.buffer instanceof ArrayBuffer) return bytes as Uint8Array<ArrayBuffer>;
  return new Uint8Array(bytes);
}
