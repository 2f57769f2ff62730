import type { AudioFormat, MediaFormat, VideoFormat } from "#protocol/epoch-format.ts";
import { type BoxRange, boxAt, fourCc, listBoxes, onlyBox, u32 } from "./boxes.ts";
import {
  type AudioConfig,
  type Colour,
  type EpochConfig,
  opusHead,
  type VideoConfig,
  videoCodecName,
} from "./epoch-config.ts";
import { EpochError } from "./epoch-error.ts";

/** Fixed fields of a sample entry before its child boxes (ISO/IEC 14496-12). */
const VISUAL_ENTRY_BYTES = 78;
const AUDIO_ENTRY_BYTES = 28;

/**
 * The decoder's config from the sample entry. The codec string itself stands in the metadata only.
 * @throws EpochError `bad-structure`, `bad-config`
 */
export function readConfig(bytes: Uint8Array, moov: BoxRange, media: MediaFormat): EpochConfig {
  const stsd = boxAt(bytes, moov, ["trak", "mdia", "minf", "stbl", "stsd"]);
  // Version, flags, count.
  const entries = listBoxes(bytes, Math.min(stsd.body + 8, stsd.end), stsd.end);
  const entry = entries[0];
  if (!entry || entries.length > 1) throw EpochError.of("bad-structure", `${entries.length} sample entries`);
  return media.kind === "video" ? readVideo(bytes, entry, media) : readAudio(bytes, entry, media);
}

const VIDEO_ENTRY = { avc: "avc1", vp9: "vp09", av1: "av01" } as const;

function readVideo(bytes: Uint8Array, entry: BoxRange, media: VideoFormat): VideoConfig {
  const name = videoCodecName(media.codec);
  if (entry.type !== VIDEO_ENTRY[name])
    throw EpochError.of("bad-config", `sample entry '${entry.type}' does not fit codec ${media.codec}`);
  const children = childrenOf(bytes, entry, VISUAL_ENTRY_BYTES);
  const size = u32(bytes, entry.body + 24);
  const colour = readColour(bytes, children);
  const config = {
    kind: "video" as const,
    codec: media.codec,
    width: size >>> 16,
    height: size & 0xffff,
    ...(colour ? { colour } : {}),
  };
  if (config.width === 0 || config.height === 0) throw EpochError.of("bad-config", "a picture without size");
  if (name !== "avc") return config;
  const avcC = onlyBox(children, "avcC");
  const description = new Uint8Array(bytes.subarray(avcC.body, avcC.end));
  if (description.byteLength < 7 || description[0] !== 1) throw EpochError.of("bad-config", "no H.264 configuration");
  return { ...config, description };
}

function readAudio(bytes: Uint8Array, entry: BoxRange, media: AudioFormat): AudioConfig {
  if (entry.type !== "Opus") throw EpochError.of("bad-config", `sample entry '${entry.type}' is not Opus`);
  const dOps = onlyBox(childrenOf(bytes, entry, AUDIO_ENTRY_BYTES), "dOps");
  if (dOps.end - dOps.body < 11) throw EpochError.of("bad-config", "dOps is too short");
  const view = new DataView(bytes.buffer, bytes.byteOffset + dOps.body, 11);
  const channels = view.getUint8(1);
  if (channels !== media.channels || view.getUint8(10) !== 0)
    throw EpochError.of("bad-config", `Opus of ${channels} channels, the metadata says ${media.channels}`);
  const description = opusHead(media.channels, view.getUint16(2), view.getInt16(8));
  return { kind: "audio", codec: "opus", sampleRate: 48_000, channels: media.channels, description };
}

function childrenOf(bytes: Uint8Array, entry: BoxRange, fixed: number): BoxRange[] {
  if (entry.body + fixed > entry.end) throw EpochError.of("bad-structure", `'${entry.type}' is too short`);
  return listBoxes(bytes, entry.body + fixed, entry.end);
}

/** Code points of ISO/IEC 23091-2 that WebCodecs has names for. */
const PRIMARIES = new Map([
  [1, "bt709"],
  [5, "bt470bg"],
  [6, "smpte170m"],
  [9, "bt2020"],
  [12, "smpte432"],
]);
const TRANSFER = new Map([
  [1, "bt709"],
  [6, "smpte170m"],
  [8, "linear"],
  [13, "iec61966-2-1"],
  [16, "pq"],
  [18, "hlg"],
]);
const MATRIX = new Map([
  [0, "rgb"],
  [1, "bt709"],
  [5, "bt470bg"],
  [6, "smpte170m"],
  [9, "bt2020-ncl"],
]);

function readColour(bytes: Uint8Array, children: readonly BoxRange[]): Colour | undefined {
  const colr = children.find((box) => box.type === "colr");
  if (!colr || colr.end - colr.body < 11 || fourCc(bytes, colr.body) !== "nclx") return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + colr.body, 11);
  return {
    primaries: PRIMARIES.get(view.getUint16(4)) ?? null,
    transfer: TRANSFER.get(view.getUint16(6)) ?? null,
    matrix: MATRIX.get(view.getUint16(8)) ?? null,
    fullRange: view.getUint8(10) >= 0x80,
  };
}

/** The code points for a container; 2 is "unspecified". */
export function colourCodes(colour: Colour): { primaries: number; transfer: number; matrix: number; range: number } {
  const code = (map: ReadonlyMap<number, string>, name: string | null | undefined) =>
    [...map].find(([, value]) => value === name)?.[0] ?? 2;
  return {
    primaries: code(PRIMARIES, colour.primaries),
    transfer: code(TRANSFER, colour.transfer),
    matrix: code(MATRIX, colour.matrix),
    range: colour.fullRange == null ? 0 : colour.fullRange ? 2 : 1,
  };
}
