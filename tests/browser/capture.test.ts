import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EPOCH_MAX_US } from "#protocol/epoch-format.ts";
import type { Source, TakeId } from "#protocol/ids.ts";
import {
  decodedFrames,
  type KeptTrack,
  readTake,
  type RigBrowser,
  sha256Of,
  startRig,
} from "./capture-rig/rig-driver.ts";

let rigBrowser: RigBrowser;
let page: Page;
let errors: string[];

beforeAll(async () => {
  rigBrowser = await startRig();
});

afterAll(async () => {
  await rigBrowser?.close();
});

beforeEach(async () => {
  errors = [];
  page = await rigBrowser.open(await rigBrowser.newContext());
  page.on("pageerror", (error) => errors.push(error.message));
});

afterEach(async () => {
  await page.context().close();
  expect(errors).toEqual([]);
});

/** How far ahead of its zero a take is started: enough for a slow machine to be ready in time. */
const LEAD_MS = 1_500;

/** Arms, starts ahead of the zero, does something once the first epoch is there, and goes on until there are `epochs`, and two more than then. */
async function record(
  sources: readonly Source[],
  options: { epochs?: number; audio?: MediaTrackConstraints; leadMs?: number; during?: () => Promise<unknown> } = {},
): Promise<{ take: TakeId; tracks: ReadonlyMap<Source, KeptTrack>; stats: Awaited<ReturnType<typeof readStats>> }> {
  const { epochs = 2, audio, leadMs = LEAD_MS, during } = options;
  await page.evaluate(([wanted, constraints]) => rig.arm(wanted, constraints), [sources, audio] as const);
  const take = await page.evaluate((ms) => rig.start(ms), leadMs);
  await page.evaluate(() => rig.waitForEpochs(1));
  await during?.();
  const there = await page.evaluate(() => rig.epochs());
  await page.evaluate((count) => rig.waitForEpochs(count), during ? Math.max(epochs, there + 2) : epochs);
  await page.evaluate(() => rig.stop());
  return { take, tracks: await readTake(page, take), stats: await readStats() };
}

async function readStats() {
  const all = await page.evaluate(() => rig.stats());
  return new Map(all.map((stats) => [stats.source, stats]));
}

function track(tracks: ReadonlyMap<Source, KeptTrack>, source: Source): KeptTrack {
  const found = tracks.get(source);
  if (found === undefined) throw new Error(`no track of the ${source}`);
  return found;
}

/** What must hold for every track, whatever happened to it. */
function expectSound({ row, epochs }: KeptTrack): void {
  expect(epochs.map((epoch) => epoch.metadata.seq)).toEqual([...epochs.keys()]);
  let previous: string | null = null;
  let endUs = Number.NEGATIVE_INFINITY;
  for (const { row: epochRow, bytes, metadata } of epochs) {
    expect(sha256Of(bytes)).toBe(epochRow.sha256);
    expect(bytes.byteLength).toBe(epochRow.bytes);
    expect(metadata.previous).toBe(previous);
    expect(metadata.endUs - metadata.firstUs).toBeLessThanOrEqual(EPOCH_MAX_US);
    expect(metadata.firstUs).toBeGreaterThanOrEqual(endUs);
    expect(metadata.firstUs).toBeGreaterThanOrEqual(row.trackZeroUs);
    expect(epochRow.samples).toBe(metadata.samples);
    previous = epochRow.sha256;
    endUs = metadata.endUs;
  }
  expect(row.state).toBe("closed");
  expect(row.epochs).toBe(epochs.length);
  expect(row.gaps).toEqual(expect.arrayContaining(epochs.flatMap((epoch) => epoch.metadata.gaps)));
}

const samplesOf = (kept: KeptTrack): number => kept.epochs.reduce((sum, epoch) => sum + epoch.metadata.samples, 0);
const pcmOf = (kept: KeptTrack): number => kept.epochs.reduce((sum, epoch) => sum + epoch.metadata.pcmFrames, 0);

/** Time between neighbouring epochs that no declared gap explains, µs. */
function unexplained({ row, epochs }: KeptTrack): number[] {
  return epochs.slice(1).map(({ metadata }, at) => {
    const endUs = epochs[at]?.metadata.endUs ?? metadata.firstUs;
    const gaps = row.gaps.filter(
      (gap) => gap.fromUs < metadata.firstUs - row.trackZeroUs && gap.toUs > endUs - row.trackZeroUs,
    );
    const explained = gaps.reduce((sum, gap) => sum + gap.toUs - gap.fromUs, 0);
    return Math.max(0, metadata.firstUs - endUs - explained);
  });
}

