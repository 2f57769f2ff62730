import { createTakeExports, type ExportProgress, type TakeExporter } from "#controllers/take-exports.ts";
import { createViewCell } from "#controllers/view-source.ts";
import type { EpochStore } from "#core/ports/epoch-store.ts";
import type { JournalChannel } from "#core/ports/journal-channel.ts";
import type { TakeId } from "#protocol/ids.ts";
import type { JournalMessage } from "#protocol/sw-messages.ts";
import { UNKNOWN_UPLOAD, type UploadState } from "#protocol/upload-rpc.ts";
import { MemoryRepo } from "../../upload/rig/memory-device.ts";
import { HandClock } from "./hand-clock.ts";

/** A channel whose other end is the test. */
export class HandJournal implements JournalChannel {
  readonly told: JournalMessage[] = [];
  readonly #listeners = new Set<(message: JournalMessage) => void>();

  tell(message: JournalMessage): void {
    this.told.push(message);
  }

  listen(listener: (message: JournalMessage) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  hear(message: JournalMessage): void {
    for (const listener of this.#listeners) listener(message);
  }
}

/** An exporter that goes on when the test says so. */
export class HandExporter implements TakeExporter {
  readonly started: TakeId[] = [];
  progress: (now: ExportProgress) => void = () => {};
  finish: (saved: boolean) => void = () => {};
  fail: (error: Error) => void = () => {};

  exportTake(take: TakeId, progress: (now: ExportProgress) => void, signal: AbortSignal): Promise<boolean> {
    this.started.push(take);
    this.progress = progress;
    return new Promise((resolve, reject) => {
      this.finish = resolve;
      this.fail = reject;
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }
}

/** What all screens of one device share. */
export function deviceRig() {
  const clock = new HandClock();
  const repo = new MemoryRepo();
  const journal = new HandJournal();
  const exporter = new HandExporter();
  const reported: unknown[] = [];
  const discarded: TakeId[] = [];
  const held = new Set<string>();
  const store: Pick<EpochStore, "discardTake"> = { discardTake: async (take) => void discarded.push(take) };
  return {
    clock,
    scheduler: clock,
    repo,
    journal,
    exporter,
    exports: createTakeExports(exporter),
    uploads: createViewCell<UploadState>(UNKNOWN_UPLOAD),
    online: createViewCell(true),
    store,
    discarded,
    held,
    locks: {
      tryHold: async (name: string) => {
        if (held.has(name)) return undefined;
        held.add(name);
        return () => void held.delete(name);
      },
    },
    measureSpace: async () => ({ usedBytes: 5_000_000, freeBytes: 61_000_000_000 }),
    reported,
    report: (error: unknown) => void reported.push(error),
  };
}
