import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TrackId } from "#protocol/ids.ts";
import { openProfile, openRig, serveUploadRig, takeFor, type UploadRigServer } from "./upload-rig/upload-driver.ts";

/** The browser may take its time to wake the worker, which takes its own over a server that was away (half a minute). */
const WAKE_MS = 150_000;

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

async function controlled(page: Page): Promise<void> {
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null && uploadRig.offers.includes("offline"));
}

/** The server holds the whole track. */
function arrived(track: TrackId, epochs: number): Promise<void> {
  return expect.poll(() => server.memory.track(track)?.seal?.epochs, { timeout: WAKE_MS, interval: 200 }).toBe(epochs);
}

describe("the service worker", () => {
  it("[SW1] keeps the app: every page address opens without a network", async () => {
    const page = await openRig(context);
    await controlled(page);
    await context.setOffline(true);
    try {
      const offline = await openRig(context, "/r/some-room/exports");
      expect(await offline.title()).toBe("Upload rig");
      // Its scripts, and those of its workers, come from the device too.
      expect(await offline.evaluate(() => uploadRig.left())).toBe(0);
      await offline.close();
    } finally {
      await context.setOffline(false);
    }
    await page.close();
  });

  it("[SW2] never answers for the API", async () => {
    const page = await openRig(context);
    await controlled(page);
    server.breakWith((response) => void response.writeHead(404).end("not kept here"));
    try {
      const response = await page.goto("/api/rooms/some-room/takes/take/exports/file");
      expect([response?.status(), await response?.text()]).toEqual([404, "not kept here"]);
      expect(response?.fromServiceWorker()).toBe(false);
    } finally {
      server.breakWith(null);
    }
    await page.close();
  });

  it("[SW4] a new version waits until it is asked for, and reloads only the page that asked", async () => {
    const page = await openRig(context);
    await controlled(page);
    const other = await openRig(context);
    server.version = "another version";
    await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
    await page.waitForFunction(() => uploadRig.offers.includes("update"));
    await page.evaluate(() => uploadRig.record());
    expect(await page.evaluate(() => uploadRig.update()), "[SW5] never during a take").toBe("recording");
    await page.evaluate(() => uploadRig.release());
    // The browser lets go of a lock a moment after the page has.
    const recording = () => page.evaluate(() => uploadRig.isRecording());
    await expect.poll(recording).toBe(false);
    await other.evaluate(() => {
      document.title = "not reloaded";
    });
    const reloaded = page.waitForEvent("load");
    await page.evaluate(() => void uploadRig.update());
    await reloaded;
    await controlled(page);
    expect(await page.evaluate(async () => (await navigator.serviceWorker.ready).waiting)).toBeNull();
    expect(await other.title()).toBe("not reloaded");
    await other.waitForFunction(() => uploadRig.offers.includes("update"));
    await Promise.all([page.close(), other.close()]);
  });

  it("[SW6] uploads what is left after the page is gone", async () => {
    const blank = await context.newPage();
    const page = await openRig(context);
    await controlled(page);
    const planted = await takeFor(server, { epochs: 12, bytes: 200_000 });
    await page.evaluate((take) => uploadRig.plant(take), planted);
    server.breakWith((response) => void response.writeHead(503).end());
    await page.evaluate(() => uploadRig.upload());
    await page.waitForFunction(() => uploadRig.state().phase === "waiting");
    await page.evaluate(() => uploadRig.background());
    // A periodic sync is for installed apps only.
    const notes = await page.evaluate(() => uploadRig.notes);
    expect(notes.filter((note) => !note.includes("periodic"))).toEqual([]);
    await page.close();
    server.breakWith(null);
    await arrived(planted.track, 12);
    const again = await openRig(context);
    await expect.poll(() => again.evaluate(() => uploadRig.left()), { timeout: WAKE_MS, interval: 100 }).toBe(0);
    await Promise.all([again.close(), blank.close()]);
  });

  it("[SW6] uploads what a page that goes has left since the worker was last done", async () => {
    const blank = await context.newPage();
    const page = await openRig(context);
    await controlled(page);
    const first = await takeFor(server, { epochs: 2, bytes: 1_000 });
    await page.evaluate((take) => uploadRig.plant(take), first);
    await page.evaluate(() => uploadRig.background());
    await arrived(first.track, 2);
    // Nobody asks the browser for this one: a page that is going is too late for it.
    const second = await takeFor(server, { epochs: 2, bytes: 1_000 });
    await page.evaluate((take) => uploadRig.plant(take), second);
    await page.close();
    await arrived(second.track, 2);
    await blank.close();
  });
});
