import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import * as v from "valibot";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { deliveryManifest, type DeliveryManifest } from "#protocol/delivery-manifest.ts";
import type { Gap } from "#protocol/gaps.ts";
import type { Source, TakeId } from "#protocol/ids.ts";
import { probe, probePackets } from "../unit/media/probe.ts";
import {
  decodedFrames,
  type KeptTrack,
  readTake,
  type RigBrowser,
  startRig,
  untilReleased,
} from "./capture-rig/rig-driver.ts";
import type { DevicesRig } from "./devices-rig/devices-page.ts";

declare global {
  /** On the devices rig's page. */
  var devicesRig: DevicesRig;
}

const run = promisify(execFile);
const CLI = fileURLToPath(new URL("../../container/demux-cli.ts", import.meta.url));

/**
 * How far before a press the last sample may lie, µs: what the browser holds for the worker goes with the device. 10 to 40 ms on a
 * machine that keeps up, 8 frames at most, and a busy one makes fewer of them in a second. Less than {@link INTO_EPOCH_US}, so
 * that an epoch in progress that were lost with the press would be seen.
 */
const PRESS_US = 1_000_000;

/** How far into an epoch a press comes that must not lose it, µs. */
const INTO_EPOCH_US = 1_400_000;

/** How far a hole in a file may differ from the gap, µs: a few frames that the busy machine lost beside it. */
const BESIDE_US = 500_000;

let rigBrowser: RigBrowser;
let page: Page;
let folder: string;
let errors: string[];

beforeAll(async () => {
  rigBrowser = await startRig(fileURLToPath(new URL("devices-rig/", import.meta.url)));
});

afterAll(async () => {
  await rigBrowser?.close();
});

beforeEach(async () => {
  errors = [];
  folder = await mkdtemp(join(tmpdir(), "tapesync-devices-"));
  page = await newPage();
});

afterEach(async () => {
  await page.context().close();
  await rm(folder, { recursive: true, force: true });
  expect(errors).toEqual([]);
});

async function newPage(): Promise<Page> {
  const opened = await rigBrowser.open(await rigBrowser.newContext());
  opened.on("pageerror", (error) => errors.push(error.message));
  await opened.waitForFunction(() => "devicesRig" in globalThis);
  return opened;
}

const open = (...off: ("camera" | "microphone")[]) => page.evaluate((kinds) => devicesRig.open(kinds), off);
/** As far ahead of its zero as a slow machine needs to be ready in time. */
const record = (leadMs = 1_500) => page.evaluate((ms) => devicesRig.record(ms), leadMs);
const stop = () => page.evaluate(() => devicesRig.stop());
const told = () => page.evaluate(() => devicesRig.told());
const recorder = () => page.evaluate(() => devicesRig.recorder());
const live = (kind: "audio" | "video") => page.evaluate((of) => devicesRig.held(of).live, kind);
const untilEpochs = (source: Source, atLeast: number) =>
  page.evaluate(([of, count]) => devicesRig.untilEpochs(of, count), [source, atLeast] as const);
/** Until the epoch that is being gathered is long: its beginning is about the end of the one before. */
const untilDeepIn = (source: Source) =>
  page.waitForFunction(
    ([of, deepUs]) => {
      const track = devicesRig.recorder().tracks.find((each) => each.open && each.source === of);
      return track !== undefined && performance.now() * 1000 - track.zeroUs - track.endUs > deepUs;
    },
    [source, INTO_EPOCH_US] as const,
  );
const setOff = (kind: "camera" | "microphone", off: boolean) =>
  page.evaluate(([of, isOff]) => devicesRig.setOff(of, isOff), [kind, off] as const);

function track(tracks: ReadonlyMap<Source, KeptTrack>, source: Source): KeptTrack {
  const found = tracks.get(source);
  if (found === undefined) throw new Error(`no track of the ${source}`);
  return found;
}

const muted = (kept: KeptTrack): Gap[] => kept.row.gaps.filter((gap) => gap.reason === "muted");
const samplesOf = (kept: KeptTrack): number => kept.epochs.reduce((sum, epoch) => sum + epoch.metadata.samples, 0);

