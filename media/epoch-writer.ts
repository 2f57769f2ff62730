import {
  EncodedAudioPacketSource,
  EncodedPacket,
  EncodedVideoPacketSource,
  Mp4OutputFormat,
  NullTarget,
  Output,
} from "mediabunny";
import { EPOCH_FORMAT, EPOCH_TIMESCALE, EPOCH_UUID, type EpochMetadata } from "#protocol/epoch-format.ts";
import { asLocal } from "#protocol/units.ts";
import { boxAt, listBoxes, onlyBox, putU32, timescaleAt } from "./boxes.ts";
import { type AudioConfig, type EpochConfig, type VideoConfig, videoCodecName } from "./epoch-config.ts";
import { EpochError } from "./epoch-error.ts";

/** One encoded frame or Opus packet. */
export interface EpochPacket {
  readonly data: Uint8Array;
  /** Whole µs since the track's zero, ≥ 0. */
  readonly timestampUs: number;
  /** Whole µs. */
  readonly durationUs: number;
  readonly keyframe: boolean;
}

/** What the writer cannot know from the packets. */
export type EpochMetadataInput = Omit<EpochMetadata, "format" | "firstUs" | "endUs" | "samples">;

export interface EpochInput {
  readonly metadata: EpochMetadataInput;
  readonly config: EpochConfig;
  /** Ascending; the first is a key frame. Not kept, not changed. */
  readonly packets: readonly EpochPacket[];
}

export interface WrittenEpoch {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** As it stands in the file, with the derived fields. */
  readonly metadata: EpochMetadata;
}

interface Heads {
  ftyp: Uint8Array;
  moov: Uint8Array;
  moof: Uint8Array;
}

/** The library counts audio in samples; times are scaled so that these samples are µs, see `exactTimescale`. */
const AUDIO_RATE = 48_000;

/**
 * One epoch as a file: `ftyp`, metadata box, `moov`, one `moof`, `mdat`; rules EF1–EF9 of docs/spec/epoch-format.md.
 * Packet data is copied once. Mediabunny makes the boxes; its own output goes nowhere, so that neither its index at
 * the end (`mfra`, absolute offsets) nor further copies exist.
 * @throws EpochError `no-keyframe`, `bad-times`, `bad-samples`, `bad-config`
 */
export async function writeEpoch(input: EpochInput): Promise<WrittenEpoch> {
  checkPackets(input.packets);
  const metadata = completeMetadata(input);
  const heads = await makeHeads(input);
  return { bytes: assemble(heads, metadataBox(metadata), input.packets), metadata };
}

function checkPackets(packets: readonly EpochPacket[]): void {
  const first = packets[0];
  if (!first) throw EpochError.of("bad-samples", "an epoch without samples");
  if (!first.keyframe) throw EpochError.of("no-keyframe", "the first sample of an epoch must be a key frame");
  let last = -1;
  for (const packet of packets) {
    const { timestampUs, durationUs } = packet;
    if (
      !Number.isSafeInteger(timestampUs) ||
      timestampUs <= last ||
      !Number.isSafeInteger(durationUs) ||
      durationUs < 0
    )
      throw EpochError.of("bad-times", `sample at ${timestampUs} µs (${durationUs} µs) after one at ${last} µs`);
    if (packet.data.byteLength === 0) throw EpochError.of("bad-samples", `empty sample at ${timestampUs} µs`);
    last = timestampUs;
  }
}

function completeMetadata(input: EpochInput): EpochMetadata {
  const first = input.packets[0];
  const last = input.packets.at(-1);
  if (!first || !last) throw EpochError.of("bad-samples", "an epoch without samples");
  const zero = input.metadata.trackZeroUs;
  return {
    ...input.metadata,
    format: EPOCH_FORMAT,
    firstUs: asLocal(zero + first.timestampUs),
    endUs: asLocal(zero + last.timestampUs + last.durationUs),
    samples: input.packets.length,
  };
}

