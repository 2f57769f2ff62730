import { execFile } from "node:child_process";
import { createServer } from "node:http";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openBrowser, openContext, rendererPids } from "./rig/browser.ts";
import { fixtures } from "./rig/camera.ts";
import { COUNTER_FRAME_BYTES, readCounter, unwrapCounters } from "./rig/counter.ts";
import { onTimeline, readTimeline } from "./rig/fcpxml.ts";
import { tempFolder } from "./rig/folders.ts";
import { isEpochPut, openGate } from "./rig/gate.ts";
import { beepOnsets, decodeErrors, decodeSound, readCounters, readStreams } from "./rig/masters.ts";
import { rendererPid } from "./rig/renderer.ts";

const run = promisify(execFile);

/** The instruments are trusted only as far as these show them to be right. */
describe("the rig", () => {
  const folder = tempFolder("rig");
  const clip = path.join(folder.path, "clip.mkv");

  beforeAll(async () => {
    const { video, audio } = await fixtures();
    const codecs = ["-c:v", "libx264", "-preset", "veryfast", "-b:v", "1500k", "-c:a", "libopus"];
    await run("ffmpeg", ["-v", "error", "-r", "30", "-i", video, "-i", audio, "-t", "12", ...codecs, clip]);
  });
  afterAll(() => folder[Symbol.dispose]());

  it("[RIG1] reads each frame's counter from a coarse encoding", async () => {
    const counters = await readCounters(clip);
    expect(counters).toEqual(Array.from({ length: 360 }, (_, n) => n));
  });

  it("[RIG2] never believes a picture that it cannot read", () => {
    expect(readCounter(new Uint8Array(COUNTER_FRAME_BYTES).fill(0))).toBeUndefined();
    expect(readCounter(new Uint8Array(COUNTER_FRAME_BYTES).fill(255))).toBeUndefined();
    expect(readCounter(new Uint8Array(COUNTER_FRAME_BYTES).fill(128))).toBeUndefined();
  });

  it("[RIG3] unwraps a looped counter, and keeps a step back as one", () => {
    expect(unwrapCounters([98, 99, 0, 1], 100)).toEqual([98, 99, 100, 101]);
    expect(unwrapCounters([98, 99, 98], 100)).toEqual([98, 99, 98]);
  });

  it("[RIG4] reads packets, and finds every beep where it was played", async () => {
    const streams = await readStreams(clip);
    expect(streams.map((stream) => [stream.kind, stream.packets.length > 300])).toEqual([
      ["video", true],
      ["audio", true],
    ]);
    const onsets = beepOnsets(await decodeSound(clip));
    expect(onsets).toHaveLength(3);
    onsets.forEach((onset, i) => expect(Math.abs(onset - i * 240_000)).toBeLessThan(48));
    expect(await decodeErrors(clip)).toBe("");
  });

  it("[RIG5] reads a multicam's angles", () => {
    const timeline = readTimeline(`<?xml version="1.0"?><!DOCTYPE fcpxml><fcpxml version="1.10"><resources>
      <format id="r1" frameDuration="100/3000s"/>
      <asset id="r2" name="a.mkv" start="0s" duration="300/30s"><media-rep kind="original-media" src="./a.mkv"/></asset>
      <media id="r3"><multicam format="r1" tcStart="0s"><mc-angle name="A &amp; B" angleID="1">
        <gap offset="0s" duration="60/30s"/>
        <asset-clip ref="r2" offset="60/30s" duration="300/30s"/>
      </mc-angle></multicam></media></resources></fcpxml>`);
    expect(timeline.rate).toBe(30);
    expect(timeline.clips[0]).toMatchObject({ angle: "A & B", file: "a.mkv", offset: 2, duration: 10, start: 0 });
    expect(onTimeline(timeline, "a.mkv", 1.5)).toBe(3.5);
    expect(onTimeline(timeline, "a.mkv", 10.5)).toBeUndefined();
  });

  it("[RIG6] the fake camera gives 720p30 with one counter for two people", async () => {
    await using server = await blankServer();
    await using browser = await openBrowser();
    const camera = async () => {
      const page = await (await openContext(browser, server.url)).newPage();
      await page.goto("/");
      return page.evaluateHandle(openCamera);
    };
    // Both run before either is watched: who opens it late has nothing to compare.
    const cameras = await Promise.all([camera(), camera()]);
    const stamps = await Promise.all(cameras.map((track) => track.evaluate(watchCamera, 90)));
    const [first, second] = [new Map(stamps[0]), new Map(stamps[1])];
    const shared = [...first].flatMap(([counter, us]) => {
      const other = second.get(counter);
      return other === undefined ? [] : [Math.abs(us - other)];
    });
    expect(first.has(-1) || second.has(-1)).toBe(false);
    expect(shared.length).toBeGreaterThan(30);
    expect(Math.max(...shared)).toBeLessThan(1000);
  });

  it("[RIG7] tells which process runs a page", async () => {
    await using server = await blankServer();
    await using browser = await openBrowser();
    const page = await (await openContext(browser, server.url)).newPage();
    const other = await (await openContext(browser, server.url)).newPage();
    await Promise.all([page.goto("/"), other.goto("/")]);
    const pid = await rendererPid(page);
    expect(await rendererPids(browser)).toContain(pid);
    const crashed = page.waitForEvent("crash");
    process.kill(pid, "SIGKILL");
    await crashed;
    expect(await other.evaluate(() => document.readyState)).toBe("complete");
  });

  it("[RIG8] the gate holds what it is told to hold, and counts what goes through", async () => {
    await using server = await blankServer();
    await using gate = await openGate(server.url);
    const release = gate.hold(isEpochPut);
    const put = fetch(`${gate.url}/api/rooms/r/takes/t/tracks/k/epochs/0`, { method: "PUT", body: "bytes" });
    await gate.until((passages) => passages.length === 1);
    expect((await fetch(`${gate.url}/api/health`)).status).toBe(200);
    expect(gate.waiting()).toBe(1);
    release();
    expect((await put).status).toBe(200);
    expect(gate.passages.map((passage) => [passage.method, passage.status])).toEqual([
      ["PUT", 200],
      ["GET", 200],
    ]);
    const restore = gate.cut();
    await expect(fetch(`${gate.url}/api/health`)).rejects.toThrow();
    restore();
    expect((await fetch(`${gate.url}/api/health`)).status).toBe(200);
  });
});

