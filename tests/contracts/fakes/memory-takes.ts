import { StorageError } from "#core/ports/storage-error.ts";
import type { TakeRepo, TakeTotals } from "#core/ports/take-repo.ts";
import { preferredSeat } from "#core/room/preferred-seat.ts";
import type { TakeId, TrackId } from "#protocol/ids.ts";
import type { EpochRow, SeatRow, TakeRow, TrackRow } from "#protocol/take-manifest.ts";

/** The manifest in memory. Held to the same contract as the real one. */
export function memoryTakes(): TakeRepo {
  const seats = new Map<string, SeatRow>();
  const takes = new Map<TakeId, TakeRow>();
  const tracks = new Map<TrackId, TrackRow>();
  const epochs = new Map<string, EpochRow>();
  const rows = (): EpochRow[] => [...epochs.values()].sort(inOrder);
  const pending = (): EpochRow[] => rows().filter((row) => row.receiptMs === null);
  return {
    seats: async () => [...seats.values()],
    seat: async (room, participant) => {
      const inRoom = [...seats.values()].filter((seat) => seat.room === room);
      return participant === undefined
        ? preferredSeat(inRoom)
        : inRoom.find((seat) => seat.participant === participant);
    },
    putSeat: async (seat) => {
      seats.delete(`${seat.room}/`);
      seats.set(`${seat.room}/${seat.participant ?? ""}`, seat);
    },
    takes: async () => [...takes.values()],
    take: async (take) => takes.get(take),
    putTake: async (take) => {
      takes.set(take.take, take);
    },
    assignRoom: async (take, room, participant) => {
      takes.set(take, { ...known(takes.get(take), take), room, participant });
    },
    tracks: async (take) => [...tracks.values()].filter((track) => track.take === take),
    putTrack: async (track) => {
      tracks.set(track.track, track);
    },
    markSealed: async (track) => {
      tracks.set(track, { ...known(tracks.get(track), track), sealed: true });
    },
    epochs: async (track) => rows().filter((row) => row.track === track),
    addEpoch: async (epoch) => {
      const there = epochs.get(keyOf(epoch));
      if (there !== undefined && there.sha256 !== epoch.sha256) throw StorageError.conflict(keyOf(epoch));
      if (there === undefined) epochs.set(keyOf(epoch), epoch);
    },
    pending: async (limit) => pending().slice(0, limit),
    pendingTotals: async () => ({ epochs: pending().length, bytes: bytesOf(pending()) }),
    totals: async (take) => totalsOf(rows().filter((row) => row.take === take)),
    trackTotals: async (track) => totalsOf(rows().filter((row) => row.track === track)),
    markReceived: async (track, seq, sha256, atMs) => {
      const row = known(epochs.get(keyOf({ track, seq })), keyOf({ track, seq }));
      if (row.sha256 !== sha256) throw StorageError.conflict(keyOf(row));
      epochs.set(keyOf(row), { ...row, receiptMs: row.receiptMs ?? atMs });
    },
    deleteTake: async (take) => {
      takes.delete(take);
      for (const track of [...tracks.values()]) if (track.take === take) tracks.delete(track.track);
      for (const row of rows()) if (row.take === take) epochs.delete(keyOf(row));
    },
  };
}

const keyOf = (row: { readonly track: TrackId; readonly seq: number }): string => `${row.track}/${row.seq}`;

function known<Row>(row: Row | undefined, what: string): Row {
  if (row === undefined) throw StorageError.missing(what);
  return row;
}

function totalsOf(all: readonly EpochRow[]): TakeTotals {
  const left = all.filter((row) => row.receiptMs === null);
  return { epochs: all.length, bytes: bytesOf(all), pendingEpochs: left.length, pendingBytes: bytesOf(left) };
}

function bytesOf(rows: readonly EpochRow[]): number {
  return rows.reduce((sum, row) => sum + row.bytes, 0);
}

function inOrder(a: EpochRow, b: EpochRow): number {
  if (a.take !== b.take) return a.take < b.take ? -1 : 1;
  if (a.track !== b.track) return a.track < b.track ? -1 : 1;
  return a.seq - b.seq;
}
