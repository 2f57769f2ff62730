import type { Sha256 } from "#protocol/ids.ts";

/** SHA-256 of bytes. */
export interface Hasher {
  sha256(bytes: Uint8Array): Promise<Sha256>;
}
