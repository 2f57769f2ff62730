import type { TakeRepo, TakeTotals } from "#core/ports/take-repo.ts";
import type { SeatRow, TakeRow, TrackRow } from "#protocol/take-manifest.ts";

/** One take of this device without its epochs: quick to read, however long the take is. */
export interface DeviceTake {
  readonly row: TakeRow;
  readonly seat: SeatRow | undefined;
  readonly tracks: readonly TrackRow[];
  readonly totals: TakeTotals;
}

/** All takes of this device, the newest first. */
export async function readDeviceTakes(repo: TakeRepo): Promise<readonly DeviceTake[]> {
  const [rows, seats] = await Promise.all([repo.takes(), repo.seats()]);
  const takes = await Promise.all(
    rows.map(async (row): Promise<DeviceTake> => {
      const [tracks, totals] = await Promise.all([repo.tracks(row.take), repo.totals(row.take)]);
      return { row, seat: seats.find((seat) => seat.room === row.room), tracks, totals };
    }),
  );
  return takes.sort((a, b) => b.row.startedMs - a.row.startedMs);
}

/** ms from the first track's zero to the last track's end, near enough for a list; `undefined` before a track has closed. */
export function roughLengthMs(tracks: readonly TrackRow[]): number | undefined {
  const ended = tracks.filter((track) => track.endUs !== null);
  if (ended.length === 0) return undefined;
  const first = Math.min(...ended.map((track) => track.trackZeroUs));
  return Math.max(0, ...ended.map((track) => track.trackZeroUs - first + (track.endUs ?? 0))) / 1000;
}
