import type { ViewSource } from "#controllers/view-source.ts";
import { type AppUpdates, startAppUpdate } from "#platform/app-update.ts";
import { startBackgroundSync } from "#platform/background-sync.ts";
import type { UploadState } from "#protocol/upload-rpc.ts";

/** Where vite-plugin-pwa puts it. */
const SERVICE_WORKER = "/sw.js";

/** Registers the service worker: offline shell, updates, and uploads after the page is gone. */
export function linkServiceWorker(uploads: ViewSource<UploadState>, updateReady: () => void): AppUpdates {
  const note = (what: string): void => console.info(what);
  const updates = startAppUpdate(
    { container: navigator.serviceWorker, reload: () => location.reload(), note, script: SERVICE_WORKER },
    { offlineReady: () => undefined, updateReady },
  );
  const sync = startBackgroundSync({ page: document, window, ready: () => navigator.serviceWorker.ready, note });
  const tell = (state: UploadState): void => sync.pending(state.epochsLeft > 0);
  tell(uploads.get());
  uploads.subscribe(tell);
  return updates;
}
