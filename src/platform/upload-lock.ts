import type { UploadLock } from "#core/upload/upload-ports.ts";
import { UPLOAD_LOCK } from "#protocol/sw-messages.ts";

/** The Web Lock of the upload. The browser gives it back when the context that holds it ends, however that ends. */
export function webUploadLock(locks: LockManager = navigator.locks, name: string = UPLOAD_LOCK): UploadLock {
  return {
    hold: async (work, signal, waiting) => {
      signal.throwIfAborted();
      const first = await locks.request(name, { ifAvailable: true }, async (lock) =>
        lock ? { value: await work() } : null,
      );
      if (first) return first.value;
      waiting();
      return locks.request(name, { signal }, () => work());
    },
  };
}
