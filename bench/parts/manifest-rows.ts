import type { Page } from "playwright-core";
import * as v from "valibot";
import { MANIFEST_DATABASE } from "#platform/dexie-schema.ts";
import { type EpochRow, epochRow, type SeatRow, seatRow } from "#protocol/take-manifest.ts";

/** The epochs that this page's manifest holds. */
export async function epochRows(page: Page): Promise<EpochRow[]> {
  return v.parse(v.array(epochRow), await readTable(page, "epochs"));
}

/** The seats of this page's device: who it is in which room. */
export async function seatRows(page: Page): Promise<SeatRow[]> {
  return v.parse(v.array(seatRow), await readTable(page, "seats"));
}

function readTable(page: Page, table: string): Promise<unknown> {
  return page.evaluate(
    ([database, name]) =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open(database);
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const db = opening.result;
          const asking = db.transaction(name).objectStore(name).getAll();
          asking.onerror = () => reject(asking.error);
          asking.onsuccess = () => {
            db.close();
            resolve(asking.result);
          };
        };
      }),
    [MANIFEST_DATABASE, table] as const,
  );
}
