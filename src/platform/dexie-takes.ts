import Dexie from "dexie";
import * as v from "valibot";
import { StorageError } from "#core/ports/storage-error.ts";
import type { TakeRepo, TakeTotals } from "#core/ports/take-repo.ts";
import { preferredSeat } from "#core/room/preferred-seat.ts";
import type { ParticipantId, RoomId, Sha256, TakeId, TrackId } from "#protocol/ids.ts";
import {
  type EpochRow,
  epochRow,
  seatRow,
  type TakeRow,
  takeRow,
  type TrackRow,
  trackRow,
} from "#protocol/take-manifest.ts";
import { count } from "#protocol/units.ts";
import { type ManifestDatabase, openManifest } from "./dexie-schema.ts";

/** Totals of one track, kept beside its epochs so that asking for them reads one row. */
const countsRow = v.object({
  track: v.string(),
  take: v.string(),
  epochs: count,
  bytes: count,
  pendingEpochs: count,
  pendingBytes: count,
});
type CountsRow = v.InferOutput<typeof countsRow>;

const NOTHING: TakeTotals = { epochs: 0, bytes: 0, pendingEpochs: 0, pendingBytes: 0 };

export interface DexieTakesOptions {
  /** Another name keeps tests apart. */
  readonly database?: ManifestDatabase;
  /** Hears of rows that no schema understands; they are left out of lists and left on disk. */
  readonly onUnreadable?: (table: string, row: unknown) => void;
}

/** The manifest in IndexedDB, strict: a write that has resolved survives a power cut. */
export function dexieTakes(options: DexieTakesOptions = {}): TakeRepo & { close(): void } {
  const db = options.database ?? openManifest();
  const report = options.onUnreadable ?? (() => {});
  return {
    ...seatsOf(db, report),
    ...takesOf(db, report),
    ...epochsOf(db, report),
    close: () => db.close(),
  };
}

type Report = (table: string, row: unknown) => void;
type Part<Names extends keyof TakeRepo> = Pick<TakeRepo, Names>;

function readable<Schema extends v.GenericSchema>(
  schema: Schema,
  table: string,
  rows: readonly unknown[],
  report: Report,
): v.InferOutput<Schema>[] {
  const good: v.InferOutput<Schema>[] = [];
  for (const row of rows) {
    const parsed = v.safeParse(schema, row);
    if (parsed.success) good.push(parsed.output);
    else report(table, row);
  }
  return good;
}

function one<Schema extends v.GenericSchema>(
  schema: Schema,
  what: string,
  row: unknown,
): v.InferOutput<Schema> | undefined {
  if (row === undefined) return undefined;
  const parsed = v.safeParse(schema, row);
  if (!parsed.success) throw StorageError.unreadable(what, new v.ValiError(parsed.issues));
  return parsed.output;
}

function seatKey(room: RoomId, participant: ParticipantId | null): string {
  return `${room}/${participant ?? ""}`;
}

function seatsOf(db: ManifestDatabase, report: Report): Part<"seats" | "seat" | "putSeat"> {
  return {
    seats: async () => readable(seatRow, "seats", await guarded(() => db.seats.toArray()), report),
    seat: async (room, participant) => {
      if (participant !== undefined) {
        return one(seatRow, `the seat in room ${room}`, await guarded(() => db.seats.get(seatKey(room, participant))));
      }
      const rows = await guarded(() => db.seats.where("room").equals(room).toArray());
      return preferredSeat(readable(seatRow, "seats", rows, report));
    },
    putSeat: async (seat) => {
      const row = { ...v.parse(seatRow, seat), seat: seatKey(seat.room, seat.participant) };
      await guarded(() =>
        db.transaction("rw", db.seats, async () => {
          if (seat.participant !== null) await db.seats.delete(seatKey(seat.room, null));
          await db.seats.put(row);
        }),
      );
    },
  };
}

function takesOf(
  db: ManifestDatabase,
  report: Report,
): Part<
  | "takes"
  | "take"
  | "putTake"
  | "assignRoom"
  | "tracks"
  | "putTrack"
  | "markSealed"
  | "totals"
  | "trackTotals"
  | "deleteTake"
> {
  return {
    takes: async () => readable(takeRow, "takes", await guarded(() => db.takes.toArray()), report),
    take: async (take) => one(takeRow, `take ${take}`, await guarded(() => db.takes.get(take))),
    putTake: async (take) => {
      await guarded(() => db.takes.put(v.parse(takeRow, take)));
    },
    assignRoom: (take, room, participant) => guarded(() => assignRoom(db, take, room, participant)),
    tracks: async (take) =>
      readable(trackRow, "tracks", await guarded(() => db.tracks.where("take").equals(take).toArray()), report),
    putTrack: async (track) => {
      await guarded(() => db.tracks.put(v.parse(trackRow, track)));
    },
    markSealed: (track) => guarded(() => markSealed(db, track)),
    totals: async (take) => {
      const rows = await guarded(() => db.counts.where("take").equals(take).toArray());
      return sumOf(readable(countsRow, "counts", rows, report));
    },
    trackTotals: async (track) => {
      const row = one(countsRow, `the totals of track ${track}`, await guarded(() => db.counts.get(track)));
      return row === undefined ? NOTHING : sumOf([row]);
    },
    deleteTake: (take) => guarded(() => deleteTake(db, take)),
  };
}

