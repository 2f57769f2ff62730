/** A session may make 50 requests a second (CALL.md); what is left is for those of others behind the same session. */
const MOST_A_SECOND = 40;

/** Spreads requests: at most {@link MOST_A_SECOND} in any second, in the order in which they come. Times: ms, monotonic. */
export class RequestPace {
  #starts: number[] = [];

  /** Takes the next place. @returns how long to wait for it, ms */
  waitMs(nowMs: number): number {
    this.#starts = this.#starts.filter((startMs) => startMs > nowMs - 1_000);
    const before = this.#starts.at(-MOST_A_SECOND);
    const startMs = before === undefined ? nowMs : Math.max(nowMs, before + 1_000);
    this.#starts.push(startMs);
    return startMs - nowMs;
  }
}
