import { type DeliverySink, deliverTake } from "#media/deliver-take.ts";
import { DeliveryError } from "#media/delivery-error.ts";
import type { HashBytes } from "#media/epoch-reader.ts";
import { failed, ok, type Result, toFailure } from "#protocol/errors.ts";
import type {
  ExportDone,
  ExportProgressReport,
  ExportReason,
  ExportRequest,
  ExportTarget,
  ExportWorkerApi,
} from "#protocol/export-rpc.ts";
import type { TakeId } from "#protocol/ids.ts";
import { type JournalPorts, journalSources } from "./journal-sources.ts";

/** Files of one export. */
export interface ExportSink extends DeliverySink {
  /** A finished file, if it lies in the origin's file system. */
  fileOf(name: string): Promise<Blob | null>;
  /** Removes the finished files of an export that failed later on. */
  removeAll(): Promise<void>;
}

export interface ExportPorts extends JournalPorts {
  readonly hash: HashBytes;
  readonly openSink: (take: TakeId, target: ExportTarget) => Promise<ExportSink>;
  readonly discard: (take: TakeId) => Promise<void>;
}

/** Reading the heads takes about this part of an export's time. */
const READING = 0.05;

/** Heads asked for at once; reads of one disk gain little from more. */
const PARALLEL = 4;

/** Makes a take's masters on this device. Memory stays at a few epochs, however long the take is. */
export function createExportService(ports: ExportPorts): ExportWorkerApi {
  const running = new Map<TakeId, AbortController>();
  return {
    exportTake: async (request, onProgress) => {
      const abort = new AbortController();
      running.get(request.take)?.abort(DeliveryError.cancelled());
      running.set(request.take, abort);
      try {
        return await runExport(ports, request, onProgress, abort.signal);
      } finally {
        if (running.get(request.take) === abort) running.delete(request.take);
      }
    },
    cancel: (take) => running.get(take)?.abort(DeliveryError.cancelled()),
    discard: (take) => ports.discard(take),
  };
}

async function runExport(
  ports: ExportPorts,
  { take, target }: ExportRequest,
  onProgress: (progress: ExportProgressReport) => void,
  signal: AbortSignal,
): Promise<Result<ExportDone, ExportReason>> {
  let sink: ExportSink | null = null;
  try {
    const row = await ports.repo.take(take);
    if (!row) return failed({ reason: "no-such-take", severity: "note", message: "This take is not on this device." });
    const sources = await journalSources(row, ports);
    sink = await ports.openSink(take, target);
    const { files, manifest } = await deliverTake(sources, sink, {
      hash: ports.hash,
      files: "masters",
      parallel: PARALLEL,
      signal,
      onProgress: ({ stage, fraction, file }) =>
        onProgress({
          fraction: stage === "reading" ? fraction * READING : READING + fraction * (1 - READING),
          file: file ?? "",
        }),
    });
    const done: ExportDone["files"][number][] = [];
    for (const { name, bytes } of files) done.push({ name, bytes, file: await sink.fileOf(name) });
    const gaps = manifest.participants.flatMap((person) => person.tracks.flatMap((track) => track.gaps));
    const unusable = gaps.filter((gap) => gap.reason === "missing-epoch" || gap.reason === "corrupt-epoch").length;
    return ok({ files: done, unusable });
  } catch (error) {
    await sink?.removeAll();
    return failed({ ...toFailure(error), reason: reasonOf(error, signal) });
  }
}

function reasonOf(error: unknown, signal: AbortSignal): ExportReason {
  if (signal.aborted) return "cancelled";
  if (error instanceof DeliveryError) return error.reason;
  return error instanceof Error && error.name === "QuotaExceededError" ? "storage-full" : "unexpected";
}
