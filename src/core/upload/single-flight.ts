/** Runs at most one call per key at a time; whoever asks meanwhile gets the same answer. */
export class SingleFlight<Key, Value> {
  readonly #flights = new Map<Key, Promise<Value>>();

  run(key: Key, call: () => Promise<Value>): Promise<Value> {
    const under = this.#flights.get(key);
    if (under) return under;
    const flight = call().finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return flight;
  }
}
