import type { TakeId } from "#protocol/ids.ts";
import { createViewCell, type ViewSource } from "./view-source.ts";

/** How far an export is; `file` is the one that is being written. */
export interface ExportProgress {
  readonly fraction: number;
  readonly file: string;
}

/** Makes the files of a take on this device and hands them to the person. */
export interface TakeExporter {
  /**
   * Called within the press, since it may open a save dialog. Resolves to `false` when the person closed that dialog.
   * Rejects with the signal's reason when it was aborted: nothing half-written is left then.
   */
  exportTake(take: TakeId, progress: (now: ExportProgress) => void, signal: AbortSignal): Promise<boolean>;
}

export interface TakeExportState {
  readonly exporting?: ExportProgress;
  /** Why the last export failed, one sentence. */
  readonly failed?: string;
}

/** The exports of this page by take. They go on when their screen is left. */
export interface TakeExports {
  readonly view: ViewSource<Readonly<Record<string, TakeExportState>>>;
  /** Call within the press. A second call while one runs does nothing. */
  start(take: TakeId): void;
  cancel(take: TakeId): void;
}

export function createTakeExports(exporter: TakeExporter): TakeExports {
  const view = createViewCell<Readonly<Record<string, TakeExportState>>>({});
  const running = new Map<TakeId, AbortController>();
  const show = (take: TakeId, state: TakeExportState | undefined): void =>
    view.update(({ [take]: _before, ...others }) => (state === undefined ? others : { ...others, [take]: state }));
  const run = async (take: TakeId, abort: AbortController): Promise<void> => {
    try {
      // no await before this call: it has to happen within the press
      await exporter.exportTake(take, (now) => abort.signal.aborted || show(take, { exporting: now }), abort.signal);
      show(take, undefined);
    } catch (error) {
      // a stopped export is what the person asked for, not a failure
      show(take, abort.signal.aborted ? undefined : { failed: sentenceOf(error) });
    } finally {
      running.delete(take);
    }
  };
  return {
    view,
    start(take) {
      if (running.has(take)) return;
      const abort = new AbortController();
      running.set(take, abort);
      show(take, { exporting: { fraction: 0, file: "" } });
      void run(take, abort);
    },
    cancel(take) {
      running.get(take)?.abort(new DOMException("the export was stopped", "AbortError"));
    },
  };
}

function sentenceOf(error: unknown): string {
  const text = error instanceof Error && error.message !== "" ? error.message : String(error);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
