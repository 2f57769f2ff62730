import type { Source, TakeId, TrackId } from "#protocol/ids.ts";
import type { EpochRow, TakeRow } from "#protocol/take-manifest.ts";

/** Sound first: with it a take can be saved when time is short. */
const RANK: Record<Source, number> = { microphone: 0, "screen-audio": 1, camera: 2, screen: 3 };

/**
 * The order of sending: the oldest take first, within it by number, the microphone before the camera when equal. A take
 * that records now gets every other place, so that a backlog of days does not keep the room from seeing it arrive.
 */
export function uploadOrder(
  epochs: readonly EpochRow[],
  takes: ReadonlyMap<TakeId, TakeRow>,
  sources: ReadonlyMap<TrackId, Source>,
): EpochRow[] {
  const started = (epoch: EpochRow): number => takes.get(epoch.take)?.startedMs ?? 0;
  const rank = (epoch: EpochRow): number => {
    const source = sources.get(epoch.track);
    return source === undefined ? 4 : RANK[source];
  };
  const sorted = epochs.toSorted(
    (a, b) =>
      started(a) - started(b) ||
      compare(a.take, b.take) ||
      a.seq - b.seq ||
      rank(a) - rank(b) ||
      compare(a.track, b.track),
  );
  const isLive = (epoch: EpochRow): boolean => takes.get(epoch.take)?.state === "recording";
  return alternate(
    sorted.filter((epoch) => !isLive(epoch)),
    sorted.filter(isLive),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function alternate<Item>(first: readonly Item[], second: readonly Item[]): Item[] {
  const mixed: Item[] = [];
  for (let index = 0; index < Math.max(first.length, second.length); index++) {
    mixed.push(...first.slice(index, index + 1), ...second.slice(index, index + 1));
  }
  return mixed;
}
