import type { ParticipantId, RoomId } from "#protocol/ids.ts";
import type { AeadLock, ChatCrypto } from "../ports/chat-crypto.ts";
import { lengthPrefixed, toUtf8 } from "./encoding.ts";

/** Key of one place of a chain: of the place after it and of the message at it nothing is known without it. */
export type ChainKey = Uint8Array<ArrayBuffer>;

/** Whose chain it is. `salt` is `session` as bytes. */
export interface ChainOwner {
  readonly room: RoomId;
  readonly sender: ParticipantId;
  readonly session: string;
  readonly salt: Uint8Array<ArrayBuffer>;
}

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const NOTHING = new Uint8Array(0);
const CHAIN = toUtf8("chain");
const MESSAGE = toUtf8("message");

/** The chain's key at 0: of this room, this sender and this session, and of no other (CH2). */
export function rootKey(crypto: ChatCrypto, roomKey: Uint8Array<ArrayBuffer>, owner: ChainOwner): Promise<ChainKey> {
  const info = lengthPrefixed(["tapesync chat 1", owner.room, owner.sender]);
  return crypto.hkdf(roomKey, owner.salt, info, KEY_BYTES);
}

/** One place on. */
export function nextKey(crypto: ChatCrypto, key: ChainKey): Promise<ChainKey> {
  return crypto.hkdf(key, NOTHING, CHAIN, KEY_BYTES);
}

/** What locks the message at `seq`, from the chain's key there. Locks one message, ever (CH3). */
export async function lockOf(crypto: ChatCrypto, key: ChainKey, owner: ChainOwner, seq: number): Promise<AeadLock> {
  const bytes = await crypto.hkdf(key, NOTHING, MESSAGE, KEY_BYTES + NONCE_BYTES);
  return {
    key: bytes.slice(0, KEY_BYTES),
    nonce: bytes.slice(KEY_BYTES),
    associated: lengthPrefixed(["1", owner.room, owner.sender, owner.session, `${seq}`]),
  };
}
