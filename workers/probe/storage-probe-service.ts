const PROBE_FILE = "probe-";

/**
 * Writes, flushes and deletes a byte: some browsers have the names of sync access handles and lock the file for good. Private
 * windows of some refuse the folder itself. Whatever is refused, the answer is the same: nothing can be kept here.
 */
export async function isFileWritable(): Promise<boolean> {
  try {
    const root = await navigator.storage.getDirectory();
    const name = PROBE_FILE + crypto.randomUUID();
    const file = await root.getFileHandle(name, { create: true });
    const handle = await file.createSyncAccessHandle();
    const written = handle.write(new Uint8Array([1]), { at: 0 });
    handle.flush();
    handle.close();
    await root.removeEntry(name);
    return written === 1;
  } catch (error) {
    if (error instanceof DOMException || error instanceof TypeError) return false;
    throw error;
  }
}
