import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { errorCode } from "./plain-error.ts";

const PROC = "/proc/self/stat";

/** The processes that `parent` has started itself and that still run. */
export function childrenOf(parent: number): number[] {
  return existsSync(PROC) ? childrenFromProc(parent) : childrenFromPs(parent);
}

/** Changes when a process id is used again by another process; empty when the process does not run. */
export function processBirth(pid: number): string {
  if (existsSync(PROC)) return readStat(pid)?.birth ?? "";
  return spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim();
}

function childrenFromProc(parent: number): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => readStat(pid)?.parent === parent);
}

function childrenFromPs(parent: number): number[] {
  const table = spawnSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).stdout;
  const rows = table.trim().split("\n");
  return rows
    .map((row) => row.trim().split(/\s+/).map(Number))
    .flatMap(([pid, ppid]) => (pid && ppid === parent ? [pid] : []));
}

/** Fields 4 and 22 of proc(5)'s stat; the name before them is in parentheses and may hold spaces. */
function readStat(pid: number): { parent: number; birth: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z") return undefined;
    return { parent: Number(fields[1]), birth: fields[19] ?? "" };
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ESRCH") return undefined;
    throw error;
  }
}
