/**
 * Headers that partytracks is given so that its requests go through ours. The library has no hook for its requests, only
 * `headers`, which it reads with `forEach` in the same step in which it calls `fetch`. That moment lends it another `fetch` for
 * this one call. Why it must have one: docs/adr/0011-partytracks-behind-the-call.md.
 */
export class LendingHeaders extends Headers {
  readonly #lent: typeof fetch;

  constructor(lent: typeof fetch) {
    super();
    this.#lent = lent;
  }

  override forEach(read: (value: string, key: string, parent: Headers) => void): void {
    super.forEach(read);
    lendOnce(this.#lent);
  }
}

/** Given back with the call, and in any case before anything else on the page can run. */
function lendOnce(lent: typeof fetch): void {
  const own = globalThis.fetch;
  const once: typeof fetch = (input, init) => {
    globalThis.fetch = own;
    return lent(input, init);
  };
  globalThis.fetch = once;
  queueMicrotask(() => {
    if (globalThis.fetch === once) globalThis.fetch = own;
  });
}
