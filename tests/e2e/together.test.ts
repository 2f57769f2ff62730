import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gap } from "#protocol/gaps.ts";
import type { Source } from "#protocol/ids.ts";
import { BEEP_EVERY_S, CAMERA_FRAMES, CAMERA_HEIGHT, CAMERA_RATE, CAMERA_WIDTH } from "./rig/camera.ts";
import { unwrapCounters } from "./rig/counter.ts";
import type { Delivery } from "./rig/delivery.ts";
import { expectIdentical, expectSound, expectWhole } from "./rig/expectations.ts";
import type { JournalTrack } from "./rig/journal.ts";
import { beepOnsets, decodeSound, readContainer } from "./rig/masters.ts";
import {
  counterDistances,
  deliveredTrack,
  type Master,
  masterOf,
  OPUS_PRE_SKIP,
  OPUS_SAMPLES,
  readMaster,
  sampleSeconds,
} from "./rig/placed.ts";
import { openSession, type Session } from "./rig/session.ts";
import {
  type Figures,
  readFigures,
  record,
  stop,
  untilClock,
  untilReady,
  untilRecording,
  untilSafe,
} from "./rig/studio-page.ts";

const TAKE_S = 60;
const FRAME_S = 1 / CAMERA_RATE;
/** Shorter stretches need not be declared one by one (DESIGN.md section 4). */
const DECLARED_US = 20_000;
/** Masters round to 1 ms, and the device knows its camera's usual interval to about as much. */
const MEASURED_US = 2_000;
/** The part of all frames by which the device's count may be off: stamps of a busy camera wobble by half an interval. */
const UNCOUNTED = 0.01;
/** A shorter pause of the sound is filled with silence of its length, a longer one stays empty. */
const FILLED_BELOW_US = 30_000;
/** Samples by which sums of rounded times may differ. */
const SLACK = 48;
/** Both clocks are this machine's: what they differ by is noise. */
const CRYSTAL = 100e-6;
/** All devices start within this of each other. */
const START_WITHIN_US = 250_000;

function figuresOf(figures: readonly Figures[], source: Source): Figures {
  const [found, ...more] = figures.filter((each) => each.source === source);
  if (!found || more.length > 0) throw new Error(`not one ${source} in the figures`);
  return found;
}

function samplesOf(gaps: readonly Gap[]): number {
  return gaps.reduce((sum, gap) => sum + ((gap.toUs - gap.fromUs) * 48_000) / 1e6, 0);
}

/** Samples of sound at 48 kHz that the device has encoded. */
function pcmFramesOf(tracks: readonly JournalTrack[]): number {
  const microphone = tracks.find((track) => track.source === "microphone");
  return (microphone?.epochs ?? []).reduce((sum, epoch) => sum + epoch.metadata.pcmFrames, 0);
}

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
    await untilReady(session.host, 2);
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
    for (const { figures, master, tracks } of taken.values()) {
      const frames = master.video.packets.length;
      expect(figuresOf(figures, "camera")).toMatchObject({ encoded: frames, sealed: frames });
      const samples = pcmFramesOf(tracks);
      expect(figuresOf(figures, "microphone")).toMatchObject({ encoded: samples, sealed: samples });
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
        if (step > 1 && toUs - fromUs - FRAME_S * 1e6 >= DECLARED_US + MEASURED_US) {
          expect(
            gaps.some((gap) => gap.fromUs < toUs && gap.toUs > fromUs),
            `${name}: gap at ${fromUs} µs`,
          ).toBe(true);
        }
      });
      expect(figuresOf(figures, "camera").dropped).toBeGreaterThanOrEqual(missing);
    }
  });

  it("a minute of 1280 × 720 at 30 frames per second: what is there and what was dropped make up the whole", () => {
    for (const [name, { figures, master }] of taken) {
      const camera = deliveredTrack(delivery, name, "camera");
      expect(camera.runs.map(({ media }) => media)).toEqual([
        expect.objectContaining({ width: CAMERA_WIDTH, height: CAMERA_HEIGHT, frameRate: CAMERA_RATE }),
      ]);
      const seconds = ((camera.endUs ?? 0) - (camera.startUs ?? 0)) / 1e6;
      expect(seconds).toBeGreaterThan(TAKE_S - 0.5);
      const { captured, encoded, dropped } = figuresOf(figures, "camera");
      expect(captured).toBeGreaterThanOrEqual(encoded);
      const whole = seconds * CAMERA_RATE;
      expect(Math.abs(master.frames.length + dropped - whole), `${master.frames.length} + ${dropped}`).toBeLessThan(
        whole * UNCOUNTED,
      );
    }
  });

  it("the sound has every captured sample in its place", async () => {
    for (const [name, { figures, master, tracks }] of taken) {
      const encoded = pcmFramesOf(tracks);
      const delivered = deliveredTrack(delivery, name, "microphone");
      expect(delivered.pcmFrames).toBe(encoded);
      // A busy machine's fake microphone pauses for some ms now and then: that is counted, and stays empty or silent.
      const { captured, dropped } = figuresOf(figures, "microphone");
      // What was not captured yet is none of it: how soon all begin is asked below.
      const gaps = delivered.gaps.filter((gap) => gap.reason !== "late-start");
      const unfilled = gaps.filter((gap) => gap.toUs - gap.fromUs >= FILLED_BELOW_US);
      const lacking = samplesOf(gaps);
      expect(dropped).toBeGreaterThanOrEqual(lacking - SLACK);
      expect(Math.abs(captured + dropped - samplesOf(unfilled) - encoded)).toBeLessThanOrEqual(SLACK);
      // Only the last packet before a pause or the end is filled up, behind the samples that a decoder holds back.
      const room = master.audio.packets.length * OPUS_SAMPLES - encoded - OPUS_PRE_SKIP;
      expect(room).toBeGreaterThanOrEqual(-OPUS_PRE_SKIP * unfilled.length);
      expect(room).toBeLessThan(OPUS_SAMPLES * (1 + unfilled.length));
      const span = (((delivered.endUs ?? 0) - (delivered.startUs ?? 0)) * 48_000) / 1e6;
      const filledUp = span - captured - dropped;
      expect(filledUp).toBeGreaterThan(-CRYSTAL * span);
      expect(filledUp).toBeLessThan(OPUS_PRE_SKIP + OPUS_SAMPLES + CRYSTAL * span);
      const samples = await decodeSound(delivery.file(master.name));
      expect(samples.length).toBeGreaterThanOrEqual(encoded);
      const beeps = beepOnsets(samples).map((onset) => sampleSeconds(master.audio.packets, onset));
      expect(beeps.length).toBeGreaterThanOrEqual(TAKE_S / BEEP_EVERY_S - 1);
      // The first may be one that the take's beginning has cut. What is between two beeps beyond 5 s has been counted.
      const late = beeps.slice(2).map((beep, i) => beep - (beeps[i + 1] ?? 0) - BEEP_EVERY_S);
      for (const seconds of late) expect(seconds, name).toBeGreaterThan(-0.002);
      expect(
        late.reduce((sum, seconds) => sum + seconds, 0),
        name,
      ).toBeLessThan(dropped / 48_000 + 0.002);
    }
  });

  it("the same counter lies at the same time in both masters, within one frame", () => {
    const [one, other] = [...taken.values()].map(({ master }) => master);
    if (!one || !other) throw new Error("not two masters");
    const distances = counterDistances(one, other);
    // What one of them lacks, the other has nothing to compare with.
    expect(distances.length).toBeGreaterThan(Math.min(one.frames.length, other.frames.length) * 0.95);
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
