import * as v from "valibot";
import { type Secret, type Sha256, secret, sha256 } from "#protocol/ids.ts";
import { toBase64Url, toHex, utf8 } from "./bytes.ts";

/** 128 random bits as an id. */
export const randomId = (): string => toBase64Url(crypto.getRandomValues(new Uint8Array(16)));

/** 256 random bits. */
export const randomSecret = (): Secret => v.parse(secret, toBase64Url(crypto.getRandomValues(new Uint8Array(32))));

/** SHA-256 of a secret: the only form in which it is stored. Secrets are random, so no salt is needed. */
export async function secretHash(value: string): Promise<Sha256> {
  return v.parse(sha256, toHex(await crypto.subtle.digest("SHA-256", utf8(value))));
}

/** Whether two texts are equal, in a time that tells nothing of where they differ. */
export function sameText(a: string, b: string): boolean {
  const left = utf8(a);
  const right = utf8(b);
  return left.byteLength === right.byteLength && crypto.subtle.timingSafeEqual(left, right);
}
