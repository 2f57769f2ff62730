import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import Dexie from "dexie";
import { describe, it } from "vitest";
import { dexieTakes } from "#platform/dexie-takes.ts";
import { openManifest } from "#platform/dexie-schema.ts";
import { epochStoreContract } from "./epoch-store.contract.ts";
import { type MemoryDisk, memoryEpochs } from "./fakes/memory-epochs.ts";
import { memoryTakes } from "./fakes/memory-takes.ts";
import { takeRepoContract } from "./take-repo.contract.ts";

// The same suites run against the real journal and the real database in tests/browser/journal.test.ts.

describe("epoch store in memory", () => {
  it.each(epochStoreContract)("$rule", async ({ run }) => {
    const disk: MemoryDisk = new Map();
    await run({ store: memoryEpochs(disk), reopen: () => memoryEpochs(disk) });
  });
});

describe("take repo in memory", () => {
  it.each(takeRepoContract)("$rule", ({ run }) => run(memoryTakes()));
});

describe("take repo in Dexie", () => {
  it.each(takeRepoContract)("$rule", async ({ run }) => {
    Dexie.dependencies.indexedDB = new IDBFactory();
    Dexie.dependencies.IDBKeyRange = IDBKeyRange;
    await run(dexieTakes({ database: openManifest("contract") }));
  });
});
