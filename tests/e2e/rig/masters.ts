import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { COUNTER_FRAME_BYTES, readCounter, readCounterFilters } from "./counter.ts";

const run = promisify(execFile);
const MAX_OUTPUT = 512 * 1024 * 1024;

export interface Packet {
  /** µs, as the file says. */
  readonly ptsUs: number;
  readonly bytes: number;
  /** SHA-256 of the encoded bytes. */
  readonly sha256: string;
  readonly key: boolean;
}

export interface Stream {
  readonly index: number;
  readonly kind: "video" | "audio";
  readonly codec: string;
  readonly title: string;
  readonly packets: readonly Packet[];
}

/** Every packet of a media file in file order, read with ffprobe, which shares no code with the studio. */
export async function readStreams(file: string): Promise<Stream[]> {
  const found = await ffprobe(["-show_streams", "-show_packets", "-show_data_hash", "sha256", file]);
  return found.streams.map((stream) => ({
    index: stream.index,
    kind: stream.codec_type,
    codec: stream.codec_name,
    title: stream.tags?.title ?? "",
    packets: found.packets
      .filter((packet) => packet.stream_index === stream.index)
      .map((packet) => ({
        ptsUs: Math.round(Number(packet.pts_time) * 1e6),
        bytes: Number(packet.size),
        sha256: packet.data_hash.replace(/^SHA256:/i, "").toLowerCase(),
        key: packet.flags.startsWith("K"),
      })),
  }));
}

export interface Container {
  /** Seconds. */
  readonly duration: number;
  readonly title: string;
  readonly streams: readonly { readonly kind: string; readonly codec: string; readonly title: string }[];
}

export async function readContainer(file: string): Promise<Container> {
  const found = await ffprobe(["-show_streams", "-show_format", file]);
  return {
    duration: Number(found.format?.duration),
    title: found.format?.tags?.title ?? "",
    streams: found.streams.map((stream) => ({
      kind: stream.codec_type,
      codec: stream.codec_name,
      title: stream.tags?.title ?? "",
    })),
  };
}

interface Probed {
  readonly streams: readonly {
    readonly index: number;
    readonly codec_type: "video" | "audio";
    readonly codec_name: string;
    readonly tags?: { readonly title?: string };
  }[];
  readonly packets: readonly {
    readonly stream_index: number;
    readonly pts_time: string;
    readonly size: string;
    readonly data_hash: string;
    readonly flags: string;
  }[];
  readonly format?: { readonly duration?: string; readonly tags?: { readonly title?: string } };
}

async function ffprobe(args: readonly string[]): Promise<Probed> {
  const { stdout } = await run("ffprobe", ["-v", "error", "-of", "json", ...args], { maxBuffer: MAX_OUTPUT });
  return JSON.parse(stdout) as Probed;
}

/** Decodes every stream of a file and returns what ffmpeg complains about: empty for a clean file. */
export async function decodeErrors(file: string): Promise<string> {
  // Frames keep the file's own times: on a grid of whole frames two that a busy camera gave close together would clash.
  const untouched = ["-fps_mode", "passthrough", "-enc_time_base:v", "-1"];
  const { stderr } = await run("ffmpeg", ["-v", "warning", "-i", file, "-map", "0", ...untouched, "-f", "null", "-"], {
    maxBuffer: MAX_OUTPUT,
  });
  return stderr.trim();
}

/** The burned-in counter of each decoded frame, in order; `undefined` where it cannot be read with certainty. */
export async function readCounters(file: string): Promise<(number | undefined)[]> {
  const filters = ["-vf", readCounterFilters(), "-fps_mode", "passthrough"];
  const bytes = await decode(file, ["-map", "0:v:0", ...filters, "-f", "rawvideo"]);
  const counters: (number | undefined)[] = [];
  for (let at = 0; at + COUNTER_FRAME_BYTES <= bytes.length; at += COUNTER_FRAME_BYTES) {
    counters.push(readCounter(bytes.subarray(at, at + COUNTER_FRAME_BYTES)));
  }
  return counters;
}

/** All sound of a file as 48 kHz mono, without anything that fills or moves. */
export async function decodeSound(file: string): Promise<Float32Array> {
  const bytes = await decode(file, ["-map", "0:a:0", "-ac", "1", "-ar", "48000", "-f", "f32le"]);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** Louder than this is a beep; it is played at half of full scale, between digital silence. */
const BEEP_LEVEL = 0.1;
/** A beep lasts 100 ms; silence this long ends one. */
const QUIET_SAMPLES = 4_800;

/** Indices of the samples at which beeps begin. */
export function beepOnsets(samples: Float32Array): number[] {
  const onsets: number[] = [];
  let quiet = QUIET_SAMPLES;
  samples.forEach((sample, index) => {
    if (Math.abs(sample) < BEEP_LEVEL) quiet += 1;
    else {
      if (quiet >= QUIET_SAMPLES) onsets.push(index);
      quiet = 0;
    }
  });
  return onsets;
}

async function decode(file: string, args: readonly string[]): Promise<Buffer> {
  const child = spawn("ffmpeg", ["-v", "error", "-i", file, ...args, "-"], { stdio: ["ignore", "pipe", "pipe"] });
  const chunks: Buffer[] = [];
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString("utf8");
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}: ${errors}`);
  return Buffer.concat(chunks);
}
