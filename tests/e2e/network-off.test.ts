import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Delivery } from "./rig/delivery.ts";
import { expectIdentical, expectSound, expectWhole } from "./rig/expectations.ts";
import { deliveredTrack, gapsOnlyIn } from "./rig/placed.ts";
import { openSession, type Session } from "./rig/session.ts";
import { record, saysSafe, stop, untilClock, untilReady, untilRecording, untilSafe } from "./rig/studio-page.ts";

const OFF_FROM_S = 5;
const OFF_TO_S = 25;
const TAKE_S = 30;
const HOST = "Inês Carvalho";
const GUEST = "Marek Dvořák";

describe("[E2E2] a guest without a network for 20 s in mid-take", () => {
  let session: Session;
  let delivery: Delivery;

  beforeAll(async () => {
    session = await openSession(HOST);
    const guest = await session.guest(GUEST);
    await untilReady(session.host, 2);
    await record(session.host);
    await Promise.all([untilRecording(session.host), untilRecording(guest)]);
    await untilClock(session.host, OFF_FROM_S);
    await guest.context().setOffline(true);
    await untilClock(session.host, OFF_TO_S);
    // The guest's own page goes on counting, without a word from anybody.
    await untilClock(guest, OFF_TO_S - 1);
    expect(await saysSafe(guest)).toBe(0);
    await guest.context().setOffline(false);
    await untilClock(session.host, TAKE_S);
    await stop(session.host);
    await Promise.all([untilSafe(session.host), untilSafe(guest)]);
    delivery = await session.deliver();
    for (const page of [session.host, guest]) {
      const tracks = await session.journal(page);
      expect(tracks).toHaveLength(2);
      expectWhole(tracks);
      await expectIdentical(delivery, tracks);
    }
  });
  afterAll(() => session[Symbol.asyncDispose]());

  it("nothing is lost: the guest's tracks are as long as the host's, and no gap comes from the network", () => {
    for (const source of ["camera", "microphone"] as const) {
      const host = deliveredTrack(delivery, HOST, source);
      const guest = deliveredTrack(delivery, GUEST, source);
      expect(guest.end).toBe("closed");
      expect(Math.abs((guest.endUs ?? 0) - (host.endUs ?? 0))).toBeLessThan(1e6);
      const own = gapsOnlyIn(guest, host);
      const lost = own.reduce((sum, gap) => sum + gap.toUs - gap.fromUs, 0);
      expect(lost, JSON.stringify(own)).toBeLessThan(500_000);
      expect(guest.gaps.some((gap) => gap.reason === "missing-epoch")).toBe(false);
    }
  });

  it("checksums, timeline and masters are in order", () => expectSound(delivery));
});
