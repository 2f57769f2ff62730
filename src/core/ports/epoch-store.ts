import type { TakeId, TrackId } from "#protocol/ids.ts";

/** Where one epoch lies. */
export interface EpochRef {
  readonly take: TakeId;
  readonly track: TrackId;
  readonly seq: number;
}

/**
 * The journal: epochs as immutable files. An epoch that `write` has resolved for is on the disk (flushed), is
 * readable after a reopen, and never changes. Contract: tests/contracts/epoch-store.contract.ts, rules ES1….
 */
export interface EpochStore {
  /**
   * Writes, flushes and closes; only then resolves. Writing the same ref again with other bytes throws.
   * @throws StorageError `full` when the device has no space: nothing is left behind. `unreadable` otherwise.
   */
  write(ref: EpochRef, bytes: Uint8Array): Promise<void>;
  /** The bytes as a file that can be a request's body without being read into memory. @throws StorageError `missing`. */
  read(ref: EpochRef): Promise<Blob>;
  /** Every epoch with at least one byte, in order of track and seq; with or without a manifest row. */
  list(take?: TakeId): Promise<readonly EpochRef[]>;
  /** Deletes one epoch. Only called when a receipt is there, or the person deletes the take. Missing is no error. */
  discard(ref: EpochRef): Promise<void>;
  /** Deletes everything of a take. */
  discardTake(take: TakeId): Promise<void>;
}
