import type { EpochRef, EpochStore } from "#core/ports/epoch-store.ts";
import { StorageError } from "#core/ports/storage-error.ts";
import { type TakeId, seqName, takeId, trackId } from "#protocol/ids.ts";
import * as v from "valibot";

/** The journal's folder in the Origin Private File System. */
export const JOURNAL_FOLDER = "journal";

/** The part of a sync access handle that is used here; the DOM library of pages does not know the type. */
interface SyncHandle {
  write(bytes: Uint8Array, options?: { at?: number }): number;
  read(bytes: Uint8Array, options?: { at?: number }): number;
  getSize(): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

interface SyncFile extends FileSystemFileHandle {
  createSyncAccessHandle(): Promise<SyncHandle>;
}

/**
 * Epochs as files `/journal/{take}/{track}/{seq:06}.mp4`. Reading, listing and discarding work in every context of the
 * origin, writing only in a dedicated worker (there alone sync access handles exist).
 *
 * @param folder another name keeps tests apart.
 */
export function opfsEpochStore(folder: string = JOURNAL_FOLDER): EpochStore {
  return {
    write: (ref, bytes) => writeEpochFile(folder, ref, bytes),
    read: async (ref) => {
      const file = await existingFile(folder, ref);
      if (file === undefined || file.size === 0) throw StorageError.missing(nameOf(ref));
      return file;
    },
    list: (take) => listEpochs(folder, take),
    discard: async (ref) => {
      const parent = await trackFolder(folder, ref, false);
      await removeEntry(parent, fileName(ref), false);
    },
    discardTake: async (take) => {
      const journal = await journalFolder(folder, false);
      await removeEntry(journal, take, true);
    },
  };
}

const fileName = (ref: EpochRef): string => `${seqName(ref.seq)}.mp4`;
const nameOf = (ref: EpochRef): string => `epoch ${ref.seq} of track ${ref.track}`;

async function journalFolder(folder: string, create: boolean): Promise<FileSystemDirectoryHandle | undefined> {
  const root = await navigator.storage.getDirectory();
  return child(root, folder, create);
}

async function trackFolder(
  folder: string,
  ref: EpochRef,
  create: boolean,
): Promise<FileSystemDirectoryHandle | undefined> {
  const journal = await journalFolder(folder, create);
  const take = await child(journal, ref.take, create);
  return child(take, ref.track, create);
}

async function child(
  parent: FileSystemDirectoryHandle | undefined,
  name: string,
  create: boolean,
): Promise<FileSystemDirectoryHandle | undefined> {
  if (parent === undefined) return undefined;
  try {
    return await parent.getDirectoryHandle(name, { create });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    if (isQuota(error)) throw StorageError.full(error);
    throw error;
  }
}

async function existingFile(folder: string, ref: EpochRef): Promise<File | undefined> {
  const parent = await trackFolder(folder, ref, false);
  if (parent === undefined) return undefined;
  try {
    return await (await parent.getFileHandle(fileName(ref))).getFile();
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw StorageError.unreadable(nameOf(ref), error);
  }
}

async function writeEpochFile(folder: string, ref: EpochRef, bytes: Uint8Array): Promise<void> {
  if (bytes.byteLength === 0) throw StorageError.unreadable(`${nameOf(ref)} (no bytes)`);
  const parent = await trackFolder(folder, ref, true);
  if (parent === undefined) throw StorageError.unreadable(nameOf(ref));
  const file = await fileToWrite(parent, ref);
  const handle = await file.createSyncAccessHandle().catch((error: unknown) => {
    throw isQuota(error) ? StorageError.full(error) : StorageError.unreadable(nameOf(ref), error);
  });
  try {
    if (handle.getSize() > 0 && keepsAlready(handle, ref, bytes)) return;
    writeAll(handle, bytes, ref);
  } catch (error) {
    handle.close();
    if (!(error instanceof StorageError && error.reason === "conflict")) {
      await removeEntry(parent, fileName(ref), false);
    }
    throw error;
  }
  handle.close();
}

async function fileToWrite(parent: FileSystemDirectoryHandle, ref: EpochRef): Promise<SyncFile> {
  try {
    const file = await parent.getFileHandle(fileName(ref), { create: true });
    if (!("createSyncAccessHandle" in file)) throw StorageError.unreadable(`${nameOf(ref)} (not in a worker)`);
    return file as SyncFile;
  } catch (error) {
    if (isQuota(error)) throw StorageError.full(error);
    throw error;
  }
}

/** True: the same bytes are there. Throws when other bytes are: an epoch never changes. */
function keepsAlready(handle: SyncHandle, ref: EpochRef, bytes: Uint8Array): boolean {
  if (handle.getSize() !== bytes.byteLength) throw StorageError.conflict(nameOf(ref));
  const there = new Uint8Array(bytes.byteLength);
  handle.read(there, { at: 0 });
  for (let i = 0; i < bytes.byteLength; i++) {
    if (there[i] !== bytes[i]) throw StorageError.conflict(nameOf(ref));
  }
  handle.flush();
  handle.close();
  return true;
}

function writeAll(handle: SyncHandle, bytes: Uint8Array, ref: EpochRef): void {
  try {
    const written = handle.write(bytes, { at: 0 });
    // In a private window a full disk throws nothing: it answers a negative number as an unsigned one.
    if (written !== bytes.byteLength) throw StorageError.full(new Error(`wrote ${written} of ${bytes.byteLength}`));
    handle.flush();
  } catch (error) {
    if (error instanceof StorageError) throw error;
    throw isQuota(error) ? StorageError.full(error) : StorageError.unreadable(nameOf(ref), error);
  }
}

async function listEpochs(folder: string, take: TakeId | undefined): Promise<readonly EpochRef[]> {
  const journal = await journalFolder(folder, false);
  if (journal === undefined) return [];
  const found: EpochRef[] = [];
  for await (const [takeName, takeHandle] of journal.entries()) {
    const parsedTake = v.safeParse(takeId, takeName);
    if (!parsedTake.success || takeHandle.kind !== "directory") continue;
    if (take !== undefined && parsedTake.output !== take) continue;
    for await (const [trackName, trackHandle] of (takeHandle as FileSystemDirectoryHandle).entries()) {
      const parsedTrack = v.safeParse(trackId, trackName);
      if (!parsedTrack.success || trackHandle.kind !== "directory") continue;
      for (const seq of await seqsIn(trackHandle as FileSystemDirectoryHandle)) {
        found.push({ take: parsedTake.output, track: parsedTrack.output, seq });
      }
    }
  }
  return found.sort(byTakeTrackSeq);
}

async function seqsIn(folder: FileSystemDirectoryHandle): Promise<number[]> {
  const seqs: number[] = [];
  for await (const [name, handle] of folder.entries()) {
    const match = /^(\d{6})\.mp4$/.exec(name);
    if (match === null || handle.kind !== "file") continue;
    const file = await sizeOf(handle as FileSystemFileHandle);
    if (file > 0) seqs.push(Number(match[1]));
  }
  return seqs;
}

/** A file that vanishes while it is listed counts as empty. */
async function sizeOf(handle: FileSystemFileHandle): Promise<number> {
  try {
    return (await handle.getFile()).size;
  } catch (error) {
    if (isNotFound(error)) return 0;
    throw error;
  }
}

async function removeEntry(
  parent: FileSystemDirectoryHandle | undefined,
  name: string,
  recursive: boolean,
): Promise<void> {
  if (parent === undefined) return;
  try {
    await parent.removeEntry(name, { recursive });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

function byTakeTrackSeq(a: EpochRef, b: EpochRef): number {
  if (a.take !== b.take) return a.take < b.take ? -1 : 1;
  if (a.track !== b.track) return a.track < b.track ? -1 : 1;
  return a.seq - b.seq;
}

function isNotFound(error: unknown): boolean {
  return error instanceof DOMException && error.name === "NotFoundError";
}

/** Chromium's name, and the class of newer specifications. */
function isQuota(error: unknown): boolean {
  return error instanceof Error && error.name === "QuotaExceededError";
}
