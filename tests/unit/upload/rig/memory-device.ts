import { createHash } from "node:crypto";
import type { EpochRef, EpochStore } from "#core/ports/epoch-store.ts";
import type { Hasher } from "#core/ports/hasher.ts";
import { StorageError } from "#core/ports/storage-error.ts";
import type { TakeRepo, TakeTotals } from "#core/ports/take-repo.ts";
import { preferredSeat } from "#core/room/preferred-seat.ts";
import type { ParticipantId, RoomId, Sha256, TakeId, TrackId } from "#protocol/ids.ts";
import type { EpochRow, SeatRow, TakeRow, TrackRow } from "#protocol/take-manifest.ts";

/** A file whose bytes come without a detour, so that virtual time stays in order. */
export class MemoryFile extends Blob {
  readonly content: Uint8Array<ArrayBuffer>;

  constructor(content: Uint8Array) {
    const own = new Uint8Array(content);
    super([own]);
    this.content = own;
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    return this.content.buffer;
  }
}

export const nodeHasher: Hasher = {
  async sha256(bytes) {
    return hashOf(bytes);
  },
};

export function hashOf(bytes: Uint8Array): Sha256 {
  return createHash("sha256").update(bytes).digest("hex") as Sha256;
}

/** The journal in memory. `files` may be tampered with. */
export class MemoryStore implements EpochStore {
  readonly files = new Map<string, Uint8Array>();
  reads = 0;

  async write(ref: EpochRef, bytes: Uint8Array): Promise<void> {
    this.files.set(nameOf(ref), bytes);
  }

  async read(ref: EpochRef): Promise<Blob> {
    this.reads += 1;
    const bytes = this.files.get(nameOf(ref));
    if (!bytes) throw StorageError.missing(nameOf(ref));
    return new MemoryFile(bytes);
  }

  async list(): Promise<readonly EpochRef[]> {
    throw new Error("the upload never lists the journal");
  }

  async discard(): Promise<void> {
    throw new Error("the upload never deletes an epoch");
  }

  async discardTake(): Promise<void> {
    throw new Error("the upload never deletes a take");
  }
}

export function nameOf(ref: { readonly track: TrackId; readonly seq: number }): string {
  return `${ref.track}/${ref.seq}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The manifest in memory, with the checks of the real one. */
export class MemoryRepo implements TakeRepo {
  readonly seatRows = new Map<string, SeatRow>();
  readonly takeRows = new Map<TakeId, TakeRow>();
  readonly trackRows = new Map<TrackId, TrackRow>();
  readonly epochRows = new Map<string, EpochRow>();

  async seats(): Promise<readonly SeatRow[]> {
    return [...this.seatRows.values()];
  }

  async seat(room: RoomId, participant?: ParticipantId): Promise<SeatRow | undefined> {
    const inRoom = [...this.seatRows.values()].filter((seat) => seat.room === room);
    return participant === undefined ? preferredSeat(inRoom) : inRoom.find((seat) => seat.participant === participant);
  }

  async putSeat(seat: SeatRow): Promise<void> {
    this.laySeat(seat);
  }

  laySeat(seat: SeatRow): void {
    this.seatRows.delete(`${seat.room}/`);
    this.seatRows.set(`${seat.room}/${seat.participant ?? ""}`, seat);
  }

  /** The only seat, for tests that have one. */
  oneSeat(): SeatRow | undefined {
    return [...this.seatRows.values()][0];
  }

  async takes(): Promise<readonly TakeRow[]> {
    return [...this.takeRows.values()];
  }

  async take(take: TakeId): Promise<TakeRow | undefined> {
    return this.takeRows.get(take);
  }

  async putTake(take: TakeRow): Promise<void> {
    this.takeRows.set(take.take, take);
  }

  async assignRoom(take: TakeId, room: RoomId, participant: ParticipantId): Promise<void> {
    const row = this.takeRows.get(take);
    if (!row) throw StorageError.missing(take);
    this.takeRows.set(take, { ...row, room, participant });
  }

  async tracks(take: TakeId): Promise<readonly TrackRow[]> {
    return [...this.trackRows.values()].filter((row) => row.take === take);
  }

  async putTrack(track: TrackRow): Promise<void> {
    this.trackRows.set(track.track, track);
  }

  async markSealed(track: TrackId): Promise<void> {
    const row = this.trackRows.get(track);
    if (!row) throw StorageError.missing(track);
    this.trackRows.set(track, { ...row, sealed: true });
  }

  async epochs(track: TrackId): Promise<readonly EpochRow[]> {
    return [...this.epochRows.values()].filter((row) => row.track === track).sort((a, b) => a.seq - b.seq);
  }

  async addEpoch(epoch: EpochRow): Promise<void> {
    const there = this.epochRows.get(nameOf(epoch));
    if (there && there.sha256 !== epoch.sha256) throw StorageError.conflict(nameOf(epoch));
    if (!there) this.epochRows.set(nameOf(epoch), epoch);
  }

  async pending(limit: number): Promise<readonly EpochRow[]> {
    return this.left().slice(0, limit);
  }

  async pendingTotals(): Promise<{ epochs: number; bytes: number }> {
    const left = this.left();
    return { epochs: left.length, bytes: left.reduce((total, row) => total + row.bytes, 0) };
  }

  async totals(take: TakeId): Promise<TakeTotals> {
    return this.#sum((row) => row.take === take);
  }

  async trackTotals(track: TrackId): Promise<TakeTotals> {
    return this.#sum((row) => row.track === track);
  }

  #sum(fits: (row: EpochRow) => boolean): TakeTotals {
    const rows = [...this.epochRows.values()].filter(fits);
    const left = rows.filter((row) => row.receiptMs === null);
    const bytesOf = (some: readonly EpochRow[]): number => some.reduce((total, row) => total + row.bytes, 0);
    return { epochs: rows.length, bytes: bytesOf(rows), pendingEpochs: left.length, pendingBytes: bytesOf(left) };
  }

  left(): EpochRow[] {
    return [...this.epochRows.values()]
      .filter((row) => row.receiptMs === null)
      .sort((a, b) => compare(a.take, b.take) || compare(a.track, b.track) || a.seq - b.seq);
  }

  async markReceived(track: TrackId, seq: number, sha256: Sha256, atMs: number): Promise<void> {
    const row = this.epochRows.get(nameOf({ track, seq }));
    if (!row) throw StorageError.missing(nameOf({ track, seq }));
    if (row.sha256 !== sha256) throw StorageError.conflict(nameOf({ track, seq }));
    if (row.receiptMs === null) this.epochRows.set(nameOf(row), { ...row, receiptMs: atMs });
  }

  async deleteTake(take: TakeId): Promise<void> {
    this.takeRows.delete(take);
    for (const row of this.trackRows.values()) if (row.take === take) this.trackRows.delete(row.track);
    for (const row of this.epochRows.values()) if (row.take === take) this.epochRows.delete(nameOf(row));
  }
}
