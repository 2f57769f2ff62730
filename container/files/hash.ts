import { createHash, hash } from "node:crypto";
import { open } from "node:fs/promises";

/** SHA-256 as hexadecimal digits. At once: WebCrypto would copy the bytes first, which takes as long again. */
export async function hashBytes(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return hash("sha256", bytes, "hex");
}

const READ_BYTES = 1024 * 1024;

/** SHA-256 of a file of any size; memory is one buffer. */
export async function hashFile(path: string): Promise<string> {
  const sha256 = createHash("sha256");
  const buffer = new Uint8Array(READ_BYTES);
  const handle = await open(path, "r");
  try {
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.byteLength);
      if (bytesRead === 0) return sha256.digest("hex");
      sha256.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}
