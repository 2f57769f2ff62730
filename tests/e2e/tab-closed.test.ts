import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openProfile } from "./rig/browser.ts";
import type { Delivery } from "./rig/delivery.ts";
import { expectIdentical, expectSound, expectWhole } from "./rig/expectations.ts";
import { tempFolder } from "./rig/folders.ts";
import { isEpochPut, openGate } from "./rig/gate.ts";
import { copyJournal, type JournalTrack } from "./rig/journal.ts";
import { startServer } from "./rig/server.ts";
import { deliver } from "./rig/session.ts";
import {
  joinRoom,
  newRoom,
  record,
  saysSafe,
  stop,
  until,
  untilEpochs,
  untilStopped,
  UPLOAD_PATIENCE_MS,
} from "./rig/studio-page.ts";

const EPOCHS = 4;

describe("[E2E4] the tab is closed with epochs pending", () => {
  const cleanUp = new AsyncDisposableStack();
  let tracks: JournalTrack[];
  let delivery: Delivery;
  let sentByPage = 0;
  let sentInAll = 0;

  beforeAll(async () => {
    const server = cleanUp.use(await startServer());
    const gate = cleanUp.use(await openGate(server.url));
    const profile = cleanUp.use(tempFolder("profile"));
    const context = cleanUp.use(await openProfile(profile.path, gate.url));
    const page = await context.newPage();
    const room = await newRoom(page);
    await page.evaluate(async () => {
      await navigator.serviceWorker.ready;
    });
    await joinRoom(page, room, "Inês Carvalho");
    const release = gate.hold(isEpochPut);
    await record(page);
    await untilEpochs(page, 2, EPOCHS);
    await stop(page);
    await untilStopped(page);
    expect(await saysSafe(page)).toBe(0);
    tracks = await copyJournal(page, cleanUp.use(tempFolder("journal")).path);
    // An answer that was lost on its way comes again as 200: what counts is that every epoch was acknowledged.
    const stored = () => {
      const acknowledged = gate.passages.filter(
        (each) => isEpochPut(each.method, each.path) && (each.status === 200 || each.status === 201),
      );
      return new Set(acknowledged.map((each) => each.path)).size;
    };
    sentByPage = stored();
    const ofPage = gate.waiting();
    expect(ofPage).toBeGreaterThan(0);
    // A page of nothing keeps the browser open; the app has none.
    await context.newPage();
    await page.close();
    expect(context.pages().some((open) => open.url().startsWith(gate.url))).toBe(false);
    release(ofPage);
    const epochs = tracks.reduce((sum, track) => sum + track.epochs.length, 0);
    await until("the service worker has sent every epoch", async () => stored() >= epochs, UPLOAD_PATIENCE_MS);
    sentInAll = stored();
    expect(context.pages().some((open) => open.url().startsWith(gate.url))).toBe(false);
    delivery = await deliver(context, room, cleanUp.use(tempFolder("delivery")).path);
  });
  afterAll(() => cleanUp.disposeAsync());

  it("the service worker uploads what the page could not", () => {
    const epochs = tracks.reduce((sum, track) => sum + track.epochs.length, 0);
    expect(sentByPage).toBe(0);
    expect(sentInAll).toBe(epochs);
  });

  it("the masters are identical in packets to what was encoded", async () => {
    expect(tracks).toHaveLength(2);
    expectWhole(tracks);
    await expectIdentical(delivery, tracks);
    await expectSound(delivery);
  });
});
