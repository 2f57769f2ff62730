import * as v from "valibot";
import {
  EPOCH_FORMAT,
  EPOCH_MAX_BYTES,
  EPOCH_UUID,
  type EpochMetadata,
  epochMetadata,
} from "#protocol/epoch-format.ts";
import { type BoxRange, fourCc, listBoxes, onlyBox, u32 } from "./boxes.ts";
import { readConfig } from "./epoch-boxes.ts";
import { type SampleEntry, sampleTable } from "./epoch-check.ts";
import type { EpochConfig } from "./epoch-config.ts";
import { EpochError } from "./epoch-error.ts";
import type { EpochPacket } from "./epoch-writer.ts";

export interface ReadEpoch {
  readonly metadata: EpochMetadata;
  readonly config: EpochConfig;
  /** `data` are views of the bytes that were given. */
  readonly packets: readonly EpochPacket[];
}

/** The metadata box lies within this many bytes from the start: 1,000 gaps at 80 bytes and the rest of the fields. */
export const EPOCH_HEAD_BYTES = 128 * 1024;

const BOX_HEADER = 8;
const UUID_BYTES = 16;

/**
 * What an epoch says of itself, from its first `EPOCH_HEAD_BYTES` or all of its bytes. Nothing else is checked.
 * @throws EpochError `not-an-epoch`, `unknown-format`, `bad-metadata`
 */
export function readEpochMetadata(head: Uint8Array): EpochMetadata {
  const box = metadataBox(head);
  const json = parseJson(head.subarray(box.body + UUID_BYTES, box.end));
  const version = v.safeParse(v.object({ format: v.number() }), json);
  if (version.success && version.output.format !== EPOCH_FORMAT)
    throw EpochError.of("unknown-format", `epoch format ${version.output.format}`);
  const parsed = v.safeParse(epochMetadata, json);
  if (!parsed.success) {
    const issue = parsed.issues[0];
    throw EpochError.of("bad-metadata", `${v.getDotPath(issue) ?? "metadata"}: ${issue.message}`);
  }
  return parsed.output;
}

function metadataBox(head: Uint8Array): BoxRange {
  if (head.byteLength < BOX_HEADER || fourCc(head, 4) !== "ftyp") throw notAnEpoch();
  const start = u32(head, 0);
  const body = start + BOX_HEADER;
  if (start < BOX_HEADER || body + UUID_BYTES > head.byteLength || fourCc(head, start + 4) !== "uuid")
    throw notAnEpoch();
  const end = start + u32(head, start);
  if (hex(head.subarray(body, body + UUID_BYTES)) !== EPOCH_UUID) throw notAnEpoch();
  if (end < body + UUID_BYTES || end > head.byteLength)
    throw EpochError.of("bad-metadata", "the metadata box runs past the bytes that are there");
  return { type: "uuid", start, body, end };
}

const notAnEpoch = () => EpochError.of("not-an-epoch", "no ftyp and metadata box at the beginning of the file");

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    // TextDecoder throws TypeError, JSON.parse SyntaxError; both mean that the bytes are not what was written.
    throw EpochError.of("bad-metadata", "the metadata is not JSON in UTF-8", error);
  }
}

/**
 * A whole epoch: metadata, decoder config and packets, each checked against the others (rules EF10–EF16). The boxes
 * are walked here and by mp4box, which must agree. The SHA-256 is not looked at:
 * whoever reads the bytes compares it.
 * @throws EpochError whatever is wrong; nothing else, whatever the bytes
 */
export function readEpoch(bytes: Uint8Array): ReadEpoch {
  if (bytes.byteLength > EPOCH_MAX_BYTES)
    throw EpochError.of("bad-structure", `${bytes.byteLength} bytes are too many`);
  const metadata = readEpochMetadata(bytes);
  const boxes = listBoxes(bytes, 0, bytes.byteLength);
  const layout = boxes.map((box) => box.type).join(" ");
  if (layout !== "ftyp uuid moov moof mdat") throw EpochError.of("bad-structure", `boxes are: ${layout.slice(0, 200)}`);
  const moov = onlyBox(boxes, "moov");
  const moof = onlyBox(boxes, "moof");
  const mdat = onlyBox(boxes, "mdat");
  const config = readConfig(bytes, moov, metadata.media);
  const samples = sampleTable(bytes, moov, moof, mdat);
  checkSamples(samples, metadata, mdat);
  return { metadata, config, packets: samples.map((sample) => toPacket(bytes, sample)) };
}

function toPacket(bytes: Uint8Array, sample: SampleEntry): EpochPacket {
  return {
    data: bytes.subarray(sample.offset, sample.offset + sample.size),
    timestampUs: sample.timeUs,
    durationUs: sample.durationUs,
    keyframe: sample.keyframe,
  };
}

/** How far the times in the metadata may be from those of the samples, µs: `trackZeroUs` need not be whole. */
const TIME_TOLERANCE_US = 1;

function checkSamples(samples: readonly SampleEntry[], metadata: EpochMetadata, mdat: BoxRange): void {
  if (samples.length !== metadata.samples)
    throw EpochError.of("bad-samples", `${samples.length} samples, the metadata says ${metadata.samples}`);
  const first = samples[0];
  const last = samples.at(-1);
  if (!first || !last) throw EpochError.of("bad-samples", "no samples");
  if (!first.keyframe) throw EpochError.of("no-keyframe", "the first sample is no key frame");
  let offset = mdat.body;
  for (const sample of samples) {
    if (sample.offset !== offset || sample.size <= 0)
      throw EpochError.of("bad-samples", `a sample of ${sample.size} bytes at ${sample.offset}, expected at ${offset}`);
    offset += sample.size;
  }
  if (offset !== mdat.end) throw EpochError.of("bad-samples", `samples end at ${offset}, their box at ${mdat.end}`);
  checkTimes(samples, metadata);
}

function checkTimes(samples: readonly SampleEntry[], metadata: EpochMetadata): void {
  let lastUs = -1;
  for (const sample of samples) {
    if (sample.timeUs <= lastUs) throw EpochError.of("bad-times", `sample at ${sample.timeUs} µs after ${lastUs} µs`);
    lastUs = sample.timeUs;
  }
  const zero = metadata.trackZeroUs;
  const firstUs = zero + (samples[0]?.timeUs ?? 0);
  const last = samples.at(-1);
  const endUs = zero + (last ? last.timeUs + last.durationUs : 0);
  if (Math.abs(firstUs - metadata.firstUs) > TIME_TOLERANCE_US || Math.abs(endUs - metadata.endUs) > TIME_TOLERANCE_US)
    throw EpochError.of(
      "bad-times",
      `samples lie at ${firstUs}…${endUs} µs, metadata: ${metadata.firstUs}…${metadata.endUs}`,
    );
}

/** SHA-256 of bytes as 64 lower-case hexadecimal digits; made by the host: WebCrypto, `node:crypto`. */
export type HashBytes = (bytes: Uint8Array<ArrayBuffer>) => Promise<string>;
