import { Socket } from "node:net";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Resolves when somebody wants the studio to end: Ctrl-C, a signal, or the death of the process that started it.
 * Ctrl-C reaches a whole process group and npm passes it on once more; so the second one changes nothing.
 */
export function untilAskedToStop(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of SIGNALS) process.on(signal, () => resolve());
    const fd = Number(process.env["TAPESYNC_PARENT_FD"]);
    // The processes that are started from here do not have that pipe.
    delete process.env["TAPESYNC_PARENT_FD"];
    if (!Number.isInteger(fd) || fd < 3) return;
    const tether = new Socket({ fd, readable: true, writable: false });
    tether.once("close", () => resolve());
    tether.resume();
    tether.unref();
  });
}
