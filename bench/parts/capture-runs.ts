import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { codecCandidates } from "#core/video/codec-candidates.ts";
import { browserOf } from "../../tests/e2e/rig/browser.ts";
import { readStreams } from "../../tests/e2e/rig/masters.ts";
import { cpuSeconds, rendererPid } from "../../tests/e2e/rig/renderer.ts";
import { joinRoom, newRoom, record, stop, untilClock, untilSafe } from "../../tests/e2e/rig/studio-page.ts";
import type { RivalApi, RivalCounts, RivalKind, RivalSettings } from "../pages/rival-page.ts";
import { epochRows } from "./manifest-rows.ts";
import { openBlank } from "./page-code.ts";
import { browserSeconds, type CpuByName, threadSeconds, used } from "./process-cpu.ts";
import { sum } from "./statistics.ts";
import { letRun } from "./wait.ts";

/** Encoders settle, code is compiled, the page stands still. */
const SETTLE_S = 10;

/** CPU time of one stretch of capture. */
export interface CaptureRun {
  readonly seconds: number;
  readonly frames: number;
  /** Sound and picture. */
  readonly bytes: number;
  readonly rendererSeconds: number;
  /** Of the renderer. */
  readonly threads: Readonly<Record<string, number>>;
  /** All processes of the browser, the renderer's own kind among them. */
  readonly processes: Readonly<Record<string, number>>;
}

export interface StudioRun extends CaptureRun {
  readonly settings: Omit<RivalSettings, "kind">;
  readonly picture: string;
}

interface Window {
  readonly seconds: number;
  readonly rendererSeconds: number;
  readonly threads: Readonly<Record<string, number>>;
  readonly processes: Readonly<Record<string, number>>;
}

/** The real page in a room records camera and microphone, keeps and uploads them. */
export async function runStudio(context: BrowserContext, seconds: number): Promise<StudioRun> {
  const page = await context.newPage();
  await joinRoom(page, await newRoom(page), "Bench");
  const pid = await rendererPid(page);
  await record(page);
  await untilClock(page, SETTLE_S);
  const preview = await previewSize(page);
  const window = await measure(page, pid, seconds);
  await stop(page);
  await untilSafe(page);
  const rows = await epochRows(page);
  const video = rows.filter((row) => row.media.kind === "video");
  const media = video[0]?.media;
  if (media?.kind !== "video") throw new Error("the studio recorded no picture");
  const spanS = (Math.max(...video.map((row) => row.endUs)) - Math.min(...video.map((row) => row.firstUs))) / 1e6;
  const share = window.seconds / spanS;
  const { codec, width, height, frameRate } = media;
  return {
    ...window,
    frames: sum(video.map((row) => row.samples)) * share,
    bytes: sum(rows.map((row) => row.bytes)) * share,
    settings: { codec, bitrate: bitrateOf(codec, media), preview },
    picture: `${width} × ${height}, ${Math.round(frameRate)} fps`,
  };
}

/** What the studio asks its encoder for: it has one rate per picture and codec. */
function bitrateOf(codec: string, picture: { width: number; height: number; frameRate: number }): number {
  const candidates = codecCandidates(picture, "camera");
  const found =
    candidates.find((each) => each.codec === codec) ??
    candidates.find((each) => each.codec.slice(0, 4) === codec.slice(0, 4));
  if (!found) throw new Error(`the studio has no codec ${codec}`);
  return found.bitrate;
}

async function previewSize(page: Page): Promise<{ width: number; height: number }> {
  const box = await page.locator("video").first().boundingBox();
  return { width: Math.round(box?.width ?? 640), height: Math.round(box?.height ?? 360) };
}

/** One of the rivals in an empty page. */
export async function runRival(
  context: BrowserContext,
  origin: string,
  code: string,
  settings: RivalSettings,
  seconds: number,
): Promise<CaptureRun> {
  const page = await openBlank(context, origin);
  await page.evaluate(code);
  const pid = await rendererPid(page);
  const started = await page.evaluate(
    (wanted) => (globalThis as unknown as { rival: RivalApi }).rival.start(wanted),
    settings,
  );
  await letRun(SETTLE_S);
  const before = await counts(page);
  const window = await measure(page, pid, seconds);
  const after = await counts(page);
  const file = await page.evaluate(() => (globalThis as unknown as { rival: RivalApi }).rival.stop());
  if (settings.kind !== "media-recorder") {
    return { ...window, frames: after.frames - before.frames, bytes: after.bytes - before.bytes };
  }
  const whole = await countPackets(Buffer.from(file, "base64"), started.mimeType);
  const share = window.seconds / whole.seconds;
  return { ...window, frames: whole.frames * share, bytes: whole.bytes * share };
}

const counts = (page: Page): Promise<RivalCounts> =>
  page.evaluate(() => (globalThis as unknown as { rival: RivalApi }).rival.counts());

async function countPackets(bytes: Buffer, mimeType: string) {
  const folder = await mkdtemp(path.join(tmpdir(), "tapesync-bench-recorder-"));
  try {
    const file = path.join(folder, mimeType.startsWith("video/mp4") ? "whole.mp4" : "whole.webm");
    await writeFile(file, bytes);
    const packets = (await readStreams(file)).find((stream) => stream.kind === "video")?.packets ?? [];
    const spanUs = (packets.at(-1)?.ptsUs ?? 0) - (packets[0]?.ptsUs ?? 0);
    const frames = packets.length;
    return { frames, bytes: bytes.length, seconds: ((spanUs / 1e6) * frames) / (frames - 1) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(page: Page, pid: number, seconds: number): Promise<Window> {
  const browser = browserOf(page.context());
  const before = { cpu: cpuOf(pid), threads: threadSeconds(pid), all: await browserSeconds(browser) };
  const startedMs = performance.now();
  await letRun(seconds);
  const elapsedS = (performance.now() - startedMs) / 1000;
  const after = { cpu: cpuOf(pid), threads: threadSeconds(pid), all: await browserSeconds(browser) };
  return {
    seconds: elapsedS,
    rendererSeconds: after.cpu - before.cpu,
    threads: asRecord(used(before.threads, after.threads)),
    processes: asRecord(used(before.all, after.all)),
  };
}

function cpuOf(pid: number): number {
  const seconds = cpuSeconds(pid);
  if (seconds === undefined) throw new Error(`the renderer ${pid} is gone`);
  return seconds;
}

const asRecord = (cpu: CpuByName): Record<string, number> => Object.fromEntries(cpu);

export type { RivalKind };
