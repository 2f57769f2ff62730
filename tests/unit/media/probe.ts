import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import * as v from "valibot";

const packetList = v.object({
  packets: v.array(
    v.object({
      stream_index: v.number(),
      pts_time: v.string(),
      flags: v.string(),
      data_hash: v.optional(v.string()),
    }),
  ),
});

export interface ProbedPacket {
  readonly stream: number;
  readonly seconds: number;
  readonly keyframe: boolean;
  /** SHA-256 of its data. */
  readonly sha256: string;
}

/** Every packet of a file, in file order, as ffprobe reads it: a reader that shares nothing with ours. */
export function probePackets(path: string): ProbedPacket[] {
  const args = ["-v", "error", "-show_packets", "-show_data_hash", "sha256", "-of", "json", path];
  const json = execFileSync("ffprobe", args, { maxBuffer: 512 * 1024 * 1024, encoding: "utf8" });
  return v.parse(packetList, JSON.parse(json)).packets.map((packet) => ({
    stream: packet.stream_index,
    seconds: Number(packet.pts_time),
    keyframe: packet.flags.startsWith("K"),
    sha256: (packet.data_hash ?? "").replace(/^SHA256:/i, "").toLowerCase(),
  }));
}

const formatInfo = v.object({
  streams: v.array(
    v.object({
      codec_name: v.string(),
      codec_type: v.string(),
      width: v.optional(v.number()),
      height: v.optional(v.number()),
      channels: v.optional(v.number()),
      sample_rate: v.optional(v.string()),
      tags: v.optional(v.record(v.string(), v.string()), {}),
    }),
  ),
  format: v.object({
    duration: v.string(),
    format_name: v.string(),
    tags: v.optional(v.record(v.string(), v.string()), {}),
  }),
});
export type Probed = v.InferOutput<typeof formatInfo>;

export function probe(path: string): Probed {
  const args = ["-v", "error", "-show_streams", "-show_format", "-of", "json", path];
  return v.parse(formatInfo, JSON.parse(execFileSync("ffprobe", args, { encoding: "utf8" })));
}

/** What ffmpeg says while it decodes everything: empty when nothing is wrong. */
export function decodeErrors(path: string): string {
  const run = spawnSync("ffmpeg", ["-v", "error", "-i", path, "-f", "null", "-"], { encoding: "utf8" });
  return `${run.stderr}${run.status === 0 ? "" : `exit ${run.status}`}`;
}

export const sha256Hex = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const DTD = resolve(import.meta.dirname, "../../../../shared/reference/FCPXMLv1_10.dtd");

/** Where the reference DTD is; `null` where it is not shipped. */
export const dtdPath = (): string | null => (existsSync(DTD) ? DTD : null);

/** What xmllint says of a file against the DTD: empty when it is valid. */
export function dtdErrors(folder: string, file: string, dtd: string): string {
  const run = spawnSync("xmllint", ["--noout", "--nonet", "--dtdvalid", dtd, join(folder, file)], { encoding: "utf8" });
  if (run.error) throw run.error;
  return run.stderr;
}