describe("camera and microphone", () => {
  it("[CP1] every frame and sample that was captured is in exactly one epoch, in order, and ffmpeg decodes them", async () => {
    const { tracks, stats } = await record(["camera", "microphone"], { epochs: 3 });
    for (const source of ["camera", "microphone"] as const) {
      const kept = track(tracks, source);
      expectSound(kept);
      const figures = stats.get(source);
      expect(figures?.captured).toBeGreaterThan(0);
      expect(figures?.encoded).toBe(figures?.sealed);
      expect(await decodedFrames(kept.epochs)).toBe(samplesOf(kept));
    }
    const camera = stats.get("camera");
    const busy = (camera?.dropped.encoderBusy ?? 0) + (camera?.dropped.encoderError ?? 0);
    expect(samplesOf(track(tracks, "camera"))).toBe((camera?.captured ?? 0) - busy);
    const microphone = stats.get("microphone");
    const real = pcmOf(track(tracks, "microphone")) - (microphone?.filled ?? 0);
    expect(Math.abs(real - (microphone?.captured ?? 0))).toBeLessThanOrEqual(1);
    expect(stats.get("camera")?.stamps.method).toBe("capture-time");
  });

  it("[CP2] both tracks begin at the take's zero: the sound to the sample, the picture within a frame", async () => {
    const { tracks } = await record(["camera", "microphone"]);
    const zero = track(tracks, "camera").row.trackZeroUs;
    expect(track(tracks, "microphone").row.trackZeroUs).toBe(zero);
    const firstUs = (source: Source): number => (track(tracks, source).epochs[0]?.metadata.firstUs ?? 0) - zero;
    expect(firstUs("microphone")).toBeGreaterThanOrEqual(0);
    expect(firstUs("microphone")).toBeLessThan(25);
    expect(firstUs("camera")).toBeGreaterThanOrEqual(0);
    // A busy machine may take the first pictures; then it is said from the zero on.
    const late = track(tracks, "camera").row.gaps.find((gap) => gap.reason === "late-start");
    expect(late?.fromUs ?? 0).toBeCloseTo(0, 1);
    expect(late?.toUs ?? 0).toBeLessThan(500_000);
    expect(firstUs("camera") - (late?.toUs ?? 0)).toBeLessThan(67_000);
  });

  it("[CP2] a device that hears of a take late declares it, from the take's zero to its first sample", async () => {
    const { tracks } = await record(["camera", "microphone"], { leadMs: -3_000 });
    for (const kept of tracks.values()) {
      expectSound(kept);
      const [gap] = kept.row.gaps;
      expect(gap?.reason).toBe("late-start");
      expect(gap?.fromUs).toBeLessThan(-2_900_000);
      const first = kept.epochs[0]?.metadata.firstUs ?? 0;
      expect(gap?.toUs).toBeCloseTo(first - kept.row.trackZeroUs, -1);
    }
  });

  it("[CP5] a page that is blocked for 4 s loses nothing", async () => {
    const { tracks, stats } = await record(["camera", "microphone"], {
      epochs: 3,
      during: () => page.evaluate(() => rig.blockMainThread(4_000)),
    });
    for (const kept of tracks.values()) {
      expectSound(kept);
      // Other programs may take the machine for some frames; a reader on the page loses all of the time but 0.1 s (measured).
      const unread = kept.row.gaps.filter((gap) => gap.reason !== "encoder-busy");
      expect(unread.reduce((sum, gap) => sum + gap.toUs - gap.fromUs, 0)).toBeLessThan(2_000_000);
    }
    expect(stats.get("microphone")?.dropped.capture).toBeLessThan(96_000);
  });
});

