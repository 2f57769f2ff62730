import { MAX_CHAT_LETTERS } from "#protocol/chat.ts";
import { shownLines } from "#protocol/names.ts";
import { fromUtf8, toUtf8 } from "./encoding.ts";

/**
 * Messages are as long as the next multiple of this, so that their length tells less: most are one or two steps long.
 */
export const PAD_BYTES = 64;

/** The length of the text, before it. */
const HEAD_BYTES = 4;

export type ReadyText =
  | { readonly ok: true; readonly plain: Uint8Array<ArrayBuffer> }
  | { readonly ok: false; readonly reason: "empty" | "too-long" };

/** What is encrypted: the length of the text (4 bytes, big-endian), the text in UTF-8, zeros up to a multiple of 64. */
export function packText(text: string): ReadyText {
  const shown = shownLines(text);
  if (shown === "") return { ok: false, reason: "empty" };
  if (shown.length > MAX_CHAT_LETTERS) return { ok: false, reason: "too-long" };
  const bytes = toUtf8(shown);
  const plain = new Uint8Array(Math.ceil((HEAD_BYTES + bytes.length) / PAD_BYTES) * PAD_BYTES);
  new DataView(plain.buffer).setUint32(0, bytes.length);
  plain.set(bytes, HEAD_BYTES);
  return { ok: true, plain };
}

/** `null` for what `packText` cannot have made. What the other end failed to strip is stripped here. */
export function unpackText(plain: Uint8Array<ArrayBuffer>): string | null {
  if (plain.length === 0 || plain.length % PAD_BYTES !== 0) return null;
  const length = new DataView(plain.buffer, plain.byteOffset, plain.byteLength).getUint32(0);
  const end = HEAD_BYTES + length;
  if (end > plain.length || plain.length - end >= PAD_BYTES) return null;
  if (plain.subarray(end).some((byte) => byte !== 0)) return null;
  const text = fromUtf8(plain.subarray(HEAD_BYTES, end));
  if (text === null || text.length > MAX_CHAT_LETTERS) return null;
  const shown = shownLines(text);
  return shown === "" ? null : shown;
}
