import type { TakeExporter } from "#controllers/take-exports.ts";
import type { ExportClient } from "#workers/export/export-client.ts";

/** A download that the browser has begun reads its file a while longer. */
const KEPT_AFTER_MS = 60_000;

/**
 * Exports by the export worker: the masters are streamed into this origin's own file system and then downloaded as files.
 * No save dialog: it exists in one family of browsers only, and a take may be more than one file.
 */
export function pageExporter(report: (error: unknown) => void): TakeExporter {
  let client: Promise<ExportClient> | undefined;
  return {
    async exportTake(take, progress, signal) {
      client ??= import("#workers/export/export-client.ts").then((module) => module.createExportClient());
      const exporter = await client;
      const done = await exporter.exportTake(take, { kind: "origin" }, progress, signal);
      if (!done.ok) {
        signal.throwIfAborted();
        throw new Error(done.failure.message);
      }
      for (const { name, file } of done.value.files) if (file !== null) download(name, file);
      setTimeout(() => exporter.discard(take).catch(report), KEPT_AFTER_MS);
      return true;
    },
  };
}

function download(name: string, file: Blob): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_AFTER_MS);
}
