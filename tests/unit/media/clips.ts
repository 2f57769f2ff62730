import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from "mediabunny";
import { type EpochConfig, makeConfig } from "#media/epoch-config.ts";
import type { EpochPacket } from "#media/epoch-writer.ts";
import type { MediaFormat } from "#protocol/epoch-format.ts";

/** A short encoded clip: real packets of a real encoder, times from 0. */
export interface Clip {
  readonly media: MediaFormat;
  readonly config: EpochConfig;
  readonly packets: readonly EpochPacket[];
}

const folders: string[] = [];

/** A folder that `removeFolders` takes away. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tapesync-media-"));
  folders.push(folder);
  return folder;
}

/** For `afterAll`: this file's temporary folders, those of its clips too. */
export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

export function ffmpeg(...args: string[]): void {
  execFileSync("ffmpeg", ["-hide_banner", "-v", "error", "-y", ...args], { stdio: ["ignore", "ignore", "inherit"] });
}

export type ClipCodec = "avc" | "vp9" | "av1" | "opus";

export interface ClipOptions {
  readonly seconds: number;
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  readonly channels?: 1 | 2;
  /** ffmpeg's audio source; a tone of 440 Hz otherwise. */
  readonly audio?: string;
}

const ENCODERS: Record<ClipCodec, readonly string[]> = {
  avc: ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-pix_fmt", "yuv420p"],
  vp9: ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-lag-in-frames", "0", "-auto-alt-ref", "0"],
  av1: ["-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8", "-lag-in-frames", "0"],
  opus: ["-c:a", "libopus", "-b:a", "96k"],
};

const cache = new Map<string, Promise<Clip>>();

/** Encodes once per process and setting. Key frames every 2 s. */
export function makeClip(codec: ClipCodec, options: ClipOptions): Promise<Clip> {
  const key = JSON.stringify([codec, options]);
  let clip = cache.get(key);
  if (!clip) {
    clip = encode(codec, options);
    cache.set(key, clip);
  }
  return clip;
}

async function encode(codec: ClipCodec, options: ClipOptions): Promise<Clip> {
  const { seconds, width = 160, height = 90, fps = 30, channels = 1 } = options;
  const file = join(temporaryFolder(), codec === "opus" ? "clip.webm" : "clip.mp4");
  if (codec === "opus") {
    const source = options.audio ?? `sine=frequency=440:sample_rate=48000:duration=${seconds}`;
    ffmpeg("-f", "lavfi", "-i", source, "-t", `${seconds}`, "-ac", `${channels}`, ...ENCODERS.opus, file);
  } else {
    const source = `testsrc=size=${width}x${height}:rate=${fps}:duration=${seconds}`;
    ffmpeg("-f", "lavfi", "-i", source, ...ENCODERS[codec], "-g", `${2 * fps}`, "-pix_fmt", "yuv420p", file);
  }
  return readClip(readFileSync(file), fps);
}

/** The packets of a media file, in decode order. */
export async function readClip(bytes: Uint8Array, frameRate: number): Promise<Clip> {
  const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(bytes) });
  const track = (await input.getPrimaryVideoTrack()) ?? (await input.getPrimaryAudioTrack());
  if (!track) throw new Error("no track in the clip");
  const packets: EpochPacket[] = [];
  for await (const packet of new EncodedPacketSink(track).packets()) {
    packets.push({
      data: packet.data,
      timestampUs: Math.round(packet.timestamp * 1e6),
      durationUs: Math.round(packet.duration * 1e6),
      keyframe: packet.type === "key",
    });
  }
  const first = packets[0]?.timestampUs ?? 0;
  const shifted = packets.map((packet) => ({ ...packet, timestampUs: packet.timestampUs - first }));
  if (track.isVideoTrack()) {
    const decoder = await track.getDecoderConfig();
    if (!decoder) throw new Error("no decoder config in the clip");
    const media: MediaFormat = {
      kind: "video",
      codec: decoder.codec,
      width: track.codedWidth,
      height: track.codedHeight,
      frameRate,
    };
    return { media, config: makeConfig(media, decoder), packets: shifted };
  }
  const decoder = await track.getDecoderConfig();
  if (!decoder) throw new Error("no decoder config in the clip");
  const channels = decoder.numberOfChannels === 2 ? 2 : 1;
  const media: MediaFormat = { kind: "audio", codec: "opus", sampleRate: 48_000, channels };
  // WebM rounds to ms and ends with part of a packet; a live encoder makes whole ones, 20 ms apart.
  const whole = shifted.filter((packet) => packet.durationUs >= OPUS_PACKET_US - 1000).slice(0, -1);
  const even = whole.map((packet, index) => ({
    ...packet,
    timestampUs: index * OPUS_PACKET_US,
    durationUs: OPUS_PACKET_US,
  }));
  return { media, config: makeConfig(media, decoder), packets: even };
}

const OPUS_PACKET_US = 20_000;
