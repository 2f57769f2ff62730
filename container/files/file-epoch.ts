import { open } from "node:fs/promises";
import { EPOCH_MAX_BYTES } from "#protocol/epoch-format.ts";
import { type Sha256, seqName } from "#protocol/ids.ts";
import { EpochError } from "#media/epoch-error.ts";
import { EPOCH_HEAD_BYTES } from "#media/epoch-reader.ts";
import { EpochMissing, type EpochSource } from "#media/stitch/sources.ts";

/** An epoch that lies in a file. */
export function fileEpoch(path: string, seq: number, sha256: Sha256 | null): EpochSource {
  return {
    seq,
    sha256,
    head: () => unlessMissing(path, () => readHead(path)),
    read: () => unlessMissing(path, () => readWhole(path)),
  };
}

/** The first `EPOCH_HEAD_BYTES` of a file, or all of it. */
export async function readHead(path: string): Promise<Uint8Array> {
  const handle = await open(path, "r");
  try {
    const buffer = new Uint8Array(EPOCH_HEAD_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, buffer.byteLength, 0);
    // A copy: the metadata of thousands of epochs must not hold a buffer each.
    return buffer.slice(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function readWhole(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    if (size > EPOCH_MAX_BYTES) throw EpochError.of("bad-structure", `${size} bytes are too many`);
    const bytes = Buffer.allocUnsafeSlow(size);
    const { bytesRead } = await handle.read(bytes, 0, size, 0);
    return new Uint8Array(bytes.buffer, 0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function unlessMissing<Value>(path: string, read: () => Promise<Value>): Promise<Value> {
  try {
    return await read();
  } catch (error) {
    if (isNoEntry(error)) throw new EpochMissing(`${path} is not there`);
    throw error;
  }
}

/** Node's "no such file". */
export function isNoEntry(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** Name of an epoch's file in a work folder. */
export const epochFileName = (track: string, seq: number): string => `${track}.${seqName(seq)}.mp4`;
