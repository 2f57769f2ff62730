import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/** SHA-256 as hexadecimal digits; made in the thread pool, so that the next epoch is read meanwhile. */
export async function hashBytes(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("hex");
}

const READ_BYTES = 4 * 1024 * 1024;

/** SHA-256 of a file of any size; memory stays at a few buffers. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) hash.update(chunk);
  return hash.digest("hex");
}