async function makeHeads(input: EpochInput): Promise<Heads> {
  const heads: Partial<Heads> = {};
  const format = new Mp4OutputFormat({
    fastStart: "fragmented",
    minimumFragmentDuration: Number.POSITIVE_INFINITY,
    onFtyp: (data) => {
      heads.ftyp = data;
    },
    onMoov: (data) => {
      heads.moov = data;
    },
    onMoof: (data) => {
      heads.moof = data;
    },
  });
  const output = new Output({ format, target: new NullTarget() });
  const { config } = input;
  if (config.kind === "video") await addVideo(output, config, input.packets);
  else await addAudio(output, config, input.packets);
  await output.finalize();
  const { ftyp, moov, moof } = heads;
  if (!ftyp || !moov || !moof) throw EpochError.of("bad-structure", "the muxer wrote no header");
  exactTimescale(moov);
  return { ftyp, moov, moof };
}

async function addVideo(output: Output, config: VideoConfig, packets: readonly EpochPacket[]): Promise<void> {
  const source = new EncodedVideoPacketSource(videoCodecName(config.codec));
  // With this frame rate the library's timescale is 1,000,000.
  output.addVideoTrack(source, { frameRate: EPOCH_TIMESCALE });
  await output.start();
  const meta = { decoderConfig: webCodecsConfig(config) };
  for (const [index, packet] of packets.entries()) {
    await source.add(toMediabunny(packet, EPOCH_TIMESCALE), index === 0 ? meta : undefined);
  }
}

async function addAudio(output: Output, config: AudioConfig, packets: readonly EpochPacket[]): Promise<void> {
  const source = new EncodedAudioPacketSource("opus");
  output.addAudioTrack(source);
  await output.start();
  const decoderConfig = {
    codec: "opus",
    sampleRate: AUDIO_RATE,
    numberOfChannels: config.channels,
    description: config.description,
  };
  for (const [index, packet] of packets.entries()) {
    await source.add(toMediabunny(packet, AUDIO_RATE), index === 0 ? { decoderConfig } : undefined);
  }
}

function toMediabunny(packet: EpochPacket, timescale: number): EncodedPacket {
  return new EncodedPacket(
    packet.data,
    packet.keyframe ? "key" : "delta",
    packet.timestampUs / timescale,
    packet.durationUs / timescale,
  );
}

function webCodecsConfig(config: VideoConfig): VideoDecoderConfig {
  return {
    codec: config.codec,
    codedWidth: config.width,
    codedHeight: config.height,
    ...(config.description ? { description: config.description } : {}),
    ...(config.colour ? { colorSpace: config.colour as VideoColorSpaceInit } : {}),
  };
}

/** For audio the library's timescale is the sample rate; the times were scaled so that its units are µs already. */
function exactTimescale(moov: Uint8Array): void {
  const box = onlyBox(listBoxes(moov, 0, moov.byteLength), "moov");
  const mdhd = boxAt(moov, box, ["trak", "mdia", "mdhd"]);
  putU32(moov, timescaleAt(moov, mdhd), EPOCH_TIMESCALE);
}

const BOX_HEADER = 8;
const UUID_BYTES = 16;

function metadataBox(metadata: EpochMetadata): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(metadata));
  const box = new Uint8Array(BOX_HEADER + UUID_BYTES + json.byteLength);
  putHeader(box, 0, box.byteLength, "uuid");
  for (let index = 0; index < UUID_BYTES; index++) {
    box[BOX_HEADER + index] = Number.parseInt(EPOCH_UUID.slice(2 * index, 2 * index + 2), 16);
  }
  box.set(json, BOX_HEADER + UUID_BYTES);
  return box;
}

function putHeader(bytes: Uint8Array, at: number, size: number, type: string): void {
  putU32(bytes, at, size);
  for (let index = 0; index < 4; index++) bytes[at + 4 + index] = type.charCodeAt(index);
}

function assemble(heads: Heads, metadata: Uint8Array, packets: readonly EpochPacket[]): Uint8Array<ArrayBuffer> {
  const parts = [heads.ftyp, metadata, heads.moov, heads.moof];
  const headBytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const mdatBytes = packets.reduce((sum, packet) => sum + packet.data.byteLength, BOX_HEADER);
  const bytes = new Uint8Array(headBytes + mdatBytes);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  putHeader(bytes, at, mdatBytes, "mdat");
  at += BOX_HEADER;
  for (const packet of packets) {
    bytes.set(packet.data, at);
    at += packet.data.byteLength;
  }
  return bytes;
}
