import type { Result } from "./errors.ts";
import type { TakeId } from "./ids.ts";

/** Between the page and its export worker, over Comlink. Both ends come from one build, so types are enough. */

/**
 * Where the masters go.
 * - `origin`: this origin's own file system; the answer carries each as a `File`, for a link with `download`. They
 *   are kept until `discard`, or until a worker is made after this page has gone.
 * - `folder`: a `FileSystemDirectoryHandle` that the person chose; files of the same names are replaced.
 * - `file`: a `FileSystemFileHandle` for the first file; further ones (screen, segments) go to the origin.
 */
export type ExportTarget =
  | { readonly kind: "origin" }
  | { readonly kind: "folder"; readonly handle: object }
  | { readonly kind: "file"; readonly handle: object };

export interface ExportRequest {
  readonly take: TakeId;
  readonly target: ExportTarget;
}

/**
 * - `no-such-take`: the manifest has no such take.
 * - `no-media`: not one piece of it can be used.
 * - `storage-full`: no space where the files go.
 * - `cancelled`: `cancel` was called.
 * - `unexpected`: a fault of ours, or a disk that fails.
 */
export type ExportReason = "no-such-take" | "no-media" | "storage-full" | "cancelled" | "unexpected";

export interface ExportedFile {
  readonly name: string;
  readonly bytes: number;
  /** A `File` when it lies in the origin's file system; `null` when it is where the person wanted it. */
  readonly file: object | null;
}

export interface ExportProgressReport {
  /** 0…1 of the whole export. */
  readonly fraction: number;
  /** The file that is being written; empty while the take is read. */
  readonly file: string;
}

export interface ExportDone {
  readonly files: readonly ExportedFile[];
  /** Pieces that are missing or damaged; each is a gap in the files. */
  readonly unusable: number;
}

export interface ExportWorkerApi {
  /** One export of a take at a time; `onProgress` is a Comlink proxy. Nothing half-written is left when it fails. */
  exportTake(
    request: ExportRequest,
    onProgress: (progress: ExportProgressReport) => void,
  ): Promise<Result<ExportDone, ExportReason>>;
  cancel(take: TakeId): void;
  /** Removes what exports of this take left in the origin's file system. */
  discard(take: TakeId): Promise<void>;
}