async function blankServer(): Promise<AsyncDisposable & { url: string }> {
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader("content-type", "text/html").end("<!doctype html><title>blank</title>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || !address) throw new Error("no port");
  return {
    url: `http://localhost:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** In the page. */
async function openCamera(): Promise<MediaStreamVideoTrack> {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 1280, height: 720, frameRate: 30 } });
  const [track] = stream.getVideoTracks();
  if (!track) throw new Error("no camera");
  return track;
}

/** In the page: counter and capture time (µs) of so many frames; -1 for one that cannot be read. */
async function watchCamera(track: MediaStreamVideoTrack, frames: number): Promise<[number, number][]> {
  const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
  const seen: [number, number][] = [];
  const rect = { x: 0, y: 0, width: 1280, height: 80 };
  while (seen.length < frames) {
    const { value: frame } = await reader.read();
    if (!frame) break;
    const bytes = new Uint8Array(frame.allocationSize({ rect }));
    const [luma] = await frame.copyTo(bytes, { rect });
    const at = (column: number, row: number) =>
      (bytes[(luma?.offset ?? 0) + (row * 40 + 20) * (luma?.stride ?? 0) + column * 64 + 32] ?? 0) > 127;
    let counter = 0;
    for (let bit = 2; bit < 18; bit += 1) counter = counter * 2 + (at(bit, 0) ? 1 : 0);
    const complement = Array.from({ length: 16 }, (_, bit) => at(bit + 2, 0) !== at(bit + 2, 1)).every(Boolean);
    seen.push([complement && at(0, 0) && at(19, 1) && !at(1, 0) ? counter : -1, frame.timestamp]);
    frame.close();
  }
  track.stop();
  return seen;
}
