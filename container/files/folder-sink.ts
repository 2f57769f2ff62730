import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { DeliverySink, SinkFile } from "#media/deliver-take.ts";
import { hashFile } from "./hash.ts";

/** Files in one folder. Each is written as `NAME.part` and has its name only once it is whole. */
export function folderSink(folder: string): DeliverySink {
  return {
    create: async (name) => {
      const path = join(folder, name);
      return new PartFile(path, await open(`${path}.part`, "w"));
    },
  };
}

class PartFile implements SinkFile {
  readonly #path: string;
  readonly #handle: FileHandle;

  constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  async write(chunks: readonly Uint8Array[], position: number): Promise<void> {
    const { bytesWritten } = await this.#handle.writev(chunks, position);
    const wanted = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
    // A regular file takes everything unless the disk is full; then the next write says so.
    if (bytesWritten < wanted) await this.#rest(chunks, position, bytesWritten);
  }

  async #rest(chunks: readonly Uint8Array[], position: number, written: number): Promise<void> {
    let skip = written;
    let at = position + written;
    for (const chunk of chunks) {
      const part = chunk.subarray(Math.min(skip, chunk.byteLength));
      skip -= chunk.byteLength - part.byteLength;
      for (let from = 0; from < part.byteLength; ) {
        const { bytesWritten } = await this.#handle.write(part, from, part.byteLength - from, at);
        from += bytesWritten;
        at += bytesWritten;
      }
    }
  }

  async close(): Promise<{ bytes: number; sha256: string }> {
    const { size } = await this.#handle.stat();
    await this.#handle.close();
    const part = `${this.#path}.part`;
    const sha256 = await hashFile(part);
    await rename(part, this.#path);
    return { bytes: size, sha256 };
  }

  async abort(): Promise<void> {
    await this.#handle.close();
    await rm(`${this.#path}.part`, { force: true });
  }
}
