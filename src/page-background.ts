import type { AppUpdate } from "#controllers/shell-controller.ts";
import { createViewCell, type ViewSource } from "#controllers/view-source.ts";
import type { AppUpdates } from "#platform/app-update.ts";
import type { UploadState } from "#protocol/upload-rpc.ts";

export interface PageBackground {
  readonly update: AppUpdate;
  /** Registers the service worker, where there is one. */
  start(): Promise<void>;
}

/** What goes on behind this page. Its code is fetched once the first screen can be used. */
export function pageBackground(uploads: ViewSource<UploadState>, report: (error: unknown) => void): PageBackground {
  const waiting = createViewCell(false);
  let updates: AppUpdates | undefined;
  return {
    update: { waiting, activate: () => void updates?.applyUpdate().catch(report) },
    async start() {
      // the development server has none
      if (!("serviceWorker" in navigator) || import.meta.env.DEV) return;
      const { linkServiceWorker } = await import("./service-worker-link.ts");
      updates = linkServiceWorker(uploads, () => waiting.set(true));
    },
  };
}
