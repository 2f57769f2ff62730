import type { LockPort } from "#core/ports/lock-port.ts";

/** Web Locks: held until given back or until the context is gone. */
export function webLocks(locks: LockManager = navigator.locks): LockPort {
  return {
    tryHold: (name, mode = "exclusive") =>
      new Promise((resolve, reject) => {
        const held = locks.request(name, { ifAvailable: true, mode }, (lock) => {
          if (lock === null) {
            resolve(undefined);
            return undefined;
          }
          return new Promise<void>((release) => resolve(() => release()));
        });
        held.catch(reject);
      }),
    isFree: async (name) => {
      const { held = [] } = await locks.query();
      return !held.some((lock) => lock.name === name);
    },
  };
}