/** One gap `muted`, from the press on "off" to the first sample after the press on "on"; µs of its ends on the page's clock. */
function expectMuted(kept: KeptTrack, offUs: number, onUs: number): void {
  const { row, epochs } = kept;
  expect(row.state).toBe("closed");
  const [gap, ...more] = muted(kept);
  expect(more).toEqual([]);
  const fromUs = (gap?.fromUs ?? 0) + row.trackZeroUs;
  const toUs = (gap?.toUs ?? 0) + row.trackZeroUs;
  expect(Math.abs(fromUs - offUs)).toBeLessThan(PRESS_US);
  expect(toUs).toBeGreaterThan(onUs);
  const before = epochs.findLast((epoch) => epoch.metadata.endUs <= fromUs + 40_000);
  const after = epochs.find((epoch) => epoch.metadata.firstUs >= fromUs);
  expect(Math.abs((before?.metadata.endUs ?? 0) - fromUs)).toBeLessThan(40_000);
  expect(Math.abs((after?.metadata.firstUs ?? 0) - toUs)).toBeLessThan(1_000);
  expect(after?.metadata.gaps).toContainEqual(gap);
}

/** The take as an editor gets it. */
async function deliver(tracks: ReadonlyMap<Source, KeptTrack>): Promise<{ manifest: DeliveryManifest; out: string }> {
  for (const { row, epochs } of tracks.values()) {
    for (const { bytes, metadata } of epochs) await writeFile(join(folder, `${row.track}-${metadata.seq}.mp4`), bytes);
  }
  const out = join(folder, "out");
  const { stderr } = await run(process.execPath, [CLI, folder, "--out", out]);
  expect(stderr).toBe("");
  const text = await readFile(join(out, "manifest.json"), "utf8");
  return { manifest: v.parse(deliveryManifest, JSON.parse(text)), out };
}

/** The longest stretch without a packet, µs of the file. */
function longestHole(ptsUs: readonly number[]): { fromUs: number; toUs: number } {
  return ptsUs.slice(1).reduce(
    (longest, toUs, at) => {
      const fromUs = ptsUs[at] ?? 0;
      return toUs - fromUs > longest.toUs - longest.fromUs ? { fromUs, toUs } : longest;
    },
    { fromUs: 0, toUs: 0 },
  );
}

