import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BEEP_EVERY_S, CAMERA_RATE } from "./rig/camera.ts";
import type { Delivery } from "./rig/delivery.ts";
import { expectIdentical, expectSound, expectWhole } from "./rig/expectations.ts";
import { beepOnsets, decodeSound } from "./rig/masters.ts";
import {
  counterDistances,
  deliveredTrack,
  gapsOnlyIn,
  longGapsOutside,
  type Master,
  masterOf,
  readMaster,
  sampleSeconds,
} from "./rig/placed.ts";
import { rendererPid } from "./rig/renderer.ts";
import { openSession, type Session } from "./rig/session.ts";
import {
  readFigures,
  record,
  stop,
  untilClock,
  untilEpochs,
  untilReady,
  untilRecording,
  untilSafe,
} from "./rig/studio-page.ts";

const FRAME_S = 1 / CAMERA_RATE;
const STALL_FROM_S = 5;
const STALL_TO_S = 8;
const LATE_S = 12;
/** At least so long, and until the late guest has so many epochs: on a busy machine it is longer. */
const TAKE_S = 22;
const LATE_EPOCHS = 2;

const HOST = "Inês Carvalho";
const STALLED = "Marek Dvořák";
const LATE = "Zoë Late";

describe("[E2E1] a guest whose device stalls, and one who comes late", () => {
  let session: Session;
  let delivery: Delivery;
  const masters = new Map<string, Master>();
  /** Seconds for which the stalled guest's microphone gave nothing outside of the stall: a busy machine's does that. */
  let paused: number;

  beforeAll(async () => {
    session = await openSession(HOST);
    const stalled = await session.guest(STALLED);
    const pid = await rendererPid(stalled);
    await untilReady(session.host, 2);
    await record(session.host);
    await Promise.all([untilRecording(session.host), untilRecording(stalled)]);
    await untilClock(session.host, STALL_FROM_S);
    process.kill(pid, "SIGSTOP");
    try {
      await untilClock(session.host, STALL_TO_S);
    } finally {
      process.kill(pid, "SIGCONT");
    }
    await untilClock(session.host, LATE_S);
    const late = await session.guest(LATE);
    await untilRecording(late);
    await untilEpochs(late, 2, LATE_EPOCHS);
    await untilClock(session.host, TAKE_S);
    await stop(session.host);
    const pages = [session.host, stalled, late];
    await Promise.all(pages.map((page) => untilSafe(page)));
    const figures = await readFigures(stalled);
    delivery = await session.deliver();
    const [stall] = deliveredTrack(delivery, STALLED, "microphone").gaps.toSorted(
      (a, b) => b.toUs - b.fromUs - (a.toUs - a.fromUs),
    );
    paused =
      (figures.find((figure) => figure.source === "microphone")?.dropped ?? 0) / 48_000 -
      ((stall?.toUs ?? 0) - (stall?.fromUs ?? 0)) / 1e6;
    for (const name of [HOST, STALLED, LATE]) {
      masters.set(name, await readMaster(delivery, masterOf(delivery, name)));
    }
    for (const page of pages) {
      const tracks = await session.journal(page);
      expectWhole(tracks);
      await expectIdentical(delivery, tracks);
    }
  });
  afterAll(() => session[Symbol.asyncDispose]());

  it("the late guest is recorded from the moment of joining, and that is declared", () => {
    const camera = deliveredTrack(delivery, LATE, "camera");
    expect(camera.startUs).toBeGreaterThan(LATE_S * 1e6);
    expect(camera.gaps[0]).toMatchObject({ reason: "late-start" });
    expect(camera.gaps[0]?.fromUs).toBeLessThan(1e6);
  });

  it("the stall is declared in picture and sound, and nowhere else is anything missing for long", () => {
    const [fromUs, toUs] = [(STALL_FROM_S - 1) * 1e6, (STALL_TO_S + 2) * 1e6];
    for (const source of ["camera", "microphone"] as const) {
      const track = deliveredTrack(delivery, STALLED, source);
      const stall = track.gaps.filter((gap) => gap.fromUs < toUs && gap.toUs > fromUs);
      expect(
        stall.reduce((sum, gap) => sum + gap.toUs - gap.fromUs, 0),
        source,
      ).toBeGreaterThan(1e6);
      const host = deliveredTrack(delivery, HOST, source);
      const others = longGapsOutside(track, 500_000, fromUs, toUs);
      expect(gapsOnlyIn({ ...track, gaps: others }, host), source).toEqual([]);
    }
  });

  it.each([STALLED, LATE])("%s: the same counter lies at the same time as in the host's master", (name) => {
    const host = masters.get(HOST);
    const other = masters.get(name);
    if (!host || !other) throw new Error("a master is missing");
    const distances = counterDistances(host, other);
    expect(distances.length).toBeGreaterThan(other.frames.length * 0.9);
    expect(Math.max(...distances)).toBeLessThanOrEqual(FRAME_S);
  });

  it("after the stall the sound goes on where it belongs: beeps still lie 5 s apart", async () => {
    const master = masters.get(STALLED);
    if (!master) throw new Error("a master is missing");
    const samples = await decodeSound(delivery.file(master.name));
    const beeps = beepOnsets(samples).map((onset) => sampleSeconds(master.audio.packets, onset));
    const off = beeps.slice(1).map((beep) => {
      const periods = (beep - (beeps.at(-1) ?? 0)) / BEEP_EVERY_S;
      return Math.abs(periods - Math.round(periods)) * BEEP_EVERY_S;
    });
    expect(off.length).toBeGreaterThanOrEqual(2);
    const inPlace = off.filter((seconds) => seconds < 0.01 + paused);
    // One may begin in the middle of a beep that the stall has cut.
    expect(inPlace.length).toBeGreaterThanOrEqual(off.length - 1);
  });

  it("checksums, timeline and masters are in order", () => expectSound(delivery));
});
