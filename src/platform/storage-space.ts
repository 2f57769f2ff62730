import { StorageError } from "#core/ports/storage-error.ts";

/** Kept aside so that, on a full disk, the last sound and its rows still fit: half a minute of sound is 1 MB, a row 2 KB. */
export const RESERVE_BYTES = 16 * 1024 * 1024;

const RESERVE_FILE = "reserve.bin";

/** How much room the browser says there is. It may promise more than the disk has. */
export interface StorageRoom {
  readonly usedBytes: number;
  readonly freeBytes: number;
  /** The browser promised not to delete what is kept here when space runs short. */
  readonly persisted: boolean;
}

export async function storageRoom(): Promise<StorageRoom> {
  const { usage = 0, quota = 0 } = await navigator.storage.estimate();
  return { usedBytes: usage, freeBytes: Math.max(0, quota - usage), persisted: await navigator.storage.persisted() };
}

/** Asks the browser to keep what is here. Never awaited by callers: one browser waits for the person's answer. */
export function askToPersist(): Promise<boolean> {
  return navigator.storage.persist();
}

/** Puts the reserve in place, in a dedicated worker; no error when there is no space for it. */
export async function keepReserve(bytes: number = RESERVE_BYTES): Promise<boolean> {
  const root = await navigator.storage.getDirectory();
  const file = await root.getFileHandle(RESERVE_FILE, { create: true });
  if ((await file.getFile()).size >= bytes) return true;
  if (!("createSyncAccessHandle" in file)) throw StorageError.unreadable("the reserve (not in a worker)");
  const handle = await openSync(file as ReserveFile);
  if (handle === undefined) return true;
  try {
    const written = handle.write(new Uint8Array(bytes), { at: 0 });
    if (written !== bytes) throw StorageError.full();
    handle.flush();
    handle.close();
    return true;
  } catch (error) {
    handle.close();
    if (!isFull(error)) throw error;
    await freeReserve();
    return false;
  }
}

/** Gives the reserve's space back to the disk; false when there was none. */
export async function freeReserve(): Promise<boolean> {
  const root = await navigator.storage.getDirectory();
  try {
    await root.removeEntry(RESERVE_FILE);
    return true;
  } catch (error) {
    if (error instanceof DOMException && ["NotFoundError", "NoModificationAllowedError"].includes(error.name))
      return false;
    throw error;
  }
}

interface ReserveFile extends FileSystemFileHandle {
  createSyncAccessHandle(): Promise<{
    write(bytes: Uint8Array, options: { at: number }): number;
    flush(): void;
    close(): void;
  }>;
}

/** `undefined`: another worker is writing it at this moment. */
async function openSync(file: ReserveFile) {
  try {
    return await file.createSyncAccessHandle();
  } catch (error) {
    if (error instanceof DOMException && error.name === "NoModificationAllowedError") return undefined;
    throw error;
  }
}

function isFull(error: unknown): boolean {
  if (error instanceof StorageError) return error.reason === "full";
  return error instanceof Error && error.name === "QuotaExceededError";
}