describe("switched off while a take rolls", () => {
  it("[CP46] [CP47] gives the device back at once, goes on with the same track, and leaves a gap `muted` where it was off", async () => {
    await open();
    const take = await record();
    await untilEpochs("microphone", 1);
    await untilDeepIn("microphone");
    const micOffUs = await setOff("microphone", true);
    await expect.poll(() => live("audio")).toBe(0);
    expect(await live("video")).toBeGreaterThan(1);
    await untilEpochs("camera", 3);
    expect(await recorder()).toMatchObject({ phase: "rolling", off: ["microphone"] });
    expect((await told()).problems).toEqual([]);
    const micOnUs = await setOff("microphone", false);
    await untilDeepIn("camera");
    const cameraOffUs = await setOff("camera", true);
    await expect.poll(() => live("video")).toBe(0);
    await untilEpochs("microphone", 3);
    const cameraOnUs = await setOff("camera", false);
    await untilEpochs("camera", 5);
    await stop();

    const tracks = await readTake(page, take);
    expect([...tracks.keys()].sort()).toEqual(["camera", "microphone"]);
    const [camera, microphone] = [track(tracks, "camera"), track(tracks, "microphone")];
    expectMuted(microphone, micOffUs, micOnUs);
    expectMuted(camera, cameraOffUs, cameraOnUs);
    expect(new Set(camera.epochs.map((epoch) => epoch.metadata.run))).toEqual(new Set([0, 1]));
    for (const number of [0, 1]) {
      const epochs = camera.epochs.filter((epoch) => epoch.metadata.run === number);
      expect(await decodedFrames(epochs)).toBe(epochs.reduce((sum, epoch) => sum + epoch.metadata.samples, 0));
    }
    const own = await page.evaluate(() => devicesRig.own());
    expect(own?.off).toHaveLength(2);
    // What was off is no gap there; a busy machine's lost frames are.
    const offMs = Math.min(micOnUs - micOffUs, cameraOnUs - cameraOffUs) / 1000;
    expect(own?.gaps.filter((gap) => gap.lengthMs > offMs / 2)).toEqual([]);

    const { manifest, out } = await deliver(tracks);
    expect(await readFile(join(out, "timeline.fcpxml"), "utf8")).toContain("<gap ");
    const [person] = manifest.participants;
    for (const kept of [camera, microphone]) {
      const delivered = person?.tracks.find((each) => each.track === kept.row.track);
      expect(delivered?.samples).toBe(samplesOf(kept));
      const [gap] = muted(kept);
      const found = delivered?.gaps.filter((each) => each.reason === "muted");
      expect(found).toHaveLength(1);
      const lengthUs = (gap?.toUs ?? 0) - (gap?.fromUs ?? 0);
      expect(Math.abs((found?.[0]?.toUs ?? 0) - (found?.[0]?.fromUs ?? 0) - lengthUs)).toBeLessThan(1_000);
      const file = join(out, delivered?.file ?? "");
      const kind = kept === camera ? "video" : "audio";
      const stream = probe(file).streams.findIndex((each) => each.codec_type === kind);
      const packets = probePackets(file).filter((packet) => packet.stream === stream);
      const hole = longestHole(packets.map((packet) => packet.seconds * 1e6));
      expect(Math.abs(hole.toUs - hole.fromUs - lengthUs)).toBeLessThan(BESIDE_US);
    }
  });

  it("[CP48] off from the take's start: the track comes when it is switched on, and all before is `muted`", async () => {
    await open("microphone");
    expect((await told()).open).toEqual(["camera"]);
    // the one that will be opened is chosen already
    expect((await told()).microphone).not.toBe("");
    expect(await live("audio")).toBe(0);
    const take = await record();
    await untilEpochs("camera", 1);
    expect((await recorder()).tracks.map((each) => each.source)).toEqual(["camera"]);
    const onUs = await setOff("microphone", false);
    await untilEpochs("microphone", 1);
    await stop();
    const tracks = await readTake(page, take);
    const { row, epochs } = track(tracks, "microphone");
    const zeroUs = track(tracks, "camera").row.trackZeroUs;
    const firstUs = epochs[0]?.metadata.firstUs ?? 0;
    expect(row.gaps[0]?.reason).toBe("muted");
    expect((row.gaps[0]?.fromUs ?? 0) + row.trackZeroUs).toBeCloseTo(zeroUs, 1);
    expect(Math.abs((row.gaps[0]?.toUs ?? 0) + row.trackZeroUs - firstUs)).toBeLessThan(1_000);
    expect(firstUs).toBeGreaterThan(onUs);
    const { manifest } = await deliver(tracks);
    const delivered = manifest.participants[0]?.tracks.find((each) => each.source === "microphone");
    expect(delivered?.gaps.map((gap) => gap.reason)).not.toContain("late-start");
    expect(delivered?.gaps[0]?.reason).toBe("muted");
    expect(delivered?.gaps[0]?.fromUs).toBeCloseTo(0, 1);
  });

  it("[CP47] Stop while it is off: the track is closed, with a gap up to Stop", async () => {
    await open();
    const take = await record();
    await untilEpochs("microphone", 1);
    await untilDeepIn("microphone");
    const offUs = [await setOff("microphone", true), await setOff("camera", true)];
    await page.waitForFunction(() => devicesRig.recorder().off.length === 2);
    const { phase, health } = await recorder();
    expect([phase, health]).not.toEqual(["rolling", "lost"]);
    await page.waitForFunction((fromUs) => performance.now() * 1000 > fromUs + 1_500_000, offUs[1] ?? 0);
    await stop();
    const state = await recorder();
    expect(state).toMatchObject({ phase: "stopped", sources: [] });
    const tracks = await readTake(page, take);
    for (const [at, source] of (["microphone", "camera"] as const).entries()) {
      const kept = track(tracks, source);
      expect(kept.row.state).toBe("closed");
      const [gap] = muted(kept);
      expect(Math.abs((gap?.fromUs ?? 0) + kept.row.trackZeroUs - (offUs[at] ?? 0))).toBeLessThan(PRESS_US);
      expect(Math.abs((gap?.toUs ?? 0) + kept.row.trackZeroUs - (state.stoppedUs ?? 0))).toBeLessThan(1);
    }
  });

  it("[CP48] a take in which everything stayed off leaves nothing behind; one in which something was switched on is kept", async () => {
    await open("camera", "microphone");
    const nothing = await record();
    expect(await recorder()).toMatchObject({ phase: "rolling", health: "clean", tracks: [] });
    await stop();
    expect((await page.evaluate((id) => rig.rows(id), nothing)).take).toBeUndefined();
    const something = await record();
    // Before the take's zero there is nothing to be off for.
    await page.waitForFunction(() => performance.now() * 1000 > (devicesRig.recorder().order?.zeroUs ?? Infinity));
    await setOff("camera", false);
    await untilEpochs("camera", 1);
    await stop();
    const tracks = await readTake(page, something);
    expect([...tracks.keys()]).toEqual(["camera"]);
    expect(track(tracks, "camera").row.gaps[0]?.reason).toBe("muted");
  });

  it("[CP47] a page that dies while it is off costs nothing that was captured before", async () => {
    await open();
    const take: TakeId = await record();
    await untilEpochs("camera", 1);
    await untilDeepIn("camera");
    const offUs = [await setOff("microphone", true), await setOff("camera", true)];
    await page.waitForFunction(() => {
      const state = devicesRig.recorder();
      return state.tracks.every(
        (each) => state.off.includes(each.source as "camera" | "microphone") && each.epochs > 0,
      );
    });
    await page.waitForFunction((fromUs) => performance.now() * 1000 > fromUs + 1_000_000, offUs[1] ?? 0);
    const context = page.context();
    await page.close({ runBeforeUnload: false });
    page = await rigBrowser.open(context);
    await untilReleased(page, take);
    await page.evaluate(() => rig.recover());
    const tracks = await readTake(page, take);
    for (const [at, source] of (["microphone", "camera"] as const).entries()) {
      const { row, epochs } = track(tracks, source);
      expect(row.state).toBe("cut-short");
      expect(Math.abs((epochs.at(-1)?.metadata.endUs ?? 0) - (offUs[at] ?? 0))).toBeLessThan(PRESS_US);
    }
  });
});

