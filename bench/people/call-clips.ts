import { execFile } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from "mediabunny";
import { RIDS, type Rid } from "#protocol/call.ts";

const run = promisify(execFile);

/** Raise it when what the files hold changes: the folder is kept between runs. */
const VERSION = 1;

/** Frames/s of the pictures. */
export const CLIP_RATE = 30;
/** A loop begins with its only key frame: more of them than a call without losses has, and few enough not to matter. */
const CLIP_SECONDS = 8;

/** What the product's camera is sent as: `src/core/call/send-shape.ts`. */
const LAYERS: Readonly<Record<Rid, { readonly size: string; readonly kbps: number }>> = {
  h: { size: "1280x720", kbps: 1200 },
  m: { size: "640x360", kbps: 600 },
  l: { size: "320x180", kbps: 200 },
};
const VOICE_KBPS = 32;
/** Of one Opus packet. */
export const PACKET_MS = 20;

/** Encoded frames of one stream, the first of them a key frame: what is sent again and again. */
export type Clip = readonly Buffer[];

export interface CallClips {
  readonly voice: Clip;
  readonly layers: Readonly<Record<Rid, Clip>>;
}

/** Makes what is not there yet (some 10 s of CPU, 2 MB, in the system's temporary folder) and reads it. */
export async function callClips(): Promise<CallClips> {
  const folder = path.join(tmpdir(), `tapesync-bench-call-${VERSION}`);
  mkdirSync(folder, { recursive: true });
  const layers: Partial<Record<Rid, Clip>> = {};
  for (const rid of RIDS) layers[rid] = await packetsOf(await once(path.join(folder, `${rid}.webm`), pictureOf(rid)));
  const { h = [], m = [], l = [] } = layers;
  const voice = await packetsOf(await once(path.join(folder, "voice.webm"), VOICE));
  return { voice, layers: { h, m, l } };
}

/** Noise makes the encoder need all of its bits; one key frame, constant rate, nothing looked ahead for: as in a call. */
function pictureOf(rid: Rid): string[] {
  const { size, kbps } = LAYERS[rid];
  const source = `testsrc2=size=${size}:rate=${CLIP_RATE}:duration=${CLIP_SECONDS},noise=alls=10:allf=t`;
  const rate = ["-b:v", `${kbps}k`, "-minrate", `${kbps}k`, "-maxrate", `${kbps}k`, "-bufsize", `${kbps / 2}k`];
  const realtime = ["-deadline", "realtime", "-cpu-used", "8", "-lag-in-frames", "0", "-auto-alt-ref", "0"];
  return ["-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p", "-c:v", "libvpx", ...realtime, "-g", "100000", ...rate];
}

const VOICE = [
  ...[
    "-f",
    "lavfi",
    "-i",
    `sine=frequency=220:sample_rate=48000:duration=${CLIP_SECONDS},tremolo=f=4:d=0.9,volume=0.3`,
  ],
  ...["-ac", "1", "-c:a", "libopus", "-b:a", `${VOICE_KBPS}k`, "-vbr", "off", "-frame_duration", String(PACKET_MS)],
];

async function once(file: string, arguments_: readonly string[]): Promise<string> {
  if (existsSync(file)) return file;
  const part = `${file}.${process.pid}.part`;
  try {
    await run("ffmpeg", ["-v", "error", "-y", ...arguments_, "-f", "webm", part]);
    renameSync(part, file);
  } finally {
    rmSync(part, { force: true });
  }
  return file;
}

async function packetsOf(file: string): Promise<Clip> {
  const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(await readFile(file)) });
  const track = (await input.getPrimaryVideoTrack()) ?? (await input.getPrimaryAudioTrack());
  if (!track) throw new Error(`no track in ${file}`);
  const packets: Buffer[] = [];
  for await (const packet of new EncodedPacketSink(track).packets()) packets.push(Buffer.from(packet.data));
  return packets;
}
