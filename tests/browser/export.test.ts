import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Source, TakeId } from "#protocol/ids.ts";
import { openPlainBrowser } from "../e2e/rig/browser.ts";
import { decodeErrors, probe, probePackets } from "../unit/media/probe.ts";
import { type KeptTrack, PATIENCE_MS, readTake } from "./capture-rig/rig-driver.ts";
import { serveExportRig } from "./export-rig/serve-export-rig.ts";

let served: Awaited<ReturnType<typeof serveExportRig>>;
let browser: Browser;
let page: Page;
let folder: string;
let take: TakeId;
let tracks: ReadonlyMap<Source, KeptTrack>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tapesync-export-"));
  served = await serveExportRig();
  browser = await openPlainBrowser();
  page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(`${served.origin}/`);
  await page.waitForFunction(() => "exportRig" in globalThis);
  await page.evaluate(() => rig.arm(["camera", "microphone"]));
  take = await page.evaluate(() => rig.start(300));
  await page.evaluate(() => rig.waitForEpochs(3));
  await page.evaluate(() => rig.stop());
  tracks = await readTake(page, take);
});

afterAll(async () => {
  await browser?.close();
  await served?.close();
  await rm(folder, { recursive: true, force: true });
});

const samplesOf = (source: Source): number =>
  (tracks.get(source)?.epochs ?? []).reduce((sum, epoch) => sum + epoch.metadata.samples, 0);

describe("export in Chromium", () => {
  it("[DM22] a take that was really recorded becomes a file that can be downloaded, with every packet", async () => {
    const downloading = page.waitForEvent("download");
    const sizes = await page.evaluate((id) => exportRig.exportAndDownload(id), take);
    const download = await downloading;
    const path = join(folder, download.suggestedFilename());
    await download.saveAs(path);
    expect(Object.keys(sizes)).toEqual([download.suggestedFilename()]);
    const packets = probePackets(path);
    expect(packets.filter((packet) => packet.stream === 0)).toHaveLength(samplesOf("camera"));
    expect(packets.filter((packet) => packet.stream === 1)).toHaveLength(samplesOf("microphone"));
    expect(decodeErrors(path)).toBe("");
    expect(Number(probe(path).format.duration)).toBeGreaterThan(3);
  });

  it("[DM22] the same bytes go into a folder that the person chose", async () => {
    const download = await page.evaluate((id) => exportRig.exportAndDownload(id), take);
    expect(await page.evaluate((id) => exportRig.exportIntoFolder(id), take)).toEqual(download);
  });

  it("[DM22] an export that is stopped leaves nothing, and neither does a page that has gone", async () => {
    // The word to stop may come after the last byte, of so short a take.
    await expect.poll(() => page.evaluate((id) => exportRig.exportAndCancel(id), take)).toBe("cancelled");
    expect(await page.evaluate(() => exportRig.leftovers())).toEqual([]);
    await page.evaluate((id) => exportRig.exportAndDownload(id), take);
    expect(await page.evaluate(() => exportRig.leftovers())).toHaveLength(1);
    await page.reload();
    await page.waitForFunction(() => "exportRig" in globalThis);
    // The browser ends the workers of a page a moment after the page.
    await expect.poll(() => page.evaluate(() => exportRig.workers())).toBe(0);
    await page.evaluate((id) => exportRig.exportIntoFolder(id), take);
    expect(await page.evaluate(() => exportRig.leftovers())).toEqual([]);
  });
});
