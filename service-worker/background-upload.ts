import { BackgroundDrain } from "#core/upload/background-drain.ts";
import { type DrainedToEnd, UploadEngine } from "#core/upload/upload-engine.ts";
import { timerScheduler } from "#platform/clock.ts";
import { dexieTakes } from "#platform/dexie-takes.ts";
import { broadcastJournal } from "#platform/journal-channel.ts";
import { opfsEpochStore } from "#platform/opfs-epochs.ts";
import { browserUploadPorts } from "#platform/upload-ports.ts";
import { SYNC_TAG_PREFIX } from "#protocol/sw-messages.ts";
import { onSync, type SyncEvent, worker } from "./scope.ts";

/**
 * The page's upload goes on here once the page is gone: the same engine, behind the same lock. While a page drains, this
 * waits for the lock, so that it takes over at the moment when the page goes.
 */
export function drainInBackground(): void {
  const background = new BackgroundDrain({ scheduler: timerScheduler(), hasPages, drain: drainOnce });
  const drain = (event: SyncEvent): void => {
    if (event.tag.startsWith(SYNC_TAG_PREFIX)) event.waitUntil(background.serve());
  };
  onSync("sync", drain);
  onSync("periodicsync", drain);
}

/** A page that was opened before this worker took charge counts too. */
async function hasPages(): Promise<boolean> {
  const pages = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  return pages.length > 0;
}

async function drainOnce(signal: AbortSignal): Promise<DrainedToEnd> {
  const repo = dexieTakes();
  const journal = broadcastJournal();
  const engine = new UploadEngine(
    // Nobody is here to type a key in; a take that needs one waits for the page.
    browserUploadPorts({ repo, store: opfsEpochStore(), journal, studioKey: () => null }),
    null,
  );
  try {
    return await engine.drainToEnd(signal);
  } finally {
    journal.close();
    repo.close();
  }
}
