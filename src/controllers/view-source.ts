/**
 * A value that changes, as the page sees it: a snapshot to read and a way to hear of the next one.
 *
 * Controllers publish whole snapshots; the page reconciles them by `id`, so lists keep their elements and
 * focus. Snapshots are plain data and never mutated after they were published. Nothing here knows Solid.
 */
export interface ViewSource<T> {
  /** The latest snapshot; cheap, callable at any time. */
  get(): T;
  /** Calls `listener` after each change, never synchronously from `subscribe` itself. Returns the way out. */
  subscribe(listener: (view: T) => void): () => void;
}

/** A {@link ViewSource} with its writing end, for controllers. */
export interface ViewCell<T> extends ViewSource<T> {
  /** Publishes a new snapshot; the same reference again is not announced. */
  set(next: T): void;
  /** `set` of what `change` makes from the present snapshot. */
  update(change: (present: T) => T): void;
}

/** Makes a cell. A listener that throws does not keep the others from hearing: its error is rethrown last. */
export function createViewCell<T>(initial: T): ViewCell<T> {
  let present = initial;
  const listeners = new Set<(view: T) => void>();
  const set = (next: T): void => {
    if (Object.is(next, present)) return;
    present = next;
    const errors: unknown[] = [];
    for (const listener of [...listeners]) {
      try {
        listener(next);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  };
  return {
    get: () => present,
    set,
    update: (change) => set(change(present)),
    subscribe(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}
