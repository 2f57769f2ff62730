import type { ViewSource } from "#controllers/view-source.ts";
import { type Accessor, onCleanup } from "solid-js";
import { createStore, reconcile } from "solid-js/store";

/**
 * Copies plain objects and arrays, keeps everything else (streams, typed arrays) by reference. The store is
 * reconciled in place; without the copy it would write into snapshots that the controllers still hold.
 */
export function copyPlain<T>(value: T): T {
  return copyUnknown(value) as T;
}

function copyUnknown(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyUnknown);
  if (typeof value !== "object" || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, copyUnknown(entry)]));
}

/**
 * A source as a Solid store: reads are fine-grained, list items keep their elements as long as their `id` stays.
 * Lives as long as the owner in which it is called.
 */
export function fromSource<T extends object>(source: ViewSource<T>): Accessor<T> {
  const [state, setState] = createStore<{ view: T }>({ view: copyPlain(source.get()) });
  const take = (next: T): void => {
    setState("view", reconcile(copyPlain(next), { key: "id" }));
  };
  onCleanup(source.subscribe(take));
  return () => state.view;
}
