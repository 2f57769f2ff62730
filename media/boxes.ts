import { EpochError } from "./epoch-error.ts";

/** One box of an ISO base media file: where it lies in the bytes, header included. */
export interface BoxRange {
  readonly type: string;
  readonly start: number;
  /** First byte after the header. */
  readonly body: number;
  readonly end: number;
}

const HEADER = 8;

/** 32-bit big endian, unsigned. */
export function u32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0);
}

export function putU32(bytes: Uint8Array, at: number, value: number): void {
  new DataView(bytes.buffer, bytes.byteOffset + at, 4).setUint32(0, value);
}

/** 64-bit big endian; exact up to 2^53. */
export function u64(bytes: Uint8Array, at: number): number {
  return u32(bytes, at) * 2 ** 32 + u32(bytes, at + 4);
}

export function fourCc(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(bytes[at] ?? 0, bytes[at + 1] ?? 0, bytes[at + 2] ?? 0, bytes[at + 3] ?? 0);
}

/**
 * The boxes between `from` and `to`, which they must fill exactly. Only 32-bit sizes: an epoch is far below 4 GiB.
 * @throws EpochError `bad-structure`
 */
export function listBoxes(bytes: Uint8Array, from: number, to: number): BoxRange[] {
  const boxes: BoxRange[] = [];
  let at = from;
  while (at < to) {
    if (to - at < HEADER) throw EpochError.of("bad-structure", `${to - at} stray bytes at ${at}`);
    const size = u32(bytes, at);
    const type = fourCc(bytes, at + 4);
    if (size < HEADER || size > to - at)
      throw EpochError.of("bad-structure", `box '${type}' at ${at} says ${size} bytes of ${to - at}`);
    boxes.push({ type, start: at, body: at + HEADER, end: at + size });
    at += size;
  }
  return boxes;
}

/** The one box of that type. @throws EpochError `bad-structure` when there is none or more than one. */
export function onlyBox(boxes: readonly BoxRange[], type: string): BoxRange {
  const found = boxes.filter((box) => box.type === type);
  const box = found[0];
  if (!box || found.length > 1) throw EpochError.of("bad-structure", `${found.length} '${type}' boxes, expected one`);
  return box;
}

/** The box at the end of a path of container boxes, each the only one of its type. */
export function boxAt(bytes: Uint8Array, parent: BoxRange, path: readonly string[]): BoxRange {
  let box = parent;
  for (const type of path) box = onlyBox(listBoxes(bytes, box.body, box.end), type);
  return box;
}

/** Where the timescale of an `mdhd` stands: after version and flags, and two times of 4 or 8 bytes each by the version. */
export function timescaleAt(bytes: Uint8Array, mdhd: BoxRange): number {
  return mdhd.body + 4 + (bytes[mdhd.body] === 1 ? 16 : 8);
}
