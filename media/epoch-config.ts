import type { MediaFormat } from "#protocol/epoch-format.ts";
import { EpochError } from "./epoch-error.ts";

/** Colour of a picture as WebCodecs names it; absent parts are unspecified. */
export interface Colour {
  readonly primaries?: string | null;
  readonly transfer?: string | null;
  readonly matrix?: string | null;
  readonly fullRange?: boolean | null;
}

/** What a decoder needs for one run: the parts of WebCodecs' `decoderConfig` that files keep. */
export interface VideoConfig {
  readonly kind: "video";
  /** WebCodecs codec string, e.g. `avc1.640028`, `vp09.00.31.08`, `av01.0.05M.08`. */
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  /** `AVCDecoderConfigurationRecord` for H.264; none for VP9 and AV1. */
  readonly description?: Uint8Array;
  readonly colour?: Colour;
}

export interface AudioConfig {
  readonly kind: "audio";
  readonly codec: "opus";
  readonly sampleRate: 48_000;
  readonly channels: 1 | 2;
  /** OpusHead (RFC 7845), always of `OPUS_HEAD_BYTES` with an input rate of 48 kHz. */
  readonly description: Uint8Array;
}

export type EpochConfig = VideoConfig | AudioConfig;

export type VideoCodecName = "avc" | "vp9" | "av1";

/** @throws EpochError `bad-config` for a codec that epochs cannot hold. */
export function videoCodecName(codec: string): VideoCodecName {
  if (codec.startsWith("avc1.") || codec.startsWith("avc3.")) return "avc";
  if (codec.startsWith("vp09.")) return "vp9";
  if (codec.startsWith("av01.")) return "av1";
  throw EpochError.of("bad-config", `codec ${codec} is not one of H.264, VP9, AV1`);
}

export const OPUS_HEAD_BYTES = 19;

/** Samples at 48 kHz that an Opus decoder makes before the first captured one; what Chrome's encoder says. */
export const OPUS_PRE_SKIP = 312;

const OPUS_HEAD = new TextEncoder().encode("OpusHead");

/**
 * An OpusHead of mapping family 0. The input rate is information only, but some players refuse a file where it
 * differs from the track's, so it always says 48 kHz, the rate that was encoded (rule EF9).
 */
export function opusHead(channels: 1 | 2, preSkip: number = OPUS_PRE_SKIP, gain = 0): Uint8Array {
  const head = new Uint8Array(OPUS_HEAD_BYTES);
  const view = new DataView(head.buffer);
  head.set(OPUS_HEAD);
  head[8] = 1;
  head[9] = channels;
  view.setUint16(10, preSkip, true);
  view.setUint32(12, 48_000, true);
  view.setInt16(16, gain, true);
  return head;
}

/** Pre-skip in samples at 48 kHz, from an OpusHead. @throws EpochError `bad-config` */
export function opusPreSkip(head: Uint8Array): number {
  if (head.byteLength < OPUS_HEAD_BYTES || OPUS_HEAD.some((byte, index) => head[index] !== byte))
    throw EpochError.of("bad-config", "not an OpusHead");
  return (head[10] ?? 0) | ((head[11] ?? 0) << 8);
}

/** The parts of WebCodecs' decoder config that are looked at; `description` as the encoder gave it. */
export interface EncoderDescription {
  readonly codec?: string;
  readonly codedWidth?: number;
  readonly codedHeight?: number;
  readonly description?: ArrayBuffer | ArrayBufferView | SharedArrayBuffer;
  readonly colorSpace?: Colour | null;
}

function toBytes(source: ArrayBuffer | ArrayBufferView | SharedArrayBuffer): Uint8Array {
  // A copy: the encoder may reuse its buffer.
  if (ArrayBuffer.isView(source)) {
    return new Uint8Array(new Uint8Array(source.buffer, source.byteOffset, source.byteLength));
  }
  return new Uint8Array(new Uint8Array(source));
}

/**
 * The config of a run, from the media format and the `decoderConfig` in the metadata of the encoder's first chunk.
 * @throws EpochError `bad-config` when something is missing that a file needs
 */
export function makeConfig(media: MediaFormat, from: EncoderDescription = {}): EpochConfig {
  const description = from.description ? toBytes(from.description) : undefined;
  if (media.kind === "audio") {
    if (media.codec !== "opus") throw EpochError.of("bad-config", `codec ${media.codec} is not Opus`);
    const preSkip = description ? opusPreSkip(description) : OPUS_PRE_SKIP;
    const gain = description ? new DataView(description.buffer, description.byteOffset).getInt16(16, true) : 0;
    const head = opusHead(media.channels, preSkip, gain);
    return { kind: "audio", codec: "opus", sampleRate: 48_000, channels: media.channels, description: head };
  }
  const codec = from.codec ?? media.codec;
  const name = videoCodecName(codec);
  if (name === "avc" && (!description || description.byteLength < 7))
    throw EpochError.of("bad-config", "H.264 needs the decoder's description");
  return {
    kind: "video",
    codec,
    width: from.codedWidth ?? media.width,
    height: from.codedHeight ?? media.height,
    ...(name === "avc" && description ? { description } : {}),
    ...(from.colorSpace ? { colour: plainColour(from.colorSpace) } : {}),
  };
}

/** `VideoColorSpace` has getters only; a plain object can be stored and compared. */
function plainColour(colour: Colour): Colour {
  return {
    primaries: colour.primaries ?? null,
    transfer: colour.transfer ?? null,
    matrix: colour.matrix ?? null,
    fullRange: colour.fullRange ?? null,
  };
}

/** What `configHash` is the SHA-256 of: codec string, a zero byte, the decoder's description (rule EF8). */
export function configBytes(config: EpochConfig): Uint8Array<ArrayBuffer> {
  const codec = new TextEncoder().encode(config.codec);
  const description = config.description ?? new Uint8Array(0);
  const bytes = new Uint8Array(codec.byteLength + 1 + description.byteLength);
  bytes.set(codec, 0);
  bytes.set(description, codec.byteLength + 1);
  return bytes;
}
