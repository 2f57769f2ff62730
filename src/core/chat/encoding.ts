/** Bytes and text, without any object of a runtime. */

type Bytes = Uint8Array<ArrayBuffer>;

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const VALUES = new Map([...DIGITS].map((digit, value) => [digit, value]));

/** base64url (RFC 4648 section 5) without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const word = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    text += DIGITS.charAt(word >> 18) + DIGITS.charAt((word >> 12) & 63);
    if (left > 1) text += DIGITS.charAt((word >> 6) & 63);
    if (left > 2) text += DIGITS.charAt(word & 63);
  }
  return text;
}

/** `null` for what `toBase64Url` would not have written: other letters, padding, bits that belong to no byte. */
export function fromBase64Url(text: string): Bytes | null {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let word = 0;
  let bits = 0;
  let at = 0;
  for (const letter of text) {
    const value = VALUES.get(letter);
    if (value === undefined) return null;
    word = ((word << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = (word >> bits) & 0xff;
  }
  const spare = word & ((1 << bits) - 1);
  return bits >= 6 || spare !== 0 ? null : bytes;
}

/** UTF-8. A lone surrogate becomes U+FFFD, as everywhere. */
export function toUtf8(text: string): Bytes {
  const bytes = new Uint8Array(text.length * 3);
  let at = 0;
  for (const letter of text.toWellFormed()) {
    const point = letter.codePointAt(0) ?? 0;
    const more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    bytes[at++] = more === 0 ? point : (LEADS[more] ?? 0) | (point >> (6 * more));
    for (let rest = more - 1; rest >= 0; rest--) bytes[at++] = 0x80 | ((point >> (6 * rest)) & 0x3f);
  }
  return bytes.slice(0, at);
}

/** First byte of a letter with so many bytes behind it, without the letter's bits. */
const LEADS = [0x00, 0xc0, 0xe0, 0xf0];
/** The smallest letter that needs so many bytes behind the first: shorter forms are the only ones. */
const SMALLEST = [0x00, 0x80, 0x800, 0x10000];

/** `null` when it is not UTF-8: cut short, overlong, surrogates, beyond U+10FFFF. */
export function fromUtf8(bytes: Uint8Array): string | null {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at++] ?? 0;
    const more = lead < 0x80 ? 0 : lead >> 5 === 6 ? 1 : lead >> 4 === 14 ? 2 : lead >> 3 === 30 ? 3 : null;
    if (more === null) return null;
    let point = more === 0 ? lead : lead & (0x3f >> more);
    for (let rest = 0; rest < more; rest++) {
      const next = bytes[at++];
      if (next === undefined || next >> 6 !== 2) return null;
      point = (point << 6) | (next & 0x3f);
    }
    if (point < (SMALLEST[more] ?? 0) || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return null;
    text += String.fromCodePoint(point);
  }
  return text;
}

/** The parts one after another, each behind its length (4 bytes, big-endian): no two lists give the same bytes. */
export function lengthPrefixed(parts: readonly string[]): Bytes {
  const encoded = parts.map(toUtf8);
  const bytes = new Uint8Array(encoded.reduce((sum, part) => sum + 4 + part.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of encoded) {
    view.setUint32(at, part.length);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return bytes;
}
