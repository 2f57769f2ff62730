import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openProfile } from "./rig/browser.ts";
import type { Delivery } from "./rig/delivery.ts";
import { expectIdentical, expectSound, expectWhole } from "./rig/expectations.ts";
import { tempFolder } from "./rig/folders.ts";
import { openGate } from "./rig/gate.ts";
import { copyJournal, type JournalTrack } from "./rig/journal.ts";
import { deliveredTrack } from "./rig/placed.ts";
import { startServer } from "./rig/server.ts";
import { deliver } from "./rig/session.ts";
import { record, stop, untilEpochs, untilRecording, untilStopped } from "./rig/studio-page.ts";

const EPOCHS = 4;
/** An upload that has failed waits before it tries again, longer each time. */
const PATIENCE_MS = 180_000;

describe("[E2E6] recorded alone without a network, relaunched, online again", () => {
  const cleanUp = new AsyncDisposableStack();
  let tracks: JournalTrack[];
  let kept: JournalTrack[];
  let delivery: Delivery;

  beforeAll(async () => {
    const server = cleanUp.use(await startServer());
    const gate = cleanUp.use(await openGate(server.url));
    const profile = cleanUp.use(tempFolder("profile"));
    const first = await openProfile(profile.path, gate.url);
    let restore: () => void;
    try {
      const visit = await first.newPage();
      await visit.goto("/");
      await visit.evaluate(async () => {
        await navigator.serviceWorker.ready;
      });
      await visit.close();
      restore = gate.cut();
      await first.setOffline(true);
      const page = await first.newPage();
      await page.goto("/");
      await page.getByRole("button", { name: "Record alone" }).click();
      await record(page);
      await untilRecording(page);
      await untilEpochs(page, 2, EPOCHS);
      await stop(page);
      await untilStopped(page);
      tracks = await copyJournal(page, cleanUp.use(tempFolder("journal")).path);
    } finally {
      await first.close();
    }

    // The service worker may run before anybody can tell this browser that it is offline: the gate is shut already.
    const context = cleanUp.use(await openProfile(profile.path, gate.url));
    await context.setOffline(true);
    const page = await context.newPage();
    await page.goto("/recordings");
    await page
      .getByRole("listitem")
      .filter({ hasText: "Only on this device" })
      .first()
      .waitFor({ timeout: PATIENCE_MS });
    kept = await copyJournal(page, cleanUp.use(tempFolder("kept")).path);
    restore();
    await context.setOffline(false);
    await page.getByRole("listitem").getByText("Safe", { exact: true }).first().waitFor({ timeout: PATIENCE_MS });
    const exports = page.locator('a[href*="/exports"]').first();
    await exports.waitFor({ timeout: PATIENCE_MS });
    const room = new URL((await exports.getAttribute("href")) ?? "", gate.url).pathname.replace(/\/exports$/, "");
    delivery = await deliver(context, room, cleanUp.use(tempFolder("delivery")).path);
  });
  afterAll(() => cleanUp.disposeAsync());

  it("the take outlives the browser", () => {
    expect(tracks).toHaveLength(2);
    expect(kept.flatMap((track) => track.epochs.map((epoch) => epoch.sha256))).toEqual(
      tracks.flatMap((track) => track.epochs.map((epoch) => epoch.sha256)),
    );
  });

  it("it arrives by itself, identical in packets to what was encoded", async () => {
    expectWhole(tracks);
    await expectIdentical(delivery, tracks);
    await expectSound(delivery);
  });

  it("without a server there was no room clock, and the manifest says so", () => {
    const [name] = delivery.manifest.participants.map((participant) => participant.name);
    expect(deliveredTrack(delivery, name ?? "", "camera").clock.method).toBe("alone");
  });
});