function epochsOf(
  db: ManifestDatabase,
  report: Report,
): Part<"epochs" | "addEpoch" | "pending" | "pendingTotals" | "markReceived"> {
  const pendingRows = (limit: number): Promise<unknown[]> =>
    db.epochs
      .where("[pending+take+track+seq]")
      .between([1, Dexie.minKey, Dexie.minKey, Dexie.minKey], [1, Dexie.maxKey, Dexie.maxKey, Dexie.maxKey])
      .limit(limit)
      .toArray();
  return {
    epochs: async (track) => {
      const range = db.epochs.where("[track+seq]").between([track, Dexie.minKey], [track, Dexie.maxKey]);
      return readable(epochRow, "epochs", await guarded(() => range.toArray()), report);
    },
    addEpoch: (epoch) => guarded(() => addEpoch(db, v.parse(epochRow, epoch))),
    pending: async (limit) => readable(epochRow, "epochs", await guarded(() => pendingRows(limit)), report),
    pendingTotals: async () => {
      const rows = readable(countsRow, "counts", await guarded(() => db.counts.toArray()), report);
      return {
        epochs: rows.reduce((sum, row) => sum + row.pendingEpochs, 0),
        bytes: rows.reduce((sum, row) => sum + row.pendingBytes, 0),
      };
    },
    markReceived: (track, seq, hash, atMs) => guarded(() => markReceived(db, track, seq, hash, atMs)),
  };
}

function sumOf(rows: readonly CountsRow[]): TakeTotals {
  return rows.reduce(
    (sum, row) => ({
      epochs: sum.epochs + row.epochs,
      bytes: sum.bytes + row.bytes,
      pendingEpochs: sum.pendingEpochs + row.pendingEpochs,
      pendingBytes: sum.pendingBytes + row.pendingBytes,
    }),
    NOTHING,
  );
}

function assignRoom(db: ManifestDatabase, take: TakeId, room: RoomId, participant: ParticipantId): Promise<void> {
  return db.transaction("rw", db.takes, async () => {
    const row: TakeRow | undefined = one(takeRow, `take ${take}`, await db.takes.get(take));
    if (row === undefined) throw StorageError.missing(`take ${take}`);
    await db.takes.put({ ...row, room, participant });
  });
}

function markSealed(db: ManifestDatabase, track: TrackId): Promise<void> {
  return db.transaction("rw", db.tracks, async () => {
    const row: TrackRow | undefined = one(trackRow, `track ${track}`, await db.tracks.get(track));
    if (row === undefined) throw StorageError.missing(`track ${track}`);
    await db.tracks.put({ ...row, sealed: true });
  });
}

function addEpoch(db: ManifestDatabase, epoch: EpochRow): Promise<void> {
  return db.transaction("rw", db.epochs, db.counts, async () => {
    const what = `epoch ${epoch.seq} of track ${epoch.track}`;
    const there: EpochRow | undefined = one(epochRow, what, await db.epochs.get([epoch.track, epoch.seq]));
    if (there !== undefined) {
      if (there.sha256 !== epoch.sha256) throw StorageError.conflict(what);
      return;
    }
    const pending = epoch.receiptMs === null;
    await db.epochs.add(pending ? { ...epoch, pending: 1 } : epoch);
    await changeCounts(db, epoch, (counts) => ({
      ...counts,
      epochs: counts.epochs + 1,
      bytes: counts.bytes + epoch.bytes,
      pendingEpochs: counts.pendingEpochs + (pending ? 1 : 0),
      pendingBytes: counts.pendingBytes + (pending ? epoch.bytes : 0),
    }));
  });
}

function markReceived(db: ManifestDatabase, track: TrackId, seq: number, hash: Sha256, atMs: number): Promise<void> {
  return db.transaction("rw", db.epochs, db.counts, async () => {
    const what = `epoch ${seq} of track ${track}`;
    const row: EpochRow | undefined = one(epochRow, what, await db.epochs.get([track, seq]));
    if (row === undefined) throw StorageError.missing(what);
    if (row.sha256 !== hash) throw StorageError.conflict(what);
    if (row.receiptMs !== null) return;
    await db.epochs.put({ ...row, receiptMs: atMs });
    await changeCounts(db, row, (counts) => ({
      ...counts,
      pendingEpochs: counts.pendingEpochs - 1,
      pendingBytes: counts.pendingBytes - row.bytes,
    }));
  });
}

async function changeCounts(
  db: ManifestDatabase,
  { take, track }: Pick<EpochRow, "take" | "track">,
  change: (counts: CountsRow) => CountsRow,
): Promise<void> {
  const there = one(countsRow, "the totals of a track", await db.counts.get(track));
  await db.counts.put(change(there ?? { track, take, ...NOTHING }));
}

function deleteTake(db: ManifestDatabase, take: TakeId): Promise<void> {
  return db.transaction("rw", db.takes, db.tracks, db.epochs, db.counts, async () => {
    await db.epochs.where("take").equals(take).delete();
    await db.tracks.where("take").equals(take).delete();
    await db.counts.where("take").equals(take).delete();
    await db.takes.delete(take);
  });
}

/** A full disk fails transactions in several ways; all of them become `full`. */
async function guarded<Value>(work: () => PromiseLike<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (isFull(error)) throw StorageError.full(error);
    throw error;
  }
}

function isFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === "QuotaExceededError") return true;
  const inner = "inner" in error ? error.inner : undefined;
  return inner instanceof Error && inner.name === "QuotaExceededError";
}
