import { expose } from "comlink";
import { recoverTakes } from "#core/recovery/recover-takes.ts";
import { browserBodyStreaming } from "#platform/body-streaming.ts";
import { dexieTakes } from "#platform/dexie-takes.ts";
import { broadcastJournal } from "#platform/journal-channel.ts";
import { webLocks } from "#platform/locks.ts";
import { opfsEpochStore } from "#platform/opfs-epochs.ts";
import { browserUploadPorts } from "#platform/upload-ports.ts";
import { createUploadService } from "./upload-service.ts";

let studioKey: string | null = null;
const ports = browserUploadPorts({
  repo: dexieTakes(),
  store: opfsEpochStore(),
  journal: broadcastJournal(),
  studioKey: () => studioKey,
  streaming: browserBodyStreaming(),
});
const service = createUploadService({
  ...ports,
  recover: async () => {
    // Only a launch needs the epoch reader, and not before the worker answers.
    const { readEpochMetadata } = await import("./read-epoch-metadata.ts");
    return recoverTakes({ ...ports, locks: webLocks(), readMetadata: readEpochMetadata });
  },
  rememberStudioKey: (key) => {
    studioKey = key;
  },
  report: reportError,
});

addEventListener("online", () => service.kick("online"));
expose(service);
