import { UploadEngine } from "#core/upload/upload-engine.ts";
import { dexieTakes } from "#platform/dexie-takes.ts";
import { broadcastJournal } from "#platform/journal-channel.ts";
import { opfsEpochStore } from "#platform/opfs-epochs.ts";
import { browserUploadPorts } from "#platform/upload-ports.ts";
import { SYNC_TAG_PREFIX } from "#protocol/sw-messages.ts";
import { onSync, type SyncEvent } from "./scope.ts";

/** The browser ends an event after 3 minutes†; half a minute is kept for stopping in order. */
const LIFE_MS = 150_000;

/**
 * The page's upload goes on here once the page is gone: the same engine, behind the same lock. While a page drains, this
 * waits for the lock, so that it takes over at the moment when the page goes.
 */
export function drainInBackground(): void {
  let running: Promise<void> | null = null;
  const drain = (event: SyncEvent): void => {
    if (!event.tag.startsWith(SYNC_TAG_PREFIX)) return;
    running ??= drainOnce().finally(() => {
      running = null;
    });
    event.waitUntil(running);
  };
  onSync("sync", drain);
  onSync("periodicsync", drain);
}

/** Rejects when something is left that another try may send: the browser then wakes us again. */
async function drainOnce(): Promise<void> {
  const repo = dexieTakes();
  const journal = broadcastJournal();
  const engine = new UploadEngine(
    // Nobody is here to type a key in; a take that needs one waits for the page.
    browserUploadPorts({ repo, store: opfsEpochStore(), journal, studioKey: () => null }),
    null,
  );
  try {
    const { settled, epochsLeft } = await engine.drainToEnd(AbortSignal.timeout(LIFE_MS));
    if (!settled) throw new Error(`the upload is not done: at least ${epochsLeft} epochs are left`);
  } finally {
    journal.close();
    repo.close();
  }
}
