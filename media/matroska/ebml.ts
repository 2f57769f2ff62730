/** Elements of EBML (RFC 8794) as bytes. */

/** An element's id as it stands in the file, and its content. */
export type EbmlContent = Uint8Array | readonly EbmlElement[];

export interface EbmlElement {
  readonly id: number;
  readonly content: EbmlContent;
}

/** Longest size field used: 8 bytes hold 2^56 − 2. */
const MAX_SIZE_BYTES = 8;

const text = new TextEncoder();

export function idBytes(id: number): Uint8Array {
  const length = id > 0xffffff ? 4 : id > 0xffff ? 3 : id > 0xff ? 2 : 1;
  return bigEndian(id, length);
}

/** Unsigned, in `length` bytes; exact up to 2^53. */
export function bigEndian(value: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let rest = value;
  for (let index = length - 1; index >= 0; index--) {
    bytes[index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

/** A size as a variable-length integer, as short as possible or of `length` bytes. */
export function sizeBytes(size: number, length: number = sizeLength(size)): Uint8Array {
  const bytes = bigEndian(size, length);
  bytes[0] = (bytes[0] ?? 0) | (1 << (8 - length));
  return bytes;
}

/** All ones is reserved for "unknown". */
function sizeLength(size: number): number {
  let length = 1;
  while (length < MAX_SIZE_BYTES && size >= 2 ** (7 * length) - 1) length++;
  return length;
}

export const element = (id: number, content: EbmlContent): EbmlElement => ({ id, content });

export function uint(id: number, value: number, length?: number): EbmlElement {
  let shortest = 1;
  while (value >= 2 ** (8 * shortest)) shortest++;
  return { id, content: bigEndian(value, length ?? shortest) };
}

export function float64(id: number, value: number): EbmlElement {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return { id, content: bytes };
}

export const utf8 = (id: number, value: string): EbmlElement => ({ id, content: text.encode(value) });

/** ns since 2001-01-01T00:00:00Z, signed 64 bits. */
export function date(id: number, unixMs: number): EbmlElement {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(Math.round(unixMs) - Date.UTC(2001, 0, 1)) * 1_000_000n);
  return { id, content: bytes };
}

/** The element with its id and size. */
export function encode(item: EbmlElement): Uint8Array<ArrayBuffer> {
  const body = item.content instanceof Uint8Array ? item.content : concat(item.content.map(encode));
  return concat([idBytes(item.id), sizeBytes(body.byteLength), body]);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}