describe("microphone", () => {
  it("[CP10] 44.1 kHz in stereo becomes 48 kHz with every sample in its place", async () => {
    const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const { tracks, stats } = await record(["microphone"], { epochs: 3, audio });
    const kept = track(tracks, "microphone");
    expectSound(kept);
    expect(kept.epochs[0]?.metadata.media).toEqual({ kind: "audio", codec: "opus", sampleRate: 48_000, channels: 2 });
    const figures = stats.get("microphone");
    expect(Math.abs(pcmOf(kept) - (figures?.filled ?? 0) - (figures?.captured ?? 0))).toBeLessThanOrEqual(2);
    // A hundred packets of a slow crystal are longer than an epoch may be, by microseconds.
    for (const part of unexplained(kept)) expect(part).toBeLessThan(1_000);
    expect(await decodedFrames(kept.epochs)).toBe(samplesOf(kept));
  });

  it("[CP19] levels come with each epoch, 20 a second", async () => {
    const { tracks } = await record(["microphone"], { epochs: 2 });
    const { epochs } = track(tracks, "microphone");
    const levels = epochs.map(({ metadata }) => Buffer.from(metadata.peaks, "base64"));
    const expected = Math.ceil(((epochs[0]?.metadata.pcmFrames ?? 0) / 48_000) * 20);
    expect(levels[0]?.byteLength).toBe(expected);
    expect(expected).toBeGreaterThan(20);
    expect(Math.max(...Buffer.concat(levels))).toBeGreaterThan(20);
  });
});

describe("camera", () => {
  it("[CP18] a camera that goes and comes back is one track with a declared gap and a new run", async () => {
    const { tracks } = await record(["camera"], {
      epochs: 3,
      during: async () => {
        await page.evaluate(() => rig.loseCamera());
        await page.waitForFunction(() => rig.state().health === "lost");
        expect(await page.evaluate(() => rig.returnCamera(400))).toBe(true);
      },
    });
    const kept = track(tracks, "camera");
    expectSound(kept);
    expect(kept.row.gaps.map((gap) => gap.reason)).toContain("device-lost");
    expect(new Set(kept.epochs.map((epoch) => epoch.metadata.run))).toEqual(new Set([0, 1]));
    for (const part of unexplained(kept)) expect(part).toBeLessThan(40_000);
  });

  it("[CP9] another resolution is another run of the same track", async () => {
    const { tracks } = await record(["camera"], {
      epochs: 4,
      during: () => page.evaluate(() => rig.resizeCamera(640, 480)),
    });
    const kept = track(tracks, "camera");
    expectSound(kept);
    const runs = kept.epochs.map(({ metadata }) =>
      metadata.media.kind === "video" ? [metadata.run, metadata.media.width] : [],
    );
    expect(runs[0]).toEqual([0, 1920]);
    expect(runs.at(-1)?.[1]).toBe(640);
    expect(runs.at(-1)?.[0]).toBeGreaterThan(0);
    const last = kept.epochs.filter((epoch) => epoch.metadata.run === kept.epochs.at(-1)?.metadata.run);
    expect(await decodedFrames(last)).toBe(last.reduce((sum, epoch) => sum + epoch.metadata.samples, 0));
  });
});

it("[CP23] a worker that fails ends its track with what it had sealed, and another track goes on", async () => {
  await page.evaluate(() => rig.arm(["microphone"]));
  const take = await page.evaluate((ms) => rig.start(ms), LEAD_MS);
  await page.evaluate(() => rig.waitForEpochs(1));
  const [worker] = page.workers();
  await worker?.evaluate(() => {
    void Promise.reject(new Error("out of luck"));
  });
  await page.waitForFunction(() =>
    rig.state().tracks.some((track) => track.open && track.epochs > 0 && rig.state().tracks.length === 2),
  );
  await page.evaluate(() => rig.stop());
  const rows = await page.evaluate((id) => rig.rows(id), take);
  expect(rows.tracks.map((row) => row.state).sort()).toEqual(["closed", "cut-short"]);
  for (const [at, row] of rows.tracks.entries()) {
    expect(row.epochs).toBe(rows.epochs[at]?.length);
    expect(row.epochs).toBeGreaterThan(0);
  }
  expect(rows.take?.state).toBe("stopped");
});

describe("screen", () => {
  it("[CP8] a screen that stands still is recorded all the same: no epoch is longer than 2 s, nothing is a gap", async () => {
    const { tracks, stats } = await record(["screen"], { epochs: 3 });
    const kept = track(tracks, "screen");
    expectSound(kept);
    expect(kept.row.gaps).toEqual([]);
    expect(stats.get("screen")?.repeated).toBeGreaterThan(1);
    for (const part of unexplained(kept)) expect(part).toBeLessThan(1_000);
  });
});

it("[CP6] the probe finds all that Chromium has, without opening a device", async () => {
  const found = await page.evaluate(() => rig.probe());
  expect(found).toEqual({ tier: "A", canRecord: true, canShareScreen: true, missing: [], problem: null, sentence: "" });
});
