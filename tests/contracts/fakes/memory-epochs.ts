import type { EpochRef, EpochStore } from "#core/ports/epoch-store.ts";
import { StorageError } from "#core/ports/storage-error.ts";
import type { TakeId } from "#protocol/ids.ts";

/** What lies on the disk; several stores may share one, as after a reopen. */
export type MemoryDisk = Map<string, { readonly ref: EpochRef; readonly bytes: Uint8Array<ArrayBuffer> }>;

/** The journal in memory. Held to the same contract as the real one. */
export function memoryEpochs(disk: MemoryDisk = new Map()): EpochStore {
  return {
    write: async (ref, bytes) => {
      if (bytes.byteLength === 0) throw StorageError.unreadable("no bytes");
      const there = disk.get(keyOf(ref));
      if (there === undefined) disk.set(keyOf(ref), { ref, bytes: new Uint8Array(bytes) });
      else if (!sameBytes(there.bytes, bytes)) throw StorageError.conflict(keyOf(ref));
    },
    read: async (ref) => {
      const there = disk.get(keyOf(ref));
      if (there === undefined) throw StorageError.missing(keyOf(ref));
      return new Blob([there.bytes]);
    },
    list: async (take?: TakeId) =>
      [...disk.values()]
        .map(({ ref }) => ({ take: ref.take, track: ref.track, seq: ref.seq }))
        .filter((ref) => take === undefined || ref.take === take)
        .sort(inOrder),
    discard: async (ref) => {
      disk.delete(keyOf(ref));
    },
    discardTake: async (take) => {
      for (const [key, { ref }] of disk) if (ref.take === take) disk.delete(key);
    },
  };
}

const keyOf = (ref: EpochRef): string => `${ref.take}/${ref.track}/${ref.seq}`;

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, at) => byte === b[at]);
}

function inOrder(a: EpochRef, b: EpochRef): number {
  if (a.take !== b.take) return a.take < b.take ? -1 : 1;
  if (a.track !== b.track) return a.track < b.track ? -1 : 1;
  return a.seq - b.seq;
}
