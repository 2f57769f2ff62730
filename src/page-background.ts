import type { AppUpdate } from "#controllers/shell-controller.ts";
import { createViewCell, type ViewSource } from "#controllers/view-source.ts";
import { startAppUpdate } from "#platform/app-update.ts";
import { startBackgroundSync } from "#platform/background-sync.ts";
import type { UploadState } from "#protocol/upload-rpc.ts";

/** Where vite-plugin-pwa puts it. */
const SERVICE_WORKER = "/sw.js";

/** The service worker of this page: offline shell, updates, and uploads after the page is gone. */
export function pageBackground(
  uploads: ViewSource<UploadState>,
  report: (error: unknown) => void,
): { update: AppUpdate } {
  const waiting = createViewCell(false);
  // the development server has none
  if (!("serviceWorker" in navigator) || import.meta.env.DEV) return { update: { waiting, activate: () => undefined } };
  const note = (what: string): void => console.info(what);
  const updates = startAppUpdate(
    { container: navigator.serviceWorker, reload: () => location.reload(), note, script: SERVICE_WORKER },
    { offlineReady: () => undefined, updateReady: () => waiting.set(true) },
  );
  const sync = startBackgroundSync({ page: document, window, ready: () => navigator.serviceWorker.ready, note });
  const tell = (state: UploadState): void => sync.pending(state.epochsLeft > 0);
  tell(uploads.get());
  uploads.subscribe(tell);
  return { update: { waiting, activate: () => void updates.applyUpdate().catch(report) } };
}
