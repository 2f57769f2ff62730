import type { UploadLock } from "#core/upload/upload-ports.ts";

interface Waiter {
  readonly owner: string;
  readonly enter: () => void;
}

const never = (): Promise<never> => new Promise(() => undefined);

/** One lock for all uploaders of a device; `died` does what the browser does when a context ends. */
export class MemoryLock {
  #holder: string | null = null;
  #queue: Waiter[] = [];
  readonly #dead = new Set<string>();

  get holder(): string | null {
    return this.#holder;
  }

  of(owner: string): UploadLock {
    return {
      hold: async (work, signal, waiting) => {
        signal.throwIfAborted();
        if (this.#dead.has(owner)) return never();
        if (this.#holder !== null) {
          waiting();
          await this.#turn(owner, signal);
        }
        if (this.#dead.has(owner)) return never();
        this.#holder = owner;
        try {
          return await work();
        } finally {
          this.#release(owner);
        }
      },
    };
  }

  died(owner: string): void {
    this.#dead.add(owner);
    this.#queue = this.#queue.filter((waiter) => waiter.owner !== owner);
    this.#release(owner);
  }

  #turn(owner: string, signal: AbortSignal): Promise<void> {
    if (this.#dead.has(owner)) return never();
    return new Promise((resolve, reject) => {
      const waiter = { owner, enter: resolve };
      this.#queue.push(waiter);
      signal.addEventListener("abort", () => {
        this.#queue = this.#queue.filter((other) => other !== waiter);
        reject(signal.reason);
      });
    });
  }

  #release(owner: string): void {
    if (this.#holder !== owner) return;
    const next = this.#queue.shift();
    this.#holder = next?.owner ?? null;
    next?.enter();
  }
}
