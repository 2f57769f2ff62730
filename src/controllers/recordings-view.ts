import type { SourceName } from "./problem-view.ts";
import type { LanesView, TapeView } from "./tape-view.ts";
import type { ViewSource } from "./view-source.ts";

export type LocalTakeState =
  | { readonly kind: "recording" }
  | { readonly kind: "uploading"; readonly fraction: number; readonly etaMs?: number }
  | { readonly kind: "waiting"; readonly fraction: number }
  /** No server knows of it. */
  | { readonly kind: "local" }
  | { readonly kind: "safe"; readonly keptUntilMs?: number };

export interface LocalTakeView {
  readonly id: string;
  readonly title: string;
  /** Wall clock, ms since 1970. */
  readonly atMs: number;
  readonly lengthMs: number;
  readonly bytes: number;
  readonly sources: readonly SourceName[];
  readonly alone: boolean;
  readonly state: LocalTakeState;
  /** A crash ended it; at most this much is missing at the end, ms. */
  readonly cutShort?: { readonly missingMs: number };
  /** Total of the declared gaps, ms, without `cutShort`. */
  readonly gapMs: number;
  readonly lostMs: number;
  readonly tape: TapeView;
  /** Absent until the peaks have been read from the track. */
  readonly lanes?: LanesView;
  readonly exporting?: {
    readonly fraction: number;
    /** Name of the file that is being written. */
    readonly file: string;
  };
  /** Why the last export failed, one sentence. */
  readonly exportFailed?: string;
  /** Exports page of its room. */
  readonly exportsHref?: string;
}

export interface RecordingsView {
  readonly loading: boolean;
  readonly takes: readonly LocalTakeView[];
  readonly bytesUsed: number;
  readonly bytesFree?: number;
  readonly offline: boolean;
}

export interface RecordingsModel {
  readonly view: ViewSource<RecordingsView>;
  /** Call within the press: it may open a save dialog. */
  exportTake(take: string): void;
  cancelExport(take: string): void;
  /** The page has asked already. */
  deleteTake(take: string): void;
  /** A take's lane comes into view: its peaks may be computed. */
  wantLanes?(take: string): void;
  close?(): void;
}
