import { spawn } from "node:child_process";
import path from "node:path";

/** Ends the processes of a studio whose main process was killed and could not do so itself. */
export interface Watchdog {
  /** Replaces the list of processes to end. */
  watch(pids: readonly number[]): void;
  /** Nothing is left to end. */
  dismiss(): void;
}

/**
 * workerd goes on serving when its parent is killed, and a killed process cannot clean up. So a small process of its
 * own group holds the other end of a pipe: when that closes without a word, it ends what it was told to.
 */
export function startWatchdog(): Watchdog {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", path.join(import.meta.dirname, "watchdog-process.ts")],
    { stdio: ["pipe", "ignore", "inherit"], detached: true },
  );
  // It is gone when somebody killed it; the studio goes on without.
  child.stdin.on("error", (error) => console.error(`Watchdog: ${error.message}`));
  child.unref();
  return {
    watch: (pids) => void child.stdin.write(`${pids.filter((pid) => pid !== child.pid).join(" ")}\n`),
    dismiss: () => void child.stdin.end("\n"),
  };
}
