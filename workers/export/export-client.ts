import { proxy, wrap } from "comlink";
import type {
  ExportDone,
  ExportProgressReport,
  ExportReason,
  ExportTarget,
  ExportWorkerApi,
} from "#protocol/export-rpc.ts";
import type { Result } from "#protocol/errors.ts";
import type { TakeId } from "#protocol/ids.ts";

/** The export worker as the page sees it. It stays for as long as the page: its files are removed once it has gone. */
export interface ExportClient {
  /** Aborting stops the export; the answer is then `cancelled`. */
  exportTake(
    take: TakeId,
    target: ExportTarget,
    onProgress: (progress: ExportProgressReport) => void,
    signal: AbortSignal,
  ): Promise<Result<ExportDone, ExportReason>>;
  discard(take: TakeId): Promise<void>;
}

/** Makes the worker. Call it when the first export is wanted. */
export function createExportClient(): ExportClient {
  const worker = new Worker(new URL("./export.worker.ts", import.meta.url), {
    type: "module",
    name: "tapesync-export",
  });
  const remote = wrap<ExportWorkerApi>(worker);
  return {
    exportTake: async (take, target, onProgress, signal) => {
      const cancel = () => void remote.cancel(take);
      signal.addEventListener("abort", cancel, { once: true });
      try {
        return await remote.exportTake({ take, target }, proxy(onProgress));
      } finally {
        signal.removeEventListener("abort", cancel);
      }
    },
    discard: (take) => remote.discard(take),
  };
}
