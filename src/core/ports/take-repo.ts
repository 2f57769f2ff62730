import type { ParticipantId, RoomId, Sha256, TakeId, TrackId } from "#protocol/ids.ts";
import type { EpochRow, SeatRow, TakeRow, TrackRow } from "#protocol/take-manifest.ts";

/** How much of a take is kept here, and how much of that has no receipt yet. */
export interface TakeTotals {
  readonly epochs: number;
  readonly bytes: number;
  readonly pendingEpochs: number;
  readonly pendingBytes: number;
}

/**
 * The manifest: what this device knows of its takes. Every method that writes resolves only when the write is on
 * disk (strict durability). Contract: tests/contracts/take-repo.contract.ts, rules TR1….
 */
export interface TakeRepo {
  seats(): Promise<readonly SeatRow[]>;
  /**
   * This device's seat in a room: that of `participant`, or, without one, the preferred of them (see `preferredSeat`).
   * Two windows of one browser may be two people in one room.
   */
  seat(room: RoomId, participant?: ParticipantId): Promise<SeatRow | undefined>;
  /** Keyed by room and participant. A seat that has been taken replaces the room's seat without a participant. */
  putSeat(seat: SeatRow): Promise<void>;

  takes(): Promise<readonly TakeRow[]>;
  take(take: TakeId): Promise<TakeRow | undefined>;
  putTake(take: TakeRow): Promise<void>;
  /** For a take recorded alone: the room that the upload made for it. */
  assignRoom(take: TakeId, room: RoomId, participant: ParticipantId): Promise<void>;

  tracks(take: TakeId): Promise<readonly TrackRow[]>;
  putTrack(track: TrackRow): Promise<void>;
  markSealed(track: TrackId): Promise<void>;

  /** Ascending by seq. */
  epochs(track: TrackId): Promise<readonly EpochRow[]>;
  /** The row of an epoch whose bytes are already flushed. The same row again is no error; another hash throws. */
  addEpoch(epoch: EpochRow): Promise<void>;
  /** Epochs without a receipt, ascending by take, track and seq; at most `limit`. */
  pending(limit: number): Promise<readonly EpochRow[]>;
  /** Over all takes on this device; as quick with 100,000 epochs as with one. */
  pendingTotals(): Promise<{ epochs: number; bytes: number }>;
  /** Of one take; all zero for a take that is not known. */
  totals(take: TakeId): Promise<TakeTotals>;
  /** Of one track; all zero for a track that is not known. */
  trackTotals(track: TrackId): Promise<TakeTotals>;
  /** Only ever called with the hash that a receipt named; throws when it is not the row's. */
  markReceived(track: TrackId, seq: number, sha256: Sha256, atMs: number): Promise<void>;

  deleteTake(take: TakeId): Promise<void>;
}
