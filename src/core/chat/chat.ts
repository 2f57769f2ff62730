import type { ChatEnvelope } from "#protocol/chat.ts";
import type { ParticipantId, RoomId } from "#protocol/ids.ts";
import type { ChatCrypto } from "../ports/chat-crypto.ts";
import { type ChainOwner, lockOf, rootKey } from "./chain.ts";
import { packText, unpackText } from "./chat-text.ts";
import { fromBase64Url, toBase64Url } from "./encoding.ts";
import { HeardSender } from "./heard-sender.ts";
import { HeardSession } from "./heard-session.ts";
import { SendingChain, SESSION_MESSAGES } from "./sending-chain.ts";

/** The room's chat key as it stands in the link's fragment. Made by `newChatKey` or `readChatKey`. */
export type ChatKey = string & { readonly "a chat key": true };

const KEY_BYTES = 32;
/** Of a link that another program made. */
const LEAST_KEY_BYTES = 16;

/** Senders remembered by one page: 20 in a room at once, and those who came before. */
const SENDERS = 500;

/** 256 random bits, base64url: 43 letters. */
export function newChatKey(crypto: Pick<ChatCrypto, "random">): ChatKey {
  return toBase64Url(crypto.random(KEY_BYTES)) as ChatKey;
}

/** The key that a link carries; `null` when it is none (128 to 256 bits, base64url): a link that was cut short. */
export function readChatKey(text: string): ChatKey | null {
  if (text.length > 64) return null;
  const bytes = fromBase64Url(text);
  return bytes && bytes.length >= LEAST_KEY_BYTES && bytes.length <= KEY_BYTES ? (text as ChatKey) : null;
}

/** `empty`: nothing is left that can be shown. `too-long`: more than `MAX_CHAT_LETTERS`. */
export type Sealed =
  | { readonly ok: true; readonly envelope: ChatEnvelope }
  | { readonly ok: false; readonly reason: "empty" | "too-long" };

/**
 * - `replayed`: this message has been heard before.
 * - `unreadable`: not made with this room's key by this sender at this place, or damaged.
 * - `too-far`: so far from what has been heard that it cannot be told, or is not worth the work.
 */
export type Opened =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: "replayed" | "unreadable" | "too-far" };

/** End-to-end encrypted chat of one page in one room. Rules: docs/spec/chat.md. */
export interface Chat {
  /** Each call uses a key of its own; an envelope may be sent any number of times. Rejects only when the runtime fails. */
  seal(text: string): Promise<Sealed>;
  /**
   * `from` is who the room says has sent it. The own messages come back too and are opened like any other. A refusal changes
   * nothing for the messages after it. Calls may overlap; they are answered in order.
   */
  open(from: ParticipantId, envelope: ChatEnvelope): Promise<Opened>;
}

export interface ChatOptions {
  readonly key: ChatKey;
  readonly room: RoomId;
  readonly self: ParticipantId;
  readonly crypto: ChatCrypto;
}

/** @throws RangeError when `key` was not made by `newChatKey` or `readChatKey` */
export function createChat({ key, room, self, crypto }: ChatOptions): Chat {
  const roomKey = readChatKey(key) === null ? null : fromBase64Url(key);
  if (!roomKey) throw new RangeError("not a chat key");
  const sending = new SendingChain(crypto, roomKey, room, self);
  const hearing = new Hearing(crypto, roomKey, room);
  const sealInTurn = oneAtATime();
  const openInTurn = oneAtATime();
  return {
    seal: async (text) => {
      const packed = packText(text);
      if (!packed.ok) return packed;
      const { session, seq, lock } = await sealInTurn(() => sending.take());
      const data = toBase64Url(await crypto.seal(lock, packed.plain));
      return { ok: true, envelope: { v: 1, session, seq, data } };
    },
    open: (from, envelope) => openInTurn(() => hearing.open(from, envelope)),
  };
}

/** Runs each piece of work when the one before has ended, well or not. */
function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work, work);
    last = turn;
    return turn;
  };
}

const refused = (reason: "replayed" | "unreadable" | "too-far"): Opened => ({ ok: false, reason });

/** What this page has heard. One `open` at a time. */
class Hearing {
  readonly #crypto: ChatCrypto;
  readonly #roomKey: Uint8Array<ArrayBuffer>;
  readonly #room: RoomId;
  readonly #senders = new Map<ParticipantId, HeardSender>();

  constructor(crypto: ChatCrypto, roomKey: Uint8Array<ArrayBuffer>, room: RoomId) {
    this.#crypto = crypto;
    this.#roomKey = roomKey;
    this.#room = room;
  }

  async open(from: ParticipantId, envelope: ChatEnvelope): Promise<Opened> {
    const { seq } = envelope;
    const salt = fromBase64Url(envelope.session);
    const sealed = fromBase64Url(envelope.data);
    if (!salt || !sealed) return refused("unreadable");
    if (seq >= SESSION_MESSAGES) return refused("too-far");
    const sender = this.#senders.get(from) ?? new HeardSender();
    if (sender.refuses(envelope.session) || (this.#senders.size >= SENDERS && !this.#senders.has(from)))
      return refused("too-far");
    const owner = { room: this.#room, sender: from, session: envelope.session, salt };
    const session = sender.session(envelope.session) ?? (await this.#begin(owner));
    const standing = session.standing(seq);
    if (standing !== "new") return refused(standing);
    if (!sender.affords(session.distance(seq))) return refused("too-far");
    const walk = await session.walk(this.#crypto, seq);
    const plain = await this.#crypto.open(await lockOf(this.#crypto, walk.key, owner, seq), sealed);
    if (plain) {
      session.accept(walk);
      sender.keep(session);
    } else {
      sender.waste(walk.steps);
    }
    this.#senders.set(from, sender);
    const text = plain && unpackText(plain);
    return text === null ? refused("unreadable") : { ok: true, text };
  }

  async #begin(owner: ChainOwner): Promise<HeardSession> {
    return new HeardSession(owner, await rootKey(this.#crypto, this.#roomKey, owner));
  }
}
