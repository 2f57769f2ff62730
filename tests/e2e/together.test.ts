import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BEEP_EVERY_S, CAMERA_FRAMES, CAMERA_RATE } from "./rig/camera.ts";
import { unwrapCounters } from "./rig/counter.ts";
import type { Delivery } from "./rig/delivery.ts";
import { expectIdentical, expectSound, expectWhole } from "./rig/expectations.ts";
import type { JournalTrack } from "./rig/journal.ts";
import { beepOnsets, decodeSound, readContainer } from "./rig/masters.ts";
import { counterDistances, deliveredTrack, type Master, masterOf, readMaster, sampleSeconds } from "./rig/placed.ts";
import { openSession, type Session } from "./rig/session.ts";
import { type Figures, readFigures, record, stop, untilClock, untilRecording, untilSafe } from "./rig/studio-page.ts";

const TAKE_S = 60;
const FRAME_S = 1 / CAMERA_RATE;
/** Shorter stretches need not be declared one by one (DESIGN.md section 4). */
const DECLARED_US = 20_000;
/** All devices start within this of each other. */
const START_WITHIN_US = 250_000;

/** What is known of one person after the take. */
interface Taken {
  readonly figures: readonly Figures[];
  readonly tracks: readonly JournalTrack[];
  readonly master: Master;
}

describe("[E2E1] two people, a minute of 720p30", () => {
  let session: Session;
  let delivery: Delivery;
  const taken = new Map<string, Taken>();

  beforeAll(async () => {
    session = await openSession("Inês Carvalho");
    const pages: [string, Page][] = [
      ["Inês Carvalho", session.host],
      ["Marek Dvořák", await session.guest("Marek Dvořák")],
    ];
    await record(session.host);
    await Promise.all(pages.map(([, page]) => untilRecording(page)));
    await untilClock(session.host, TAKE_S);
    await stop(session.host);
    await Promise.all(pages.map(([, page]) => untilSafe(page)));
    delivery = await session.deliver();
    for (const [name, page] of pages) {
      taken.set(name, {
        figures: await readFigures(page),
        tracks: await session.journal(page),
        master: await readMaster(delivery, masterOf(delivery, name)),
      });
    }
  });
  afterAll(() => session[Symbol.asyncDispose]());

  it("each encoded packet is in its master exactly once, in order", async () => {
    expect(taken.size).toBe(2);
    for (const { tracks } of taken.values()) {
      expect(tracks.map((track) => track.source).sort()).toEqual(["camera", "microphone"]);
      expectWhole(tracks);
      await expectIdentical(delivery, tracks);
    }
  });

  it("what the encoder made, what was sealed and what the master holds are the same number", () => {
    for (const { figures, master } of taken.values()) {
      const camera = figures.find((figure) => figure.source === "camera");
      const microphone = figures.find((figure) => figure.source === "microphone");
      expect(camera).toMatchObject({ encoded: master.video.packets.length, sealed: master.video.packets.length });
      expect(microphone).toMatchObject({ encoded: master.audio.packets.length, sealed: master.audio.packets.length });
    }
  });

  it("each decoded frame shows a later counter than the one before, and each missing one is counted and declared", () => {
    for (const [name, { figures, master }] of taken) {
      const read = master.frames.flatMap((frame) => frame.counter ?? []);
      expect(read).toHaveLength(master.frames.length);
      const counters = unwrapCounters(read, CAMERA_FRAMES);
      const gaps = deliveredTrack(delivery, name, "camera").gaps;
      let missing = 0;
      master.frames.slice(1).forEach((frame, i) => {
        const step = (counters[i + 1] ?? 0) - (counters[i] ?? 0);
        expect(step).toBeGreaterThanOrEqual(1);
        missing += step - 1;
        const fromUs = (master.frames[i]?.timelineSeconds ?? 0) * 1e6;
        const toUs = (frame.timelineSeconds ?? 0) * 1e6;
        if (step > 1 && toUs - fromUs - FRAME_S * 1e6 >= DECLARED_US) {
          expect(
            gaps.some((gap) => gap.fromUs < toUs && gap.toUs > fromUs),
            `${name}: gap at ${fromUs} µs`,
          ).toBe(true);
        }
      });
      expect(figures.find((figure) => figure.source === "camera")?.dropped).toBeGreaterThanOrEqual(missing);
    }
  });

  it("at least a minute of picture is there at 30 frames per second", () => {
    for (const { master } of taken.values()) {
      expect(master.frames.length).toBeGreaterThan(TAKE_S * CAMERA_RATE * 0.98);
    }
  });

  it("the sound has every captured sample in its place", async () => {
    for (const [name, { master, tracks }] of taken) {
      const microphone = tracks.find((track) => track.source === "microphone");
      const captured = (microphone?.epochs ?? []).reduce((sum, epoch) => sum + epoch.metadata.pcmFrames, 0);
      const delivered = deliveredTrack(delivery, name, "microphone");
      expect(delivered.gaps).toEqual([]);
      expect(delivered.pcmFrames).toBe(captured);
      const spanUs = (delivered.endUs ?? 0) - (delivered.startUs ?? 0);
      expect(Math.abs(spanUs - (captured / 48_000) * 1e6)).toBeLessThan(20_000);
      const samples = await decodeSound(delivery.file(master.name));
      expect(samples.length).toBeGreaterThanOrEqual(captured);
      const beeps = beepOnsets(samples).map((onset) => sampleSeconds(master.audio.packets, onset));
      expect(beeps.length).toBeGreaterThanOrEqual(TAKE_S / BEEP_EVERY_S - 1);
      // The first may be one that the take's beginning has cut.
      beeps.slice(2).forEach((beep, i) => {
        expect(Math.abs(beep - (beeps[i + 1] ?? 0) - BEEP_EVERY_S)).toBeLessThan(0.002);
      });
    }
  });

  it("the same counter lies at the same time in both masters, within one frame", () => {
    const [one, other] = [...taken.values()].map(({ master }) => master);
    if (!one || !other) throw new Error("not two masters");
    const distances = counterDistances(one, other);
    expect(distances.length).toBeGreaterThan(TAKE_S * CAMERA_RATE * 0.95);
    expect(Math.max(...distances)).toBeLessThanOrEqual(FRAME_S);
  });

  it("all devices start within 250 ms of each other", () => {
    const starts = delivery.manifest.participants.flatMap(({ tracks }) =>
      tracks.map((track) => track.startUs ?? Number.NaN),
    );
    expect(starts).toHaveLength(4);
    expect(Math.max(...starts) - Math.min(...starts)).toBeLessThanOrEqual(START_WITHIN_US);
  });

  it("checksums, timeline and masters are in order", async () => {
    await expectSound(delivery);
    for (const { master } of taken.values()) {
      const { duration, title, streams } = await readContainer(delivery.file(master.name));
      expect(duration).toBeGreaterThan(TAKE_S - 1);
      expect(title).not.toBe("");
      expect(streams.every((stream) => stream.title !== "")).toBe(true);
    }
  });
});
