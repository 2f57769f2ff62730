import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { step } from "./report.mjs";

const RETRY_MS = 500;

/**
 * Two commands that are started together on a fresh clone must not install into the same folder at once. The lock
 * holds its owner's process id; that of a process which no longer runs is taken over.
 */
export async function withSetupLock(root, work) {
  const file = path.join(root, ".node", "setup.lock");
  mkdirSync(path.dirname(file), { recursive: true });
  let told = false;
  while (!tryLock(file)) {
    if (!told) step("Another command is setting things up; waiting for it.");
    told = true;
    await wait(RETRY_MS);
  }
  const release = () => rmSync(file, { force: true });
  process.once("exit", release);
  try {
    return await work();
  } finally {
    process.off("exit", release);
    release();
  }
}

function tryLock(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  if (!ownerRuns(file)) rmSync(file, { force: true });
  return false;
}

function ownerRuns(file) {
  try {
    const pid = Number(readFileSync(file, "utf8"));
    // Empty for the instant between creating the file and writing to it.
    if (!Number.isInteger(pid) || pid <= 0) return true;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (error.code === "EPERM") return true;
    if (error.code === "ESRCH" || error.code === "ENOENT") return false;
    throw error;
  }
}
