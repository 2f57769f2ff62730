import { proxy, wrap } from "comlink";
import type {
  ExportDone,
  ExportProgressReport,
  ExportReason,
  ExportTarget,
  ExportWorkerApi,
} from "#protocol/export-rpc.ts";
import { ok, type Result } from "#protocol/errors.ts";
import type { TakeId } from "#protocol/ids.ts";

/** A finished master; `file` is there when the page is to hand it to the person. */
export interface ExportedMaster {
  readonly name: string;
  readonly bytes: number;
  readonly file: Blob | null;
}

export interface ExportOutcome {
  readonly files: readonly ExportedMaster[];
  /** Pieces that are missing or damaged; each is a gap in the files. */
  readonly unusable: number;
}

/** The export worker as the page sees it. It stays for as long as the page: its files are removed once it has gone. */
export interface ExportClient {
  /** Aborting stops the export; the answer is then `cancelled`. */
  exportTake(
    take: TakeId,
    target: ExportTarget,
    onProgress: (progress: ExportProgressReport) => void,
    signal: AbortSignal,
  ): Promise<Result<ExportOutcome, ExportReason>>;
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
        const done = await remote.exportTake({ take, target }, proxy(onProgress));
        return done.ok ? ok({ ...done.value, files: done.value.files.map(toMaster) }) : done;
      } finally {
        signal.removeEventListener("abort", cancel);
      }
    },
    discard: (take) => remote.discard(take),
  };
}

const toMaster = ({ name, bytes, file }: ExportDone["files"][number]): ExportedMaster => ({
  name,
  bytes,
  file: file instanceof Blob ? file : null,
});
