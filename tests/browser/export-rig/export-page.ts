import "../capture-rig/rig-page.ts";
import type { TakeId } from "#protocol/ids.ts";
import { createExportClient } from "#workers/export/export-client.ts";

export interface ExportRig {
  /** Exports to the origin's file system and offers each master as a download; resolves to their sizes. */
  exportAndDownload(take: TakeId): Promise<Record<string, number>>;
  /** Exports into a folder of the origin's file system, as into one that a person chose; resolves to its files. */
  exportIntoFolder(take: TakeId): Promise<Record<string, number>>;
  /** Cancels as soon as there is progress; resolves to the reason that is given. */
  exportAndCancel(take: TakeId): Promise<string>;
  /** Names of everything that exports have left in the origin's file system. */
  leftovers(): Promise<string[]>;
  /** How many export workers have a folder there now, by their locks. */
  workers(): Promise<number>;
}

const client = createExportClient();
const never = new AbortController().signal;

async function sizesIn(folder: FileSystemDirectoryHandle): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for await (const [name, handle] of folder.entries()) {
    if (handle instanceof FileSystemFileHandle) sizes[name] = (await handle.getFile()).size;
    else
      for (const [inner, size] of Object.entries(await sizesIn(handle as FileSystemDirectoryHandle)))
        sizes[`${name}/${inner}`] = size;
  }
  return sizes;
}

const exportRig: ExportRig = {
  exportAndDownload: async (take) => {
    const done = await client.exportTake(take, { kind: "origin" }, () => undefined, never);
    if (!done.ok) throw new Error(`${done.failure.reason}: ${done.failure.message}`);
    for (const { name, file } of done.value.files) {
      if (!file) throw new Error(`${name} is no file`);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(file);
      link.download = name;
      link.click();
    }
    return Object.fromEntries(done.value.files.map(({ name, bytes }) => [name, bytes]));
  },
  exportIntoFolder: async (take) => {
    const handle = await (await navigator.storage.getDirectory()).getDirectoryHandle("chosen", { create: true });
    const done = await client.exportTake(take, { kind: "folder", handle }, () => undefined, never);
    if (!done.ok) throw new Error(`${done.failure.reason}: ${done.failure.message}`);
    return sizesIn(handle);
  },
  exportAndCancel: async (take) => {
    const abort = new AbortController();
    const done = await client.exportTake(take, { kind: "origin" }, () => abort.abort(), abort.signal);
    return done.ok ? "done" : done.failure.reason;
  },
  leftovers: async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("exports", { create: true });
    return Object.keys(await sizesIn(folder));
  },
  workers: async () => {
    const { held = [] } = await navigator.locks.query();
    return held.filter(({ name }) => name?.startsWith("tapesync-export-")).length;
  },
};

Object.assign(globalThis, { exportRig });
