import { colourCodes } from "../epoch-boxes.ts";
import { type EpochConfig, opusPreSkip, type VideoConfig, videoCodecName } from "../epoch-config.ts";
import { bigEndian, type EbmlElement, element, uint, utf8 } from "./ebml.ts";

/** One track of a master. */
export interface MasterTrack {
  /** From 1; also its UID within the file. */
  readonly number: number;
  readonly name: string;
  readonly config: EpochConfig;
}

const ID = {
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackUid: 0x73c5,
  trackType: 0x83,
  flagLacing: 0x9c,
  language: 0x22b59c,
  codecId: 0x86,
  codecPrivate: 0x63a2,
  codecDelay: 0x56aa,
  seekPreRoll: 0x56bb,
  name: 0x536e,
  video: 0xe0,
  pixelWidth: 0xb0,
  pixelHeight: 0xba,
  colour: 0x55b0,
  matrix: 0x55b1,
  range: 0x55b9,
  transfer: 0x55ba,
  primaries: 0x55bb,
  audio: 0xe1,
  samplingFrequency: 0xb5,
  channels: 0x9f,
} as const;

/** ns; what RFC 7845 asks a player to decode before a seek point. */
const OPUS_SEEK_PRE_ROLL_NS = 80_000_000;

const CODEC_ID = { avc: "V_MPEG4/ISO/AVC", vp9: "V_VP9", av1: "V_AV1" } as const;

/** The `TrackEntry`: language undetermined, decoder's description, and for Opus its delay (rule DM6). */
export function trackEntry(track: MasterTrack): EbmlElement {
  const { config } = track;
  const common = [
    uint(ID.trackNumber, track.number),
    uint(ID.trackUid, track.number),
    uint(ID.trackType, config.kind === "video" ? 1 : 2),
    uint(ID.flagLacing, 0),
    utf8(ID.language, "und"),
    utf8(ID.name, track.name),
  ];
  if (config.kind === "video") return element(ID.trackEntry, [...common, ...videoEntry(config)]);
  const delayNs = Math.round((opusPreSkip(config.description) * 1e9) / 48_000);
  return element(ID.trackEntry, [
    ...common,
    utf8(ID.codecId, "A_OPUS"),
    element(ID.codecPrivate, config.description),
    uint(ID.codecDelay, delayNs),
    uint(ID.seekPreRoll, OPUS_SEEK_PRE_ROLL_NS),
    element(ID.audio, [element(ID.samplingFrequency, float32(48_000)), uint(ID.channels, config.channels)]),
  ]);
}

function float32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value);
  return bytes;
}

function videoEntry(config: VideoConfig): EbmlElement[] {
  const name = videoCodecName(config.codec);
  const extra = codecPrivate(config);
  const picture = [uint(ID.pixelWidth, config.width), uint(ID.pixelHeight, config.height)];
  if (config.colour) {
    const codes = colourCodes(config.colour);
    picture.push(
      element(ID.colour, [
        uint(ID.matrix, codes.matrix),
        uint(ID.range, codes.range),
        uint(ID.transfer, codes.transfer),
        uint(ID.primaries, codes.primaries),
      ]),
    );
  }
  return [
    utf8(ID.codecId, CODEC_ID[name]),
    ...(extra ? [element(ID.codecPrivate, extra)] : []),
    element(ID.video, picture),
  ];
}

function codecPrivate(config: VideoConfig): Uint8Array | undefined {
  const name = videoCodecName(config.codec);
  if (name === "avc") return config.description;
  return name === "vp9" ? vp9Private(config.codec) : av1Private(config.codec);
}

/** Features 1–4 of the WebM VP9 codec private: profile, level, bit depth, chroma subsampling. */
function vp9Private(codec: string): Uint8Array | undefined {
  const [, profile, level, depth, chroma] = codec.split(".").map(Number);
  if (profile === undefined || level === undefined || depth === undefined) return undefined;
  return Uint8Array.from([1, 1, profile, 2, 1, level, 3, 1, depth, 4, 1, chroma ?? 1]);
}

/** `av1C` from the codec string `av01.P.LLT.DD[.M.CCC…]`; 4:2:0 unless it says otherwise. */
function av1Private(codec: string): Uint8Array | undefined {
  const parts = codec.split(".");
  const profile = Number(parts[1]);
  const level = Number.parseInt(parts[2] ?? "", 10);
  const depth = Number(parts[3]);
  if (!Number.isInteger(profile) || !Number.isInteger(level) || !Number.isInteger(depth)) return undefined;
  const tier = parts[2]?.endsWith("H") ? 1 : 0;
  const mono = parts[4] === "1" ? 1 : 0;
  const chroma = parts[5] ?? "110";
  const third =
    (tier << 7) |
    ((depth > 8 ? 1 : 0) << 6) |
    ((depth === 12 ? 1 : 0) << 5) |
    (mono << 4) |
    ((chroma[0] === "1" ? 1 : 0) << 3) |
    ((chroma[1] === "1" ? 1 : 0) << 2) |
    (Number(chroma[2] ?? 0) & 3);
  return Uint8Array.from([0x81, ((profile & 7) << 5) | (level & 31), third, ...bigEndian(0, 1)]);
}
