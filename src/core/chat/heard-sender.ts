import type { HeardSession } from "./heard-session.ts";

/** Sessions of one sender that can go on: a page that is loaded anew 16 times in the newest 200 messages is a rare one. */
const SESSIONS = 16;

/** Sessions that were set aside are remembered by name, so that none is heard twice. */
const SET_ASIDE = 256;

/** Steps for messages that then turned out not to be authentic: twice the longest walk. */
const WASTED_STEPS = 20_000;

/** What a message of a sender who has used that up may cost. */
const SHORT_WALK = 64;

/** What one page remembers of one sender: bounded, whatever is sent. */
export class HeardSender {
  /** The one that was heard last is last. */
  readonly #sessions = new Map<string, HeardSession>();
  readonly #setAside = new Set<string>();
  #wasted = 0;

  session(name: string): HeardSession | undefined {
    return this.#sessions.get(name);
  }

  /** No message of a session that is not known can be taken: it was set aside, or there have been too many. */
  refuses(name: string): boolean {
    return this.#setAside.has(name) || (this.#setAside.size >= SET_ASIDE && !this.#sessions.has(name));
  }

  affords(steps: number): boolean {
    return steps <= SHORT_WALK || this.#wasted + steps <= WASTED_STEPS;
  }

  waste(steps: number): void {
    this.#wasted = Math.min(WASTED_STEPS, this.#wasted + steps);
  }

  keep(session: HeardSession): void {
    const name = session.owner.session;
    this.#sessions.delete(name);
    this.#sessions.set(name, session);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size <= SESSIONS || oldest === undefined) return;
    this.#sessions.delete(oldest);
    this.#setAside.add(oldest);
  }
}