describe("devices", () => {
  it("[CP46] one that is refused when it is switched on is a problem like any other, and its track goes on when it is back", async () => {
    await open();
    const take = await record();
    await untilEpochs("microphone", 1);
    await setOff("microphone", true);
    await page.evaluate(() => devicesRig.refuseNext());
    await setOff("microphone", false);
    expect(await told()).toMatchObject({ off: { microphone: false }, open: ["camera"] });
    expect((await told()).problems).toContain("device-in-use");
    await page.waitForFunction(() => devicesRig.recorder().health === "lost");
    await page.evaluate(() => navigator.mediaDevices.dispatchEvent(new Event("devicechange")));
    await page.waitForFunction(() => devicesRig.told().open.length === 2);
    const { epochs = 0 } = (await recorder()).tracks.find((each) => each.source === "microphone") ?? {};
    await untilEpochs("microphone", epochs + 1);
    await page.waitForFunction(() => !devicesRig.told().problems.includes("device-in-use"));
    await stop();
    const { tracks } = await page.evaluate((id) => rig.rows(id), take);
    expect(tracks.map((each) => `${each.source} ${each.state}`).sort()).toEqual(["camera closed", "microphone closed"]);
  });

  it("[CP46] a camera that is exchanged for none is given back, and comes back by being switched on", async () => {
    await open();
    await page.evaluate(() => devicesRig.chooseNone("camera"));
    await expect.poll(() => live("video")).toBe(0);
    expect(await told()).toMatchObject({ off: { camera: true, microphone: false }, camera: "", open: ["microphone"] });
    await setOff("camera", false);
    expect(await told()).toMatchObject({ off: { camera: false }, open: ["camera", "microphone"] });
    expect((await told()).camera).not.toBe("");
  });

  it("[CP46] another microphone that is chosen while it is off is opened only when it is switched on", async () => {
    await open();
    await setOff("microphone", true);
    expect(await told()).toMatchObject({ off: { camera: false, microphone: true }, level: "off", open: ["camera"] });
    await page.evaluate(() => devicesRig.choose("microphone", 1));
    const { microphone } = await told();
    await expect.poll(() => live("audio")).toBe(0);
    await page.evaluate(() => navigator.mediaDevices.dispatchEvent(new Event("devicechange")));
    await setOff("microphone", false);
    expect(await told()).toMatchObject({ off: { microphone: false }, microphone, open: ["camera", "microphone"] });
  });

  it("[CP49] with headphones all three treatments go off for the recording too, and are remembered for that microphone", async () => {
    await open();
    await page.evaluate(() => devicesRig.choose("microphone", 0));
    expect((await told()).treatment).toEqual({
      headphones: null,
      echoCancellation: true,
      noiseSuppression: false,
      autoGainControl: false,
    });
    const take = await record();
    await untilEpochs("microphone", 1);
    await page.evaluate(() => devicesRig.treat({ headphones: true }));
    await untilEpochs("microphone", 3);
    const held = await page.evaluate(() => devicesRig.held("audio"));
    expect(held.live).toBeGreaterThan(1);
    expect(new Set(held.treatments.map(String))).toEqual(new Set(["false,false,false"]));
    await page.evaluate(() => devicesRig.treat({ noiseSuppression: true }));
    const again = await page.evaluate(() => devicesRig.held("audio"));
    expect(new Set(again.treatments.map(String))).toEqual(new Set(["false,true,false"]));
    await stop();
    const kept = track(await readTake(page, take), "microphone");
    expect(kept.row.state).toBe("closed");
    const exchanged = kept.row.gaps.filter((gap) => gap.reason === "config-change");
    for (const gap of exchanged) expect(gap.toUs - gap.fromUs).toBeLessThan(5_000_000);
    const reasons = kept.row.gaps.map((gap) => gap.reason);
    for (const wrong of ["muted", "device-lost", "late-start"] as const) expect(reasons).not.toContain(wrong);
    await page.evaluate(() => devicesRig.choose("microphone", 1));
    expect((await told()).treatment.headphones).toBeNull();
    await page.evaluate(() => devicesRig.choose("microphone", 0));
    expect((await told()).treatment).toMatchObject({ headphones: true, noiseSuppression: true });
  });
});

