import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Delivery } from "./rig/delivery.ts";
import { expectIdentical, expectSound, expectWhole } from "./rig/expectations.ts";
import type { JournalTrack } from "./rig/journal.ts";
import { deliveredTrack, longGapsOutside, masterOf } from "./rig/placed.ts";
import { openSession, type Session } from "./rig/session.ts";
import { joinRoom, record, stop, untilClock, untilReady, untilRecording, untilSafe } from "./rig/studio-page.ts";

const HOST = "Inês Carvalho";
const GUEST = "Marek Dvořák";
const TAKE_S = 6;
/** A machine that runs two encoders may lose some frames at once; a track that stopped lacks seconds. */
const LONG_GAP_US = 1_000_000;

describe("[E2E9] two windows of one browser profile are two participants of one take", () => {
  let session: Session;
  let delivery: Delivery;
  let tracks: JournalTrack[];

  beforeAll(async () => {
    session = await openSession(HOST);
    const other = await session.host.context().newPage();
    await joinRoom(other, session.room, GUEST, { admittedBy: session.host });
    await untilReady(session.host, 2);
    await record(session.host);
    const windows = [session.host, other];
    await Promise.all(windows.map((window) => untilRecording(window)));
    await untilClock(session.host, TAKE_S);
    await stop(session.host);
    await Promise.all(windows.map((window) => untilSafe(window)));
    delivery = await session.deliver();
    tracks = await session.journal(other);
  });
  afterAll(() => session[Symbol.asyncDispose]());

  it("the one journal holds a camera and a microphone of each, all of one take", () => {
    expect(new Set(tracks.map((track) => track.take)).size).toBe(1);
    const owned = tracks.map((track) => `${track.name}: ${track.source}`).sort();
    expect(owned).toEqual([`${HOST}: camera`, `${HOST}: microphone`, `${GUEST}: camera`, `${GUEST}: microphone`]);
    const participants = new Set(tracks.map((track) => track.epochs[0]?.metadata.participant));
    expect(participants.size).toBe(2);
  });

  it("each has a master of their own, complete and identical in packets to what was encoded", async () => {
    expect(delivery.manifest.participants.map(({ name }) => name).sort()).toEqual([HOST, GUEST].sort());
    expect(masterOf(delivery, HOST)).not.toBe(masterOf(delivery, GUEST));
    expectWhole(tracks);
    await expectIdentical(delivery, tracks);
    await expectSound(delivery);
    for (const person of [HOST, GUEST]) {
      for (const source of ["camera", "microphone"] as const) {
        const track = deliveredTrack(delivery, person, source);
        expect(longGapsOutside(track, LONG_GAP_US, 0, 0), `${person}'s ${source}`).toEqual([]);
        expect((track.endUs ?? 0) - (track.startUs ?? 0), `${person}'s ${source}`).toBeGreaterThan(
          (TAKE_S - 1) * 1_000_000,
        );
      }
    }
  });
});
