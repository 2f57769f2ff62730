import type { BrowserContext } from "playwright-core";
import { openBrowser, openContext } from "../../tests/e2e/rig/browser.ts";
import { type StudioServer, startServer } from "../../tests/e2e/rig/server.ts";

/** What each measure is given. */
export interface BenchRun {
  readonly server: StudioServer;
  /** Short, for trying the benchmark itself out: its numbers mean little. */
  readonly quick: boolean;
  /** Tells the person what is being done. */
  readonly say: (what: string) => void;
}

/** The production build on a port and data of its own. */
export const startStudio = (): Promise<StudioServer> => startServer();

/** A browser of its own for each measurement: the fake camera's file begins anew, and nothing is left of the one before. */
export async function inFreshBrowser<Value>(
  origin: string,
  work: (context: BrowserContext) => Promise<Value>,
): Promise<Value> {
  const browser = await openBrowser();
  try {
    return await work(await openContext(browser, origin));
  } finally {
    await browser.close();
  }
}
