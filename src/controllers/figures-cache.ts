import type { TakeRepo } from "#core/ports/take-repo.ts";
import type { TakeId } from "#protocol/ids.ts";
import type { DeviceTake } from "./device-takes.ts";
import { arrivedOf, figuresOfTake, type TakeFigures } from "./tape-of-take.ts";

/**
 * Figures of takes: at once from their tracks, and in full once their epochs have been read. Those are read once for as
 * long as they stay the same: epochs never change, only receipts come, and the totals tell of these.
 */
export interface FiguresCache {
  /** The best that is known now. */
  now(take: DeviceTake): TakeFigures;
  /** Reads the epochs, if need be; afterwards `now` has the lanes too. Tens of ms per hour of media. */
  read(take: DeviceTake): Promise<void>;
  forget(take: TakeId): void;
}

export function createFiguresCache(repo: Pick<TakeRepo, "epochs">): FiguresCache {
  const known = new Map<TakeId, { readonly key: string; readonly figures: TakeFigures }>();
  return {
    now(take) {
      const before = known.get(take.row.take);
      if (before?.key === epochsKey(take)) return { ...before.figures, ...arrivedOf(take.totals) };
      const fromTracks = figuresOfTake(
        take.row,
        take.tracks.map((track) => ({ track })),
        take.totals,
      );
      // lanes of a moment ago rather than none
      return before?.figures.lanes === undefined ? fromTracks : { ...fromTracks, lanes: before.figures.lanes };
    },
    async read(take) {
      const key = epochsKey(take);
      if (known.get(take.row.take)?.key === key) return;
      const rows = await Promise.all(
        take.tracks.map(async (track) => ({ track, epochs: await repo.epochs(track.track) })),
      );
      known.set(take.row.take, { key, figures: figuresOfTake(take.row, rows, take.totals) });
    },
    forget: (take) => known.delete(take),
  };
}

/**
 * Changes when the epochs have. Of a take that still records only with each 5 % that it has grown, so that looking
 * at it costs the recording nothing.
 */
function epochsKey({ row, tracks, totals }: DeviceTake): string {
  const epochs = row.state === "recording" ? Math.floor(Math.log1p(totals.epochs) * 20) : totals.epochs;
  return `${row.state} ${epochs} ${tracks.map((track) => `${track.track}${track.state}`).join(" ")}`;
}
