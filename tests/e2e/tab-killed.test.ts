import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Delivery } from "./rig/delivery.ts";
import { expectIdentical, expectSound, expectWhole } from "./rig/expectations.ts";
import { type JournalTrack, listJournal } from "./rig/journal.ts";
import { deliveredTrack } from "./rig/placed.ts";
import { rendererPid } from "./rig/renderer.ts";
import { openSession, type Session } from "./rig/session.ts";
import { forSeconds, record, stop, untilEpochs, untilRecording, untilSafe } from "./rig/studio-page.ts";

const HOST = "Inês Carvalho";
const GUEST = "Marek Dvořák";
const EPOCHS_BEFORE = 4;
/** So much longer does the host's take go on. */
const LONGER_S = 4;

describe("[E2E3] a guest's tab is killed in mid-take and opened again", () => {
  let session: Session;
  let delivery: Delivery;
  let sealedBefore: { path: string; bytes: number }[];
  let tracks: JournalTrack[];

  beforeAll(async () => {
    session = await openSession(HOST);
    const guest = await session.guest(GUEST);
    const pid = await rendererPid(guest);
    await record(session.host);
    await Promise.all([untilRecording(session.host), untilRecording(guest)]);
    await untilEpochs(guest, 2, EPOCHS_BEFORE);
    sealedBefore = await listJournal(guest);
    const crashed = guest.waitForEvent("crash");
    process.kill(pid, "SIGKILL");
    await crashed;
    const context = guest.context();
    await guest.close();
    const again = await context.newPage();
    await again.goto("/");
    await forSeconds(session.host, LONGER_S);
    await stop(session.host);
    await untilSafe(session.host);
    delivery = await session.deliver();
    tracks = await session.journal(again);
  });
  afterAll(() => session[Symbol.asyncDispose]());

  it("everything that was sealed is delivered, packet by packet", async () => {
    expect(tracks.map((track) => track.source).sort()).toEqual(["camera", "microphone"]);
    expectWhole(tracks);
    const there = tracks.flatMap((track) => track.epochs).length;
    expect(there).toBeGreaterThanOrEqual(sealedBefore.length);
    await expectIdentical(delivery, tracks);
  });

  it("the end is declared as cut short, and the host's take is not touched by it", () => {
    for (const source of ["camera", "microphone"] as const) {
      const guest = deliveredTrack(delivery, GUEST, source);
      expect(guest.end).toBe("cut-short");
      expect(guest.epochs.length).toBeGreaterThanOrEqual(EPOCHS_BEFORE);
      const host = deliveredTrack(delivery, HOST, source);
      expect(host.end).toBe("closed");
      expect((host.endUs ?? 0) - (guest.endUs ?? 0)).toBeGreaterThan(3e6);
    }
  });

  it("checksums, timeline and masters are in order", () => expectSound(delivery));
});
