import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { browserOf, rendererPids } from "./browser.ts";

/** proc(5) counts in hundredths of a second on every Linux that Chromium runs on. */
const TICK_S = 0.01;
const TRIES = 20;

/** CPU seconds that a process has used, user and system; `undefined` when it is gone. */
export function cpuSeconds(pid: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * TICK_S;
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH"))
      return undefined;
    throw error;
  }
}

/**
 * The process that runs a page. The browser does not tell, but the page's own account of its CPU time fits one process
 * only: a little work in the page sets it apart from the others.
 */
export async function rendererPid(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  try {
    await session.send("Performance.enable");
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      await page.evaluate((ms) => {
        const end = performance.now() + ms;
        while (performance.now() < end);
      }, 50);
      const pids = await rendererPids(browserOf(page.context()));
      const before = new Map(pids.map((pid) => [pid, cpuSeconds(pid)]));
      const { metrics } = await session.send("Performance.getMetrics");
      const own = metrics.find((metric) => metric.name === "ProcessTime")?.value;
      const fitting = pids.filter((pid) => {
        const from = before.get(pid);
        const to = cpuSeconds(pid);
        return (
          own !== undefined && from !== undefined && to !== undefined && own >= from - TICK_S && own <= to + 2 * TICK_S
        );
      });
      if (fitting.length === 1 && fitting[0] !== undefined) return fitting[0];
    }
    throw new Error("no renderer process fits the page's CPU time");
  } finally {
    await session.detach();
  }
}
