import type { SinkFile } from "#media/deliver-take.ts";
import type { ExportTarget } from "#protocol/export-rpc.ts";
import type { TakeId } from "#protocol/ids.ts";
import type { ExportSink } from "./export-service.ts";

/** Masters that wait for their download: `/exports/{session}/{take}/{name}` in the origin's file system. */
const EXPORTS_FOLDER = "exports";
const SESSION_LOCK = "tapesync-export-";

/** One worker's folder. It is removed by a later worker once this one has gone, which its lock tells. */
export interface ExportFolder {
  readonly openSink: (take: TakeId, target: ExportTarget) => Promise<ExportSink>;
  readonly discard: (take: TakeId) => Promise<void>;
}

/** @param session a name that no other worker has */
export function exportFolder(session: string): ExportFolder {
  let settled: Promise<void> | null = null;
  const ready = () => {
    settled ??= settleIn(session);
    return settled;
  };
  const takeFolder = async (take: TakeId) => {
    await ready();
    return (await sessionFolder(session)).getDirectoryHandle(take, { create: true });
  };
  const discard = async (take: TakeId) => {
    await ready();
    await removeEntry(await sessionFolder(session), take);
  };
  return {
    discard,
    openSink: async (take, target) => {
      // The files of an earlier export of this take are replaced.
      await discard(take);
      const own = originSink(() => takeFolder(take));
      if (target.kind === "origin") return own;
      if (target.kind === "folder") return chosenFolderSink(asDirectory(target.handle));
      return firstFileSink(asFile(target.handle), own);
    },
  };
}

async function root(): Promise<FileSystemDirectoryHandle> {
  return (await navigator.storage.getDirectory()).getDirectoryHandle(EXPORTS_FOLDER, { create: true });
}

const sessionFolder = async (session: string) => (await root()).getDirectoryHandle(session, { create: true });

/** Holds this worker's lock until it ends, and removes the folders of workers that have ended. */
async function settleIn(session: string): Promise<void> {
  await new Promise<void>((resolve) => {
    void navigator.locks.request(`${SESSION_LOCK}${session}`, () => {
      resolve();
      return new Promise<never>(() => undefined);
    });
  });
  const folder = await root();
  const names: string[] = [];
  for await (const name of folder.keys()) names.push(name);
  for (const name of names) {
    await navigator.locks.request(`${SESSION_LOCK}${name}`, { ifAvailable: true }, async (lock) => {
      if (lock) await removeEntry(folder, name);
    });
  }
}

async function removeEntry(folder: FileSystemDirectoryHandle, name: string): Promise<void> {
  try {
    await folder.removeEntry(name, { recursive: true });
  } catch (error) {
    const gone = error instanceof DOMException && error.name === "NotFoundError";
    if (!gone) throw error;
  }
}

/** Files in the origin's own file system: written in place. */
function originSink(open: () => Promise<FileSystemDirectoryHandle>): ExportSink {
  const names = new Set<string>();
  return {
    create: async (name) => {
      const handle = await (await open()).getFileHandle(name, { create: true });
      const access = await handle.createSyncAccessHandle();
      names.add(name);
      return syncFile(access, async () => removeEntry(await open(), name));
    },
    fileOf: async (name) => (names.has(name) ? (await (await open()).getFileHandle(name)).getFile() : null),
    removeAll: async () => {
      for (const name of names) await removeEntry(await open(), name);
    },
  };
}

function syncFile(access: FileSystemSyncAccessHandle, remove: () => Promise<void>): SinkFile {
  return {
    write: async (chunks, position) => {
      let at = position;
      for (const chunk of chunks) {
        const written = access.write(chunk, { at });
        // A full disk shows as fewer bytes, or as a negative number, in some modes of the browser.
        if (written !== chunk.byteLength) throw new DOMException("no space is left", "QuotaExceededError");
        at += chunk.byteLength;
      }
    },
    close: async () => {
      const bytes = access.getSize();
      access.flush();
      access.close();
      return { bytes, sha256: null };
    },
    abort: async () => {
      access.close();
      await remove();
    },
  };
}

/** Small writes are joined: each one of a writable stream is a message to another process. */
const JOIN_BYTES = 4 * 1024 * 1024;

/** A file that the person chose: the browser writes beside it and replaces it when it is closed. */
async function streamFile(handle: FileSystemFileHandle): Promise<SinkFile> {
  const stream = await handle.createWritable();
  let size = 0;
  let waiting: Uint8Array<ArrayBuffer>[] = [];
  let waitingAt = 0;
  let waitingBytes = 0;
  const flush = async () => {
    if (waitingBytes === 0) return;
    const data = new Blob(waiting);
    const position = waitingAt;
    waiting = [];
    waitingBytes = 0;
    await stream.write({ type: "write", position, data });
  };
  return {
    write: async (chunks, position) => {
      if (position !== waitingAt + waitingBytes) await flush();
      if (waitingBytes === 0) waitingAt = position;
      for (const chunk of chunks) {
        waiting.push(new Uint8Array(chunk));
        waitingBytes += chunk.byteLength;
      }
      size = Math.max(size, waitingAt + waitingBytes);
      if (waitingBytes >= JOIN_BYTES) await flush();
    },
    close: async () => {
      await flush();
      await stream.close();
      return { bytes: size, sha256: null };
    },
    abort: () => stream.abort(),
  };
}

function chosenFolderSink(folder: FileSystemDirectoryHandle): ExportSink {
  const done: string[] = [];
  return {
    create: async (name) => {
      const replaces = await hasEntry(folder, name);
      const file = await streamFile(await folder.getFileHandle(name, { create: true }));
      return {
        write: (chunks, position) => file.write(chunks, position),
        close: async () => {
          const end = await file.close();
          done.push(name);
          return end;
        },
        abort: async () => {
          await file.abort();
          // What was there before is still there as it was.
          if (!replaces) await removeEntry(folder, name);
        },
      };
    },
    fileOf: async () => null,
    removeAll: async () => {
      for (const name of done) await removeEntry(folder, name);
    },
  };
}

async function hasEntry(folder: FileSystemDirectoryHandle, name: string): Promise<boolean> {
  for await (const key of folder.keys()) if (key === name) return true;
  return false;
}

/** The first file goes where the person said, the others wait for their download. */
function firstFileSink(handle: FileSystemFileHandle, others: ExportSink): ExportSink {
  let first: string | null = null;
  return {
    create: async (name) => {
      if (first !== null) return others.create(name);
      first = name;
      return streamFile(handle);
    },
    fileOf: (name) => others.fileOf(name),
    removeAll: () => others.removeAll(),
  };
}

function asDirectory(handle: object): FileSystemDirectoryHandle {
  if (handle instanceof FileSystemDirectoryHandle) return handle;
  throw new TypeError("the target is no folder");
}

function asFile(handle: object): FileSystemFileHandle {
  if (handle instanceof FileSystemFileHandle) return handle;
  throw new TypeError("the target is no file");
}
