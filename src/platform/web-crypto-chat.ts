import type { AeadLock, ChatCrypto } from "#core/ports/chat-crypto.ts";

const TAG_BITS = 128;

/** The {@link ChatCrypto} of any browser context, through WebCrypto. Needs a secure context. */
export function webCryptoChat(): ChatCrypto {
  return {
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    hkdf: async (key, salt, info, bytes) => {
      const base = await crypto.subtle.importKey("raw", key, "HKDF", false, ["deriveBits"]);
      return new Uint8Array(
        await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, base, bytes * 8),
      );
    },
    seal: async (lock, plain) =>
      new Uint8Array(await crypto.subtle.encrypt(parametersOf(lock), await keyOf(lock, "encrypt"), plain)),
    open: async (lock, sealed) => {
      const key = await keyOf(lock, "decrypt");
      try {
        return new Uint8Array(await crypto.subtle.decrypt(parametersOf(lock), key, sealed));
      } catch (error) {
        if (doesNotFit(error)) return null;
        throw error;
      }
    },
  };
}

function keyOf(lock: AeadLock, use: "encrypt" | "decrypt"): Promise<CryptoKey> {
  if (lock.key.byteLength !== 32 || lock.nonce.byteLength !== 12) throw new RangeError("AES-256-GCM: 32 and 12 bytes");
  return crypto.subtle.importKey("raw", lock.key, "AES-GCM", false, [use]);
}

function parametersOf(lock: AeadLock): AesGcmParams {
  return { name: "AES-GCM", iv: lock.nonce, additionalData: lock.associated, tagLength: TAG_BITS };
}

/** WebCrypto's only word for a tag that does not fit, or is not there. */
function doesNotFit(error: unknown): boolean {
  return error instanceof DOMException && error.name === "OperationError";
}