it("[CP50] the recording has the camera's own resolution and rate, whatever the call does with its clone", async () => {
  await open();
  const take = await record();
  await untilEpochs("camera", 1);
  await page.evaluate(() => devicesRig.call(150_000, { width: 480, height: 270, frameRate: 10 }));
  const framesReceived = async () => (await page.evaluate(() => devicesRig.received())).frames;
  await expect.poll(framesReceived, { timeout: 120_000 }).toBeGreaterThan(30);
  const received = await page.evaluate(() => devicesRig.received());
  const before = (await recorder()).tracks.find((each) => each.source === "camera")?.epochs ?? 0;
  await untilEpochs("camera", before + 2);
  await page.evaluate(() => devicesRig.hangUp());
  await stop();
  const { row, epochs } = track(await readTake(page, take), "camera");
  const sizes = epochs.map(({ metadata }) => metadata.media.kind === "video" && metadata.media.width);
  expect(received.width).toBeLessThanOrEqual(480);
  expect(new Set(sizes)).toEqual(new Set([1920]));
  expect(new Set(epochs.map((epoch) => epoch.metadata.run))).toEqual(new Set([0]));
  const missingUs = row.gaps.reduce((sum, gap) => sum + gap.toUs - gap.fromUs, 0);
  const kept = epochs.reduce((sum, epoch) => sum + epoch.metadata.samples, 0);
  const spanUs = (epochs.at(-1)?.metadata.endUs ?? 0) - (epochs[0]?.metadata.firstUs ?? 0);
  // a busy machine's camera gives fewer than its 30; a rate that followed the call's would be 10
  expect(kept).toBeGreaterThanOrEqual(((spanUs - missingUs) / 1e6) * 15);
});
