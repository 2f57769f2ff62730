import type { EpochRef, EpochStore } from "#core/ports/epoch-store.ts";
import { type TakeId, type TrackId, takeId, trackId } from "#protocol/ids.ts";
import * as v from "valibot";
import { type ContractCase, equal, refuses } from "./contract-case.ts";

const take = (name: string): TakeId => v.parse(takeId, name.padEnd(22, "_"));
const track = (name: string): TrackId => v.parse(trackId, name.padEnd(22, "_"));
const ref = (seq: number, of = "camera", takeName = "take-a"): EpochRef => ({
  take: take(takeName),
  track: track(of),
  seq,
});
const bytes = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => (at * 31 + seed) & 255);

async function contents(store: EpochStore, where: EpochRef): Promise<number[]> {
  return [...new Uint8Array(await (await store.read(where)).arrayBuffer())];
}

export interface EpochStoreSubject {
  readonly store: EpochStore;
  /** The same disk, opened anew. */
  readonly reopen: () => EpochStore;
}

/** Rules ES1… of docs/spec/journal.md. Each case gets an empty disk. */
export const epochStoreContract: readonly ContractCase<EpochStoreSubject>[] = [
  {
    rule: "[ES1] what was written is read back byte by byte",
    run: async ({ store }) => {
      await store.write(ref(0), bytes(70_000, 1));
      equal(await contents(store, ref(0)), [...bytes(70_000, 1)], "contents");
      equal((await store.read(ref(0))).size, 70_000, "size");
    },
  },
  {
    rule: "[ES2] a written epoch is there after a reopen",
    run: async ({ store, reopen }) => {
      await store.write(ref(3), bytes(100, 2));
      equal(await contents(reopen(), ref(3)), [...bytes(100, 2)], "contents");
    },
  },
  {
    rule: "[ES3] the same bytes again are no error, other bytes are refused and change nothing",
    run: async ({ store }) => {
      await store.write(ref(0), bytes(100, 1));
      await store.write(ref(0), bytes(100, 1));
      await refuses(store.write(ref(0), bytes(100, 9)), "conflict");
      await refuses(store.write(ref(0), bytes(99, 1)), "conflict");
      equal(await contents(store, ref(0)), [...bytes(100, 1)], "contents");
    },
  },
  {
    rule: "[ES4] an epoch that is not there is missing",
    run: async ({ store }) => {
      await refuses(store.read(ref(0)), "missing");
      await store.write(ref(1), bytes(10, 1));
      await refuses(store.read(ref(0)), "missing");
      await refuses(store.read(ref(1, "microphone")), "missing");
    },
  },
  {
    rule: "[ES5] the list is in order of track and seq, of one take or of all",
    run: async ({ store }) => {
      for (const where of [ref(2), ref(0), ref(10), ref(1, "audio"), ref(0, "camera", "take-b")]) {
        await store.write(where, bytes(10, where.seq));
      }
      equal(await store.list(take("take-a")), [ref(1, "audio"), ref(0), ref(2), ref(10)], "take-a");
      equal((await store.list()).length, 5, "all");
      equal(await store.list(take("nothing")), [], "unknown take");
    },
  },
  {
    rule: "[ES6] discard deletes one epoch, twice is no error",
    run: async ({ store }) => {
      await store.write(ref(0), bytes(10, 1));
      await store.write(ref(1), bytes(10, 2));
      await store.discard(ref(0));
      await store.discard(ref(0));
      equal(await store.list(), [ref(1)], "rest");
      await refuses(store.read(ref(0)), "missing");
    },
  },
  {
    rule: "[ES7] discardTake deletes a take and no other",
    run: async ({ store }) => {
      await store.write(ref(0), bytes(10, 1));
      await store.write(ref(0, "camera", "take-b"), bytes(10, 2));
      await store.discardTake(take("take-a"));
      await store.discardTake(take("take-a"));
      equal(await store.list(), [ref(0, "camera", "take-b")], "rest");
    },
  },
  {
    rule: "[ES8] no bytes are no epoch",
    run: async ({ store }) => {
      await refuses(store.write(ref(0), new Uint8Array(0)), "unreadable");
      equal(await store.list(), [], "list");
    },
  },
];
