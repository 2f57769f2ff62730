import type { ParticipantId, RoomId } from "#protocol/ids.ts";
import type { AeadLock, ChatCrypto } from "../ports/chat-crypto.ts";
import { type ChainKey, type ChainOwner, lockOf, nextKey, rootKey } from "./chain.ts";
import { toBase64Url } from "./encoding.ts";

/** 128 random bits name a session: two pages choose the same one in 2^64 times. */
const SESSION_BYTES = 16;

/**
 * A session ends after so many messages and the page starts another. Who comes later has to walk its chain from the
 * beginning: 10,000 steps took Chromium 156 0.4 s on two busy processors.
 */
export const SESSION_MESSAGES = 10_000;

export interface SendingPlace {
  readonly session: string;
  readonly seq: number;
  readonly lock: AeadLock;
}

interface Ahead {
  readonly owner: ChainOwner;
  readonly key: ChainKey;
  readonly seq: number;
}

/** The chain of this page's own messages. Its state is in memory alone, so that no other page load goes on with it. */
export class SendingChain {
  readonly #crypto: ChatCrypto;
  readonly #roomKey: Uint8Array<ArrayBuffer>;
  readonly #room: RoomId;
  readonly #self: ParticipantId;
  #ahead: Ahead | null = null;

  constructor(crypto: ChatCrypto, roomKey: Uint8Array<ArrayBuffer>, room: RoomId, self: ParticipantId) {
    this.#crypto = crypto;
    this.#roomKey = roomKey;
    this.#room = room;
    this.#self = self;
  }

  /** The next place, given away once. One call at a time; a call that fails has given nothing away. */
  async take(): Promise<SendingPlace> {
    const { owner, key, seq } = this.#ahead ?? (await this.#begin());
    const lock = await lockOf(this.#crypto, key, owner, seq);
    const after = seq + 1;
    // Moved on before the lock leaves: whatever becomes of the message, its key is not used again.
    this.#ahead = after < SESSION_MESSAGES ? { owner, key: await nextKey(this.#crypto, key), seq: after } : null;
    return { session: owner.session, seq, lock };
  }

  async #begin(): Promise<Ahead> {
    const salt = this.#crypto.random(SESSION_BYTES);
    const owner = { room: this.#room, sender: this.#self, session: toBase64Url(salt), salt };
    return { owner, key: await rootKey(this.#crypto, this.#roomKey, owner), seq: 0 };
  }
}
