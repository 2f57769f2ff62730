/** Which packets of one stream are missing, and when to ask for each again. */

/** Later than this a player has gone on without it. */
const GIVE_UP_MS = 1000;
/** Lets packets that only changed places arrive by themselves. */
const FIRST_ASK_MS = 5;
/** Doubled with every try: 5, 35, 95, 215 … ms after the loss. */
const RETRY_MS = 30;
const MAX_TRIES = 6;
/** A longer hole is no loss but an interruption: a key frame mends it. */
const MAX_HOLE = 250;

interface Missing {
  readonly since: number;
  next: number;
  tries: number;
}

export class MissingPackets {
  readonly #missing = new Map<number, Missing>();

  /** @param after the highest number before the hole; the first one after it is `before` */
  hole(after: number, before: number, now: number): void {
    const count = (before - after - 1) & 0xffff;
    if (count > MAX_HOLE) {
      this.#missing.clear();
      return;
    }
    for (let index = 1; index <= count; index++) {
      this.#missing.set((after + index) & 0xffff, { since: now, next: now + FIRST_ASK_MS, tries: 0 });
    }
  }

  /** @returns whether it was missing */
  arrived(sequence: number): boolean {
    return this.#missing.size > 0 && this.#missing.delete(sequence);
  }

  /** @returns the numbers to ask for now, in the order in which they went missing */
  due(now: number): number[] {
    const asked: number[] = [];
    for (const [sequence, missing] of this.#missing) {
      if (now - missing.since > GIVE_UP_MS || missing.tries >= MAX_TRIES) this.#missing.delete(sequence);
      else if (now >= missing.next) {
        asked.push(sequence);
        missing.next = now + RETRY_MS * 2 ** missing.tries;
        missing.tries++;
      }
    }
    return asked;
  }
}
