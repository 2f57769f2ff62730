import { createFile, MP4BoxBuffer } from "mp4box";
import { EPOCH_TIMESCALE } from "#protocol/epoch-format.ts";
import { type BoxRange, boxAt, listBoxes, onlyBox, timescaleAt, u32, u64 } from "./boxes.ts";
import { EpochError } from "./epoch-error.ts";

/** One sample as the index says. */
export interface SampleEntry {
  /** From the start of the file. */
  readonly offset: number;
  readonly size: number;
  /** µs since the track's zero. */
  readonly timeUs: number;
  readonly durationUs: number;
  readonly keyframe: boolean;
}

/** 2 s at 1,000 frames a second, twice over: an index that names more is a mistake or an attack. */
const MAX_SAMPLES = 4_000;

/**
 * Samples of the one fragment, read twice: by this file, strictly, and by mp4box. Strictness comes first, so that
 * a hostile index cannot make the other reader allocate without end.
 * @throws EpochError `bad-structure` when either reader finds fault or the two disagree
 */
export function sampleTable(bytes: Uint8Array, moov: BoxRange, moof: BoxRange, mdat: BoxRange): SampleEntry[] {
  checkHeader(bytes, moov);
  const own = readFragment(bytes, moof);
  const other = withMp4box(bytes.subarray(0, mdat.body));
  if (own.length !== other.length) throw disagree(`${own.length} and ${other.length} samples`);
  for (const [index, sample] of own.entries()) {
    const twin = other[index];
    if (
      !twin ||
      twin.offset !== sample.offset ||
      twin.size !== sample.size ||
      twin.timeUs !== sample.timeUs ||
      twin.durationUs !== sample.durationUs ||
      twin.keyframe !== sample.keyframe
    )
      throw disagree(`sample ${index}`);
  }
  return own;
}

const disagree = (what: string) => EpochError.of("bad-structure", `two readers disagree: ${what}`);

/** The boxes that a header may have; a `stsd` is looked at by `readConfig`. */
const HEADER_BOXES: ReadonlyMap<string, readonly string[]> = new Map([
  ["moov", ["mvhd", "trak", "mvex"]],
  ["trak", ["tkhd", "mdia"]],
  ["mdia", ["mdhd", "hdlr", "minf"]],
  ["minf", ["vmhd", "smhd", "dinf", "stbl"]],
  ["stbl", ["stsd", "stts", "stsc", "stsz", "stco"]],
  ["mvex", ["trex"]],
]);

function checkKnown(bytes: Uint8Array, parent: BoxRange): void {
  const known = HEADER_BOXES.get(parent.type);
  if (!known) return;
  const boxes = listBoxes(bytes, parent.body, parent.end);
  for (const box of boxes) {
    if (!known.includes(box.type)) throw EpochError.of("bad-structure", `'${box.type}' in '${parent.type}'`);
    onlyBox(boxes, box.type);
    checkKnown(bytes, box);
  }
}

/** One track, exact µs, and no samples outside the fragment. */
function checkHeader(bytes: Uint8Array, moov: BoxRange): void {
  checkKnown(bytes, moov);
  const mdia = boxAt(bytes, moov, ["trak", "mdia"]);
  const mdhd = boxAt(bytes, mdia, ["mdhd"]);
  const at = timescaleAt(bytes, mdhd);
  if (at + 4 > mdhd.end || u32(bytes, at) !== EPOCH_TIMESCALE)
    throw EpochError.of("bad-structure", "the timescale is not µs");
  const stbl = boxAt(bytes, mdia, ["minf", "stbl"]);
  for (const box of listBoxes(bytes, stbl.body, stbl.end)) {
    if (box.type === "stsd") continue;
    const countAt = box.body + (box.type === "stsz" ? 8 : 4);
    if (countAt + 4 !== box.end) throw EpochError.of("bad-structure", `'${box.type}' with entries in the header`);
    if (u32(bytes, countAt) !== 0) throw EpochError.of("bad-structure", "samples outside the fragment");
  }
  boxAt(bytes, moov, ["mvex", "trex"]);
}

const TFHD_FLAGS = 0x20038;
const TRUN = { dataOffset: 0x1, firstFlags: 0x4, duration: 0x100, size: 0x200, flags: 0x400 } as const;
const TRUN_KNOWN = 0x705;

/** Bit of a sample's flags that says: not a sync sample. */
const NON_SYNC = 0x10000;

