import type { ChatCrypto } from "../ports/chat-crypto.ts";
import { type ChainKey, type ChainOwner, nextKey } from "./chain.ts";

/**
 * Messages may come as late as so many places behind the newest: five times what a room keeps and sends to those
 * who come in while others write.
 */
export const WINDOW = 1_024;

/** Within the window every so many places a key is kept, so that a late message costs a few steps. */
const MARK_EVERY = 32;

/** A way along the chain that nobody has been led to believe in yet. */
export interface Walk {
  readonly seq: number;
  /** The chain's key there. */
  readonly key: ChainKey;
  readonly steps: number;
  readonly marks: ReadonlyMap<number, ChainKey>;
}

/**
 * What is known of one sender's session: which messages have been heard, and enough keys to go on. At most
 * `WINDOW` numbers and `WINDOW / MARK_EVERY + 2` keys. Changes by `accept` alone.
 */
export class HeardSession {
  readonly owner: ChainOwner;
  readonly #heard = new Set<number>();
  readonly #marks = new Map<number, ChainKey>();
  #newest: { readonly seq: number; readonly key: ChainKey };

  constructor(owner: ChainOwner, root: ChainKey) {
    this.owner = owner;
    this.#newest = { seq: 0, key: root };
    this.#marks.set(0, root);
  }

  /** Where a message at `seq` stands. `too-far`: so old that it may have been heard before. */
  standing(seq: number): "new" | "replayed" | "too-far" {
    if (this.#heard.has(seq)) return "replayed";
    return seq <= this.#newest.seq - WINDOW ? "too-far" : "new";
  }

  /** Steps from the nearest key that is known to the one at `seq`. */
  distance(seq: number): number {
    return seq - this.#from(seq).seq;
  }

  async walk(crypto: ChatCrypto, seq: number): Promise<Walk> {
    let { seq: at, key } = this.#from(seq);
    const steps = seq - at;
    const marks = new Map<number, ChainKey>();
    for (; at < seq; at++) {
      if (at % MARK_EVERY === 0 && at > seq - WINDOW - MARK_EVERY) marks.set(at, key);
      key = await nextKey(crypto, key);
    }
    return { seq, key, steps, marks };
  }

  /** The message at the walk's end was authentic. */
  accept(walk: Walk): void {
    this.#heard.add(walk.seq);
    for (const [seq, key] of walk.marks) this.#marks.set(seq, key);
    if (walk.seq > this.#newest.seq) this.#newest = { seq: walk.seq, key: walk.key };
    const oldest = this.#newest.seq - WINDOW;
    for (const seq of this.#heard) if (seq <= oldest) this.#heard.delete(seq);
    for (const seq of this.#marks.keys()) if (seq <= oldest - MARK_EVERY) this.#marks.delete(seq);
  }

  #from(seq: number): { readonly seq: number; readonly key: ChainKey } {
    if (seq >= this.#newest.seq) return this.#newest;
    const mark = seq - (seq % MARK_EVERY);
    const key = this.#marks.get(mark);
    if (key === undefined) throw new RangeError(`no key is kept for place ${seq}`);
    return { seq: mark, key };
  }
}
