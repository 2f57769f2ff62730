import Dexie, { type Table } from "dexie";

/** The database of the manifest. */
export const MANIFEST_DATABASE = "tapesync";

/**
 * Rows as they lie in the database: `unknown` until a schema has read them, since an older or newer version of the page
 * may have written them.
 */
export interface ManifestDatabase extends Dexie {
  readonly seats: Table<unknown, string>;
  readonly takes: Table<unknown, string>;
  readonly tracks: Table<unknown, string>;
  readonly epochs: Table<unknown, [string, number]>;
  readonly counts: Table<unknown, string>;
}

/**
 * Version 1, frozen: people hold unsent takes across releases, so a change is a version 2 with an upgrade beside this
 * one. `epochs` rows carry `pending: 1` until their receipt comes, because IndexedDB does not index `null`; `seats` rows have their key in `seat`: room and participant. `counts` has one
 * row of totals per track, changed in the same transaction as the epochs.
 */
const VERSION_1 = {
  seats: "seat, room",
  takes: "take, state",
  tracks: "track, take",
  epochs: "[track+seq], take, [pending+take+track+seq]",
  counts: "track, take",
};

/** Opens lazily, at the first use. Relaxed rows were lost at a power cut, strict ones were kept. */
export function openManifest(name: string = MANIFEST_DATABASE): ManifestDatabase {
  const database = new Dexie(name, { chromeTransactionDurability: "strict" });
  database.version(1).stores(VERSION_1);
  return database as ManifestDatabase;
}
