/** Runs a session's operations one after the other, in the order in which they came. */
export class OperationQueue {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** How many have not ended. */
  get waiting(): number {
    return this.#waiting;
  }

  run<Value>(operation: () => Promise<Value> | Value): Promise<Value> {
    this.#waiting++;
    const mine = this.#last.then(operation);
    // Whoever asked for it hears of a failure; the next one is not kept from running.
    this.#last = mine.then(
      () => this.#waiting--,
      () => this.#waiting--,
    );
    return mine;
  }
}
