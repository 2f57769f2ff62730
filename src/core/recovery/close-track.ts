import type { TakeRepo } from "#core/ports/take-repo.ts";
import { EPOCH_MAX_US } from "#protocol/epoch-format.ts";
import type { Gap } from "#protocol/gaps.ts";
import type { TakeId, TrackId } from "#protocol/ids.ts";

/**
 * Closes a track whose worker is gone, at the end of its last epoch; up to one epoch more was in the encoder and is declared
 * missing. A track that is closed already stays as it is.
 */
export async function closeTrack(repo: TakeRepo, take: TakeId, track: TrackId): Promise<void> {
  const row = (await repo.tracks(take)).find((each) => each.track === track);
  if (row === undefined || row.state !== "recording") return;
  const epochs = await repo.epochs(track);
  const last = epochs.at(-1);
  const endUs = last === undefined ? 0 : last.endUs - row.trackZeroUs;
  const tail: Gap = { fromUs: endUs, toUs: endUs + EPOCH_MAX_US, reason: "cut-short" };
  const gaps = [...epochs.flatMap((epoch) => epoch.gaps), tail];
  await repo.putTrack({ ...row, state: "cut-short", epochs: epochs.length, endUs, gaps });
}
