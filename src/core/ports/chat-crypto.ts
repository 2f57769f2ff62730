/**
 * What the chat needs of a runtime's cryptography. Pure functions but for `random`: nothing is kept between calls, and no
 * array that is given is changed or held.
 */
export interface ChatCrypto {
  /** From the system's secure source. */
  random(bytes: number): Uint8Array<ArrayBuffer>;
  /** HKDF with SHA-256 (RFC 5869), extract and expand. An empty `salt` is 32 zero bytes. */
  hkdf(
    key: Uint8Array<ArrayBuffer>,
    salt: Uint8Array<ArrayBuffer>,
    info: Uint8Array<ArrayBuffer>,
    bytes: number,
  ): Promise<Uint8Array<ArrayBuffer>>;
  /** AES-256-GCM: 32 bytes of key, 12 of nonce. Gives the ciphertext with its 16-byte tag behind it. */
  seal(lock: AeadLock, plain: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
  /** The plain bytes; `null` when the tag does not fit key, nonce, associated data and ciphertext, or there is none. */
  open(lock: AeadLock, sealed: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | null>;
}

export interface AeadLock {
  readonly key: Uint8Array<ArrayBuffer>;
  readonly nonce: Uint8Array<ArrayBuffer>;
  /** Authenticated, not encrypted, not carried along. */
  readonly associated: Uint8Array<ArrayBuffer>;
}
