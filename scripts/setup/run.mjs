import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";

const WATCH_MS = 1000;

/**
 * Runs a program of the repository in the foreground: passes signals on, waits for it to finish its own clean-up, and
 * gives back its exit code (128 + n when signal n ended it).
 *
 * With `tethered` the program gets a pipe as file descriptor 3 that closes when this process is gone for whatever
 * reason, so that nothing is left running when somebody kills only the parent.
 * @returns {Promise<number>}
 */
export function runCommand({ node, program, args, cwd, env, tethered }) {
  const child = spawn(node, ["--disable-warning=ExperimentalWarning", program, ...args], {
    cwd,
    stdio: ["inherit", "inherit", "inherit", ...(tethered ? ["pipe"] : [])],
    env: { ...process.env, ...env, ...(tethered ? { TAPESYNC_PARENT_FD: "3" } : {}) },
  });
  const pass = (signal) => child.kill(signal);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, pass);
  const stopWatching = watchNpm(() => child.kill("SIGTERM"));

  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      stopWatching();
      for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.off(name, pass);
      resolve(signal ? 128 + (constants.signals[signal] ?? 0) : (code ?? 1));
    });
  });
}

/**
 * npm outlives what it runs; when it does not, it was killed, and nobody is left to stop the program. Started by hand,
 * the parent may well leave.
 */
function watchNpm(onGone) {
  if (!process.env.npm_lifecycle_event || process.platform === "win32") return () => {};
  const before = ancestry();
  const timer = setInterval(() => {
    if (ancestry() !== before) {
      clearInterval(timer);
      onGone();
    }
  }, WATCH_MS);
  return () => clearInterval(timer);
}

/** The parent, and, since npm runs scripts through a shell that survives it, the parent's parent where it can be seen. */
function ancestry() {
  const stat = `/proc/${process.ppid}/stat`;
  if (!existsSync(stat)) return String(process.ppid);
  const fields = readFileSync(stat, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return `${process.ppid} ${fields[1]}`;
}
