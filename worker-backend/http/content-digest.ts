import * as v from "valibot";
import { type Sha256, sha256 } from "#protocol/ids.ts";
import { toHex } from "../auth/bytes.ts";

/** A member of the dictionary (RFC 8941): key, and a byte sequence between colons. */
const MEMBER = /^\s*([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/]*={0,2}):\s*$/;

/**
 * The SHA-256 of a `Content-Digest` header (RFC 9530); `null` when it has none, two, or is malformed. Other algorithms may
 * stand beside it.
 */
export function parseContentDigest(header: string | undefined): Sha256 | null {
  if (!header || header.length > 1000) return null;
  const found: Sha256[] = [];
  for (const part of header.split(",")) {
    const [, key, value] = MEMBER.exec(part) ?? [];
    if (key === undefined || value === undefined) return null;
    if (key !== "sha-256") continue;
    const digest = v.safeParse(sha256, hexOf(value));
    if (!digest.success) return null;
    found.push(digest.output);
  }
  return found.length === 1 ? (found[0] ?? null) : null;
}

function hexOf(base64: string): string | null {
  if (base64.length !== 44) return null;
  const text = atob(base64);
  return btoa(text) === base64 ? toHex(Uint8Array.from(text, (char) => char.charCodeAt(0))) : null;
}

/** The header for bytes with this SHA-256. */
export function contentDigest(checksum: ArrayBuffer): string {
  return `sha-256=:${btoa(String.fromCharCode(...new Uint8Array(checksum)))}:`;
}
