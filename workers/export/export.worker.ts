import { expose } from "comlink";
import { dexieTakes } from "#platform/dexie-takes.ts";
import { opfsEpochStore } from "#platform/opfs-epochs.ts";
import { sha256 } from "#platform/sha256.ts";
import type { ExportWorkerApi } from "#protocol/export-rpc.ts";
import { createExportService } from "./export-service.ts";
import { exportFolder } from "./file-sinks.ts";

const { openSink, discard } = exportFolder(crypto.randomUUID());

expose(
  createExportService({
    repo: dexieTakes(),
    store: opfsEpochStore(),
    hash: sha256,
    openSink,
    discard,
  }) satisfies ExportWorkerApi,
);
