import type { BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { TakeId } from "#protocol/ids.ts";
import { readTake, type RigBrowser, startRig, untilReleased } from "./capture-rig/rig-driver.ts";

let rigBrowser: RigBrowser;
let context: BrowserContext;

beforeAll(async () => {
  rigBrowser = await startRig();
});

afterAll(async () => {
  await rigBrowser?.close();
});

beforeEach(async () => {
  context = await rigBrowser.newContext();
});

afterEach(async () => {
  await context.close();
});

/** Records until every track has two epochs, then ends the page's process as a crash does. */
async function recordAndCrash(): Promise<TakeId> {
  const page = await rigBrowser.open(context);
  await page.evaluate(() => rig.arm(["camera", "microphone"]));
  const take = await page.evaluate(() => rig.start(300));
  await page.evaluate(() => rig.waitForEpochs(2));
  const session = await context.newCDPSession(page);
  const crashed = page.waitForEvent("crash");
  // The answer never comes: the one who would give it is gone.
  session.send("Page.crash").catch((error: unknown) => expect(String(error)).toMatch(/closed|crashed/i));
  await crashed;
  await page.close();
  return take;
}

/** The app opened again, once the browser has noticed that the page before is gone. */
async function openAgain(take: TakeId): Promise<Page> {
  const page = await rigBrowser.open(context);
  await untilReleased(page, take);
  return page;
}

async function expectCutShort(page: Page, take: TakeId, atLeast: number): Promise<void> {
  const { take: row } = await page.evaluate((id) => rig.rows(id), take);
  expect(row?.state).toBe("cut-short");
  const tracks = await readTake(page, take);
  expect([...tracks.keys()].sort()).toEqual(["camera", "microphone"]);
  for (const { row: track, epochs } of tracks.values()) {
    expect(track.state).toBe("cut-short");
    expect(track.epochs).toBe(epochs.length);
    expect(epochs.length).toBeGreaterThanOrEqual(atLeast);
    expect(track.gaps.at(-1)?.reason).toBe("cut-short");
    expect(track.gaps.at(-1)?.fromUs).toBe(track.endUs);
    expect(epochs.map((epoch) => epoch.metadata.previous)).toEqual([
      null,
      ...epochs.slice(0, -1).map((epoch) => epoch.row.sha256),
    ]);
  }
}

it("[RC1] a take whose page crashed is closed at the next launch with all that was sealed", async () => {
  const take = await recordAndCrash();
  const page = await openAgain(take);
  const found = await page.evaluate(() => rig.recover());
  expect(found.cutShort).toEqual([take]);
  await expectCutShort(page, take, 2);
  expect((await page.evaluate(() => rig.recover())).cutShort).toEqual([]);
});

it("[RC2] bytes without a row are adopted, as long as each follows the one before", async () => {
  const take = await recordAndCrash();
  const page = await openAgain(take);
  const before = await page.evaluate((id) => rig.rows(id), take);
  await page.evaluate((id) => rig.forgetRows(id, 1), take);
  const kept = before.epochs.reduce((sum, rows) => sum + rows.length - 1, 0);
  const onDisk = (await page.evaluate((id) => rig.epochNames(id), take)).length;
  const found = await page.evaluate(() => rig.recover());
  // One of each track, and what the crash itself has left without a row, as far as it is whole.
  expect(found.adopted).toBeGreaterThanOrEqual(2);
  expect(found.adopted).toBeLessThanOrEqual(onDisk - kept);
  await expectCutShort(page, take, 2);
  const after = await page.evaluate((id) => rig.rows(id), take);
  for (const [at, rows] of before.epochs.entries()) {
    expect(after.epochs[at]?.slice(0, rows.length).map((row) => row.sha256)).toEqual(rows.map((row) => row.sha256));
  }
});

it("[RC3] a take whose rows are all gone is put together again from what its epochs say", async () => {
  const take = await recordAndCrash();
  const page = await openAgain(take);
  await page.evaluate((id) => rig.forgetTake(id), take);
  expect(await page.evaluate(() => rig.takes())).toEqual([]);
  await page.evaluate(() => rig.recover());
  await expectCutShort(page, take, 2);
});

it("[RC4] a take that another page records is left alone", async () => {
  const page = await rigBrowser.open(context);
  await page.evaluate(() => rig.arm(["microphone"]));
  const take = await page.evaluate(() => rig.start(100));
  await page.evaluate(() => rig.waitForEpochs(1));
  const other = await rigBrowser.open(context);
  expect((await other.evaluate(() => rig.recover())).cutShort).toEqual([]);
  await page.evaluate(() => rig.stop());
  const rows = await other.evaluate((id) => rig.rows(id), take);
  expect([rows.take?.state, rows.tracks[0]?.state]).toEqual(["stopped", "closed"]);
});
