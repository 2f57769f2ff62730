import { readFile } from "node:fs/promises";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openProfile, openRig, serveUploadRig, takeFor, type UploadRigServer } from "./upload-rig/upload-driver.ts";

const MB = 1024 * 1024;

let server: UploadRigServer;
let context: BrowserContext;
let close: () => Promise<void>;

beforeAll(async () => {
  server = await serveUploadRig();
  ({ context, close } = await openProfile(server.origin));
});

afterAll(async () => {
  await close?.();
  await server?.close();
});

/** Resident memory of every process of the browser that runs this page's kind of work, bytes. */
async function memory(page: Page): Promise<number> {
  const session = await page.context().browser()?.newBrowserCDPSession();
  const { processInfo } = (await session?.send("SystemInfo.getProcessInfo")) ?? { processInfo: [] };
  await session?.detach();
  const renderers = processInfo.filter((one) => one.type === "renderer");
  return Math.max(...(await Promise.all(renderers.map((one) => residentOf(one.id)))));
}

/** Of one process, bytes; 0: it has ended since it was counted. */
async function residentOf(pid: number): Promise<number> {
  try {
    return Number((await readFile(`/proc/${pid}/statm`, "utf8")).split(" ")[1]) * 4096;
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH")) return 0;
    throw error;
  }
}

describe("the upload worker in Chromium", () => {
  it("[UP26] sends files of the journal, and memory stays flat", async () => {
    const page = await openRig(context);
    const planted = await takeFor(server, { epochs: 48, bytes: 4 * MB });
    await page.evaluate((take) => uploadRig.plant(take), planted);
    const before = await memory(page);
    let most = before;
    await page.evaluate(() => uploadRig.upload());
    for (;;) {
      most = Math.max(most, await memory(page));
      const state = await page.evaluate(() => uploadRig.state());
      if (state.safe && state.phase === "idle") break;
    }
    expect(server.memory.track(planted.track)?.epochs.size).toBe(48);
    expect(server.memory.track(planted.track)?.seal).not.toBeNull();
    // 192 MB went out.
    expect((most - before) / MB).toBeLessThan(48);
    await page.close();
  });

  it("[UP3] waits behind a captive portal, says so, and goes on when it is gone", async () => {
    const page = await openRig(context);
    const planted = await takeFor(server, { epochs: 4, bytes: 1000 });
    await page.evaluate((take) => uploadRig.plant(take), planted);
    server.breakWith((response) => void response.writeHead(302, { Location: "http://portal.invalid/" }).end());
    await page.evaluate(() => uploadRig.upload());
    await page.waitForFunction(() => {
      const { phase, reason } = uploadRig.state();
      return phase === "waiting" && reason === "captive-portal";
    });
    expect(await page.evaluate(() => uploadRig.left())).toBe(4);
    server.breakWith(null);
    await page.waitForFunction(() => uploadRig.state().safe);
    expect(await page.evaluate(() => uploadRig.left())).toBe(0);
    await page.close();
  });

  it("[UP5] of two tabs one drains, and both see it", async () => {
    const [one, two] = [await openRig(context), await openRig(context)];
    const planted = await takeFor(server, { epochs: 30, bytes: MB });
    await one.evaluate((take) => uploadRig.plant(take), planted);
    const [puts, seals] = [server.memory.count("putEpoch"), server.memory.count("seal")];
    await Promise.all([one.evaluate(() => uploadRig.upload()), two.evaluate(() => uploadRig.upload())]);
    await Promise.all([one, two].map((page) => page.waitForFunction(() => uploadRig.state().safe)));
    expect(server.memory.count("putEpoch") - puts).toBe(30);
    expect(server.memory.count("seal") - seals).toBe(1);
    await Promise.all([one.close(), two.close()]);
  });
});
