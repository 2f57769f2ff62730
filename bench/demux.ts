import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import * as v from "valibot";
import { configBytes } from "#media/epoch-config.ts";
import { writeEpoch } from "#media/epoch-writer.ts";
import { participantId, type Sha256, type Source, seqName, sha256, takeId, trackId } from "#protocol/ids.ts";
import { asLocal } from "#protocol/units.ts";
import { type Clip, ffmpeg, makeClip, readClip, removeFolders } from "../tests/unit/media/clips.ts";

/** One size of the table: demux of a folder of epochs against `ffmpeg -c copy` of the same, already concatenated. */
export interface DemuxRow {
  readonly gigabytes: number;
  readonly epochs: number;
  readonly demuxMs: number;
  readonly demuxPeakMb: number;
  readonly ffmpegMs: number;
  /** Target: at most 2.5. */
  readonly ratio: number;
}

const CLI = resolve(import.meta.dirname, "../container/demux-cli.ts");
const CLIP_S = 2;
const id = (word: string): string => word.padEnd(22, "-");
const hashOf = (bytes: Uint8Array): Sha256 => v.parse(sha256, createHash("sha256").update(bytes).digest("hex"));

/** 1080p with noise at about 16 Mbit/s: epochs of 4 MB. */
async function largeClip(folder: string): Promise<Clip> {
  const file = join(folder, "clip.mp4");
  const source = `testsrc=size=1920x1080:rate=30:duration=${CLIP_S},noise=alls=30:allf=t`;
  const rate = ["-b:v", "16M", "-minrate", "16M", "-maxrate", "16M", "-bufsize", "16M"];
  ffmpeg("-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", ...rate, "-g", "60", file);
  return readClip(await readFile(file), 30);
}

interface Recorded {
  readonly folder: string;
  /** Per source: its epochs one after another, as ffmpeg reads them. */
  readonly joined: readonly string[];
  readonly epochs: number;
  readonly bytes: number;
}

/** Writes camera and microphone epochs until the camera has this many bytes. */
async function recordTake(
  folder: string,
  clips: Readonly<Partial<Record<Source, Clip>>>,
  bytes: number,
): Promise<Recorded> {
  const epochFolder = join(folder, "epochs");
  await mkdir(epochFolder);
  let total = 0;
  let epochs = 0;
  let count = Number.POSITIVE_INFINITY;
  const joined: string[] = [];
  for (const [source, clip] of Object.entries(clips) as [Source, Clip][]) {
    const path = join(folder, `${source}.mp4`);
    joined.push(path);
    const whole = await open(path, "w");
    let previous: Sha256 | null = null;
    let seq = 0;
    for (; seq < count; seq++) {
      const epoch: Uint8Array = (await makeEpoch(source, clip, seq, previous)).bytes;
      previous = hashOf(epoch);
      const file = await open(join(epochFolder, `${source}-${seqName(seq)}.mp4`), "w");
      await file.write(epoch);
      await file.close();
      await whole.write(epoch);
      total += epoch.byteLength;
      if (total >= bytes && count === Number.POSITIVE_INFINITY) count = seq + 1;
    }
    epochs += seq;
    await whole.close();
  }
  return { folder: epochFolder, joined, epochs, bytes: total };
}

async function makeEpoch(source: Source, clip: Clip, seq: number, previous: Sha256 | null) {
  const base = seq * CLIP_S * 1e6;
  return writeEpoch({
    config: clip.config,
    packets: clip.packets.map((packet) => ({ ...packet, timestampUs: packet.timestampUs + base })),
    metadata: {
      room: null,
      take: v.parse(takeId, id("take")),
      track: v.parse(trackId, id(source)),
      participant: v.parse(participantId, id("alice")),
      participantName: "Alice",
      source,
      seq,
      run: 0,
      media: clip.media,
      configHash: hashOf(configBytes(clip.config)),
      trackZeroUs: asLocal(5_000_000),
      pcmFrames: 0,
      timeOriginMs: 1_763_000_000_000,
      wallClockMs: 1_763_000_000_000 + base / 1000,
      clock: null,
      takeZeroRoomUs: null,
      previous,
      gaps: [],
      peaks: "",
    },
  });
}

const usage = v.object({ maxRSS: v.number() });

async function runDemux(recorded: Recorded, folder: string): Promise<{ ms: number; peakMb: number }> {
  const report = join(folder, "usage.json");
  const out = join(folder, "out");
  // The command line itself, and when it ends what the system says of its memory.
  const script = `
    import { writeFileSync } from "node:fs";
    process.argv = ["node", ${JSON.stringify(CLI)}, ${JSON.stringify(recorded.folder)}, "--out", ${JSON.stringify(out)}];
    process.on("exit", () => writeFileSync(${JSON.stringify(report)}, JSON.stringify(process.resourceUsage())));
    await import(${JSON.stringify(CLI)});`;
  const started = performance.now();
  execFileSync(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "ignore", "inherit"] });
  const ms = performance.now() - started;
  const { maxRSS } = v.parse(usage, JSON.parse(await readFile(report, "utf8")));
  await rm(out, { recursive: true });
  return { ms, peakMb: maxRSS / 1024 };
}

async function runFfmpeg(recorded: Recorded, folder: string): Promise<number> {
  const out = join(folder, "ffmpeg.mkv");
  const inputs = recorded.joined.flatMap((path) => ["-i", path]);
  const maps = recorded.joined.flatMap((_path, index) => ["-map", `${index}`]);
  const started = performance.now();
  // Its "duplicated MOOV" warnings are expected: each epoch has one.
  const args = ["-hide_banner", "-v", "fatal", "-y", ...inputs, ...maps, "-c", "copy", out];
  execFileSync("ffmpeg", args, { stdio: "ignore" });
  const ms = performance.now() - started;
  await rm(out);
  return ms;
}

async function measure(gigabytes: number, clips: Readonly<Partial<Record<Source, Clip>>>): Promise<DemuxRow> {
  const folder = await mkdtemp(join(tmpdir(), "tapesync-bench-demux-"));
  try {
    const recorded = await recordTake(folder, clips, gigabytes * 1e9);
    const ffmpegMs = await runFfmpeg(recorded, folder);
    const demux = await runDemux(recorded, folder);
    return {
      gigabytes: Number((recorded.bytes / 1e9).toFixed(2)),
      epochs: recorded.epochs,
      demuxMs: Math.round(demux.ms),
      demuxPeakMb: Math.round(demux.peakMb),
      ffmpegMs: Math.round(ffmpegMs),
      ratio: Number((demux.ms / ffmpegMs).toFixed(2)),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Bench (d): wall time and peak memory for each size, in order. */
export async function benchDemux(sizes: readonly number[] = [0.1, 1, 4]): Promise<DemuxRow[]> {
  const folder = await mkdtemp(join(tmpdir(), "tapesync-bench-clip-"));
  try {
    const clips = { camera: await largeClip(folder), microphone: await makeClip("opus", { seconds: CLIP_S + 1 }) };
    const sound = { ...clips.microphone, packets: clips.microphone.packets.slice(0, CLIP_S * 50) };
    const rows: DemuxRow[] = [];
    for (const size of sizes) rows.push(await measure(size, { camera: clips.camera, microphone: sound }));
    return rows;
  } finally {
    removeFolders();
    await rm(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const sizes = process.argv.slice(2).map(Number);
  console.log(
    JSON.stringify({ bench: "demux", rows: await benchDemux(sizes.length > 0 ? sizes : undefined) }, null, 2),
  );
}
