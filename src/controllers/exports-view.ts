import type { Problem } from "./problem-view.ts";
import type { LanesView } from "./tape-view.ts";
import type { ViewSource } from "./view-source.ts";

export interface ExportFileView {
  /** The file's name; the link's whole accessible name. */
  readonly name: string;
  readonly href: string;
  readonly bytes: number;
  readonly kind: "video" | "audio" | "screen" | "timeline" | "manifest" | "checksums" | "other";
  /** "Camera and microphone, 1080p30, from 1:12"; the page has a sentence of its own when absent. */
  readonly what?: string;
}

export type JobStepName = "arrived" | "checked" | "masters" | "timeline" | "checksums";

export interface JobStepView {
  readonly name: JobStepName;
  readonly state: "done" | "now" | "later";
  /** 0 to 1 while `now`. */
  readonly fraction?: number;
  /** "2 of 3", "1,560". */
  readonly figure?: string;
}

/** Who has not delivered everything yet. */
export interface MissingView {
  readonly id: string;
  readonly name: string;
  /** Has not sealed all tracks, or pieces are missing. */
  readonly epochsMissing?: number;
  readonly etaMs?: number;
  readonly reachable: boolean;
}

export type ExportState =
  /** The take runs, or pieces still arrive. */
  | { readonly kind: "arriving"; readonly recording: boolean; readonly missing: readonly MissingView[] }
  | { readonly kind: "queued" }
  | { readonly kind: "making"; readonly steps: readonly JobStepView[]; readonly etaMs?: number }
  | {
      readonly kind: "failed";
      /** One sentence, e.g. "Epoch 412 of Marek's camera does not match its checksum." */
      readonly why: string;
      /** The job can leave the broken part out. */
      readonly canDeliverWithout: boolean;
      /** When it tries again by itself, seconds. */
      readonly retryInS?: number;
    }
  | { readonly kind: "ready" };

export interface ExportTakeView {
  readonly id: string;
  readonly number: number;
  readonly atMs: number;
  readonly lengthMs: number;
  readonly people: number;
  readonly bytes: number;
  readonly state: ExportState;
  readonly files: readonly ExportFileView[];
  /** "All as a ZIP"; absent until files are there. */
  readonly downloadAllHref?: string;
  /** Every epoch verified from device to file. */
  readonly verified: boolean;
  /** Largest uncertainty between any two tracks, ms; absent when unknown. */
  readonly syncWithinMs?: number;
  readonly gaps: readonly {
    readonly id: string;
    readonly who: string;
    readonly what: string;
    readonly atMs: number;
    readonly lengthMs: number;
    /** The participant had it switched off: declared, and no loss. */
    readonly off?: boolean;
  }[];
  /** Delivered though not everything had arrived. */
  readonly incomplete: boolean;
  readonly lanes?: LanesView;
  /** Deletion by retention, ms since 1970. */
  readonly expiresAtMs?: number;
}

export interface EditorLinkView {
  readonly id: string;
  readonly madeAtMs: number;
  readonly expiresAtMs: number;
}

export interface ExportsView {
  readonly loading: boolean;
  /** `editor` shows files and nothing else: no way into the room. */
  readonly mode: "host" | "guest" | "editor";
  readonly room: string;
  readonly title: string;
  readonly takes: readonly ExportTakeView[];
  /** Host only; empty otherwise. */
  readonly editorLinks: readonly EditorLinkView[];
  /** The page cannot show anything: link expired or revoked, room gone, no right. */
  readonly refused?: "link-expired" | "room-not-found" | "not-allowed";
  readonly problem?: Problem;
}

export interface ExportsModel {
  readonly view: ViewSource<ExportsView>;
  /** Makes a link and puts it onto the clipboard; resolves to the link, which the page shows if copying failed. */
  copyEditorLink(): Promise<{ readonly link: string; readonly copied: boolean }>;
  revokeEditorLink(id: string): void;
  /** "Deliver what is there" (also "Deliver without it"). */
  deliverWhatIsThere(take: string): void;
  tryAgain(take: string): void;
  deleteTake(take: string): void;
  close?(): void;
}
