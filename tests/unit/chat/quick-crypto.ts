import { createCipheriv, createDecipheriv, hash, randomFillSync } from "node:crypto";
import type { ChatCrypto } from "#core/ports/chat-crypto.ts";

const TAG_BYTES = 16;

/** The port over node:crypto's synchronous functions: the same results as WebCrypto's, without its threads. */
export function quickCrypto(): ChatCrypto {
  const hkdf = quickHkdf();
  return {
    random: (bytes) => randomFillSync(new Uint8Array(bytes)),
    hkdf: (key, salt, info, bytes) => Promise.resolve(hkdf(key, salt, info, bytes)),
    seal: ({ key, nonce, associated }, plain) => {
      const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES }).setAAD(associated);
      const text = cipher.update(plain);
      cipher.final();
      return Promise.resolve(new Uint8Array(Buffer.concat([text, cipher.getAuthTag()])));
    },
    open: ({ key, nonce, associated }, sealed) => {
      if (sealed.length < TAG_BYTES) return Promise.resolve(null);
      const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES }).setAAD(associated);
      decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
      const plain = decipher.update(sealed.subarray(0, -TAG_BYTES));
      try {
        decipher.final();
      } catch (error) {
        if (error instanceof Error && /authenticate/.test(error.message)) return Promise.resolve(null);
        throw error;
      }
      return Promise.resolve(new Uint8Array(plain));
    },
  };
}

/**
 * RFC 5869. Written out, since a single hash costs a fifteenth of one of Node's HKDF or HMAC objects; and the chain asks twice
 * for the same key and salt, so that the first half is kept.
 */
function quickHkdf() {
  let kept: { readonly key: Uint8Array; readonly salt: Uint8Array; readonly extracted: Uint8Array } | null = null;
  return (key: Uint8Array, salt: Uint8Array, info: Uint8Array, bytes: number): Uint8Array<ArrayBuffer> => {
    // The same array, not equal bytes: nobody changes what was given.
    if (kept?.key !== key || kept.salt !== salt) kept = { key, salt, extracted: hmac(salt, key) };
    const output = new Uint8Array(bytes);
    let block = NOTHING;
    for (let at = 0, number = 1; at < bytes; at += block.length, number++) {
      const input = new Uint8Array(block.length + info.length + 1);
      input.set(block);
      input.set(info, block.length);
      input[input.length - 1] = number;
      block = hmac(kept.extracted, input);
      output.set(block.subarray(0, bytes - at), at);
    }
    return output;
  };
}

const NOTHING: Uint8Array = new Uint8Array(0);
const BLOCK_BYTES = 64;

/** RFC 2104 over SHA-256. An empty key is one of zeros. */
function hmac(key: Uint8Array, data: Uint8Array): Uint8Array {
  const short = key.length > BLOCK_BYTES ? hash("sha256", key, "buffer") : key;
  const inner = new Uint8Array(BLOCK_BYTES + data.length).fill(0x36, 0, BLOCK_BYTES);
  const outer = new Uint8Array(BLOCK_BYTES + 32).fill(0x5c, 0, BLOCK_BYTES);
  for (let at = 0; at < short.length; at++) {
    inner[at] = 0x36 ^ (short[at] ?? 0);
    outer[at] = 0x5c ^ (short[at] ?? 0);
  }
  inner.set(data, BLOCK_BYTES);
  outer.set(hash("sha256", inner, "buffer"), BLOCK_BYTES);
  return hash("sha256", outer, "buffer");
}
