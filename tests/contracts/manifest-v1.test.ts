import Dexie from "dexie";
import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import * as v from "valibot";
import { expect, it } from "vitest";
import { openManifest } from "#platform/dexie-schema.ts";
import { dexieTakes } from "#platform/dexie-takes.ts";
import { sha256, takeId, trackId } from "#protocol/ids.ts";
import fixture from "../fixtures/manifest-v1.json" with { type: "json" };

const TAKE = v.parse(takeId, "take-a________________");
const TRACK = v.parse(trackId, "camera________________");

/** Lays the rows into a database as version 1 of the page left it, without any code of today. */
async function layDown(): Promise<void> {
  Dexie.dependencies.indexedDB = new IDBFactory();
  Dexie.dependencies.IDBKeyRange = IDBKeyRange;
  const old = new Dexie(fixture.database);
  old.version(fixture.version).stores(fixture.stores);
  for (const [table, rows] of Object.entries(fixture.rows)) await old.table(table).bulkAdd(rows);
  old.close();
}

it("[TR9] takes of version 1 are read, uploaded and closed by the present version", async () => {
  await layDown();
  const repo = dexieTakes({ database: openManifest(fixture.database) });
  expect(await repo.takes()).toEqual(fixture.rows.takes);
  expect(await repo.tracks(TAKE)).toEqual(fixture.rows.tracks);
  expect((await repo.pending(10)).map((row) => row.seq)).toEqual([1]);
  expect(await repo.totals(TAKE)).toEqual({ epochs: 2, bytes: 300, pendingEpochs: 1, pendingBytes: 200 });
  await repo.markReceived(TRACK, 1, v.parse(sha256, "b".repeat(64)), 9);
  expect(await repo.pendingTotals()).toEqual({ epochs: 0, bytes: 0 });
});

it("[TR10] a row that no schema understands is left out and left on the disk", async () => {
  await layDown();
  const database = openManifest(fixture.database);
  await database.table("takes").add({ take: "x", state: "of the future" });
  const reported: unknown[] = [];
  const repo = dexieTakes({ database, onUnreadable: (_table, row) => reported.push(row) });
  expect((await repo.takes()).map((take) => take.take)).toEqual([TAKE]);
  expect(reported).toHaveLength(1);
  expect(await database.table("takes").count()).toBe(2);
});
