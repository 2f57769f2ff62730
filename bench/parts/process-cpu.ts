import { readdirSync, readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { cpuSeconds } from "../../tests/e2e/rig/renderer.ts";

/** CPU seconds by name: of threads, or of kinds of process. */
export type CpuByName = ReadonlyMap<string, number>;

/** CPU seconds of each thread of a process so far, those of one name added up. Worker threads all have one name. */
export function threadSeconds(pid: number): CpuByName {
  const threads = new Map<string, number>();
  const folder = `/proc/${pid}/task`;
  for (const task of readdirSync(folder)) {
    const found = readTask(`${folder}/${task}/stat`);
    if (found) threads.set(found.name, (threads.get(found.name) ?? 0) + found.seconds);
  }
  return threads;
}

/** proc(5): hundredths of a second. */
const TICK_S = 0.01;

function readTask(file: string): { readonly name: string; readonly seconds: number } | undefined {
  try {
    const text = readFileSync(file, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const name = text.slice(text.indexOf("(") + 1, text.lastIndexOf(")")).replace(/\d+$/, "");
    return { name, seconds: (Number(fields[11]) + Number(fields[12])) * TICK_S };
  } catch (error) {
    // It ended between the listing and the reading.
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH"))
      return undefined;
    throw error;
  }
}

/** CPU seconds of all processes of a browser so far, by kind: browser, renderer, utility, GPU. */
export async function browserSeconds(browser: Browser): Promise<CpuByName> {
  const session = await browser.newBrowserCDPSession();
  try {
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    const kinds = new Map<string, number>();
    for (const { id, type } of processInfo) {
      kinds.set(type, (kinds.get(type) ?? 0) + (cpuSeconds(id) ?? 0));
    }
    return kinds;
  } finally {
    await session.detach();
  }
}

/** What was used between two readings. Threads that ended meanwhile count as nothing. */
export function used(before: CpuByName, after: CpuByName): Map<string, number> {
  const change = new Map<string, number>();
  for (const [name, seconds] of after) {
    const delta = seconds - (before.get(name) ?? 0);
    if (delta > 0) change.set(name, delta);
  }
  return change;
}