function readFragment(bytes: Uint8Array, moof: BoxRange): SampleEntry[] {
  const inMoof = listBoxes(bytes, moof.body, moof.end);
  onlyBox(inMoof, "mfhd");
  const traf = onlyBox(inMoof, "traf");
  const inTraf = listBoxes(bytes, traf.body, traf.end);
  if (inMoof.length !== 2 || inTraf.length !== 3) throw EpochError.of("bad-structure", "unknown boxes in the fragment");
  const tfhd = onlyBox(inTraf, "tfhd");
  const tfdt = onlyBox(inTraf, "tfdt");
  const trun = onlyBox(inTraf, "trun");
  if (u32(bytes, tfhd.body) !== TFHD_FLAGS || tfhd.end - tfhd.body !== 20)
    throw EpochError.of("bad-structure", "unknown defaults in the fragment");
  if (bytes[tfdt.body] !== 1 || tfdt.end - tfdt.body !== 12)
    throw EpochError.of("bad-structure", "no 64-bit decode time");
  const defaults = {
    duration: u32(bytes, tfhd.body + 8),
    size: u32(bytes, tfhd.body + 12),
    flags: u32(bytes, tfhd.body + 16),
  };
  return readRun(bytes, moof, trun, u64(bytes, tfdt.body + 4), defaults);
}

interface SampleDefaults {
  readonly duration: number;
  readonly size: number;
  readonly flags: number;
}

function readRun(
  bytes: Uint8Array,
  moof: BoxRange,
  trun: BoxRange,
  startUs: number,
  defaults: SampleDefaults,
): SampleEntry[] {
  if (trun.end - trun.body < 12) throw EpochError.of("bad-structure", "'trun' is too short");
  const flags = u32(bytes, trun.body) & 0xffffff;
  const count = u32(bytes, trun.body + 4);
  const has = (flag: number) => (flags & flag) !== 0;
  const perSample = 4 * [TRUN.duration, TRUN.size, TRUN.flags].filter(has).length;
  const fixed = 12 + (has(TRUN.firstFlags) ? 4 : 0);
  // Presentation order differs from decode order in no epoch: composition offsets are unknown here.
  if ((flags & ~TRUN_KNOWN) !== 0 || !has(TRUN.dataOffset) || count > MAX_SAMPLES)
    throw EpochError.of("bad-structure", `'trun' with flags ${flags.toString(16)} and ${count} samples`);
  if (trun.body + fixed + count * perSample !== trun.end)
    throw EpochError.of("bad-structure", `'trun' is too short or too long for ${count} samples`);
  const samples: SampleEntry[] = [];
  let offset = moof.start + u32(bytes, trun.body + 8);
  let timeUs = startUs;
  let at = trun.body + fixed;
  const next = () => {
    at += 4;
    return u32(bytes, at - 4);
  };
  for (let index = 0; index < count; index++) {
    const durationUs = has(TRUN.duration) ? next() : defaults.duration;
    const size = has(TRUN.size) ? next() : defaults.size;
    const own = index === 0 && has(TRUN.firstFlags) ? u32(bytes, trun.body + 12) : defaults.flags;
    const sampleFlags = has(TRUN.flags) ? next() : own;
    samples.push({ offset, size, timeUs, durationUs, keyframe: (sampleFlags & NON_SYNC) === 0 });
    offset += size;
    timeUs += durationUs;
  }
  return samples;
}

/** What mp4box makes of the bytes before the media data. Anything that it throws means that the file is damaged. */
function withMp4box(head: Uint8Array): SampleEntry[] {
  // A copy: `slice` of a Node Buffer would be a view of the whole file.
  const buffer = MP4BoxBuffer.fromArrayBuffer(new Uint8Array(head).buffer, 0);
  const file = createFile();
  file.onError = (_module, message) => {
    throw EpochError.of("bad-structure", `mp4box: ${message}`);
  };
  try {
    file.appendBuffer(buffer);
    file.flush();
    const trak = file.moov?.traks[0];
    if (!trak || file.moov.traks.length !== 1 || file.moofs.length !== 1)
      throw EpochError.of("bad-structure", "mp4box finds no track and fragment");
    return file.getTrackSamplesInfo(trak.tkhd.track_id).map((sample) => ({
      offset: sample.offset,
      size: sample.size,
      timeUs: sample.cts,
      durationUs: sample.duration,
      keyframe: sample.is_sync,
    }));
  } catch (error) {
    if (error instanceof EpochError) throw error;
    throw EpochError.of("bad-structure", "mp4box cannot read it", error);
  }
}
