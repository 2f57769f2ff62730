import type { EpochStore } from "#core/ports/epoch-store.ts";
import { StorageError } from "#core/ports/storage-error.ts";
import type { TakeRepo } from "#core/ports/take-repo.ts";
import { EPOCH_HEAD_BYTES } from "#media/epoch-reader.ts";
import { EpochMissing, type EpochSource, type TakeSources, type TrackSources } from "#media/stitch/sources.ts";
import type { EpochRow, TakeRow, TrackRow } from "#protocol/take-manifest.ts";

/** What an export reads. */
export interface JournalPorts {
  readonly repo: Pick<TakeRepo, "take" | "tracks" | "epochs">;
  readonly store: Pick<EpochStore, "read">;
}

/** A take of this device, as its manifest lists it. */
export async function journalSources(row: TakeRow, ports: JournalPorts): Promise<TakeSources> {
  const people = new Map<string, TakeSources["participants"][number] & { readonly tracks: TrackSources[] }>();
  for (const track of await ports.repo.tracks(row.take)) {
    const participant = track.participant ?? row.participant;
    const key = participant ?? "";
    const person = people.get(key) ?? { participant, name: track.participantName ?? row.participantName, tracks: [] };
    people.set(key, person);
    const epochs = await ports.repo.epochs(track.track);
    person.tracks.push(
      toTrack(
        track,
        epochs.map((epoch) => toEpoch(epoch, ports)),
      ),
    );
  }
  return {
    room: row.room,
    take: row.take,
    title: row.title,
    startedMs: row.startedMs,
    participants: [...people.values()],
    // The room has them; this device may not have been told of all.
    markers: [],
  };
}

function toTrack(row: TrackRow, epochs: readonly EpochSource[]): TrackSources {
  const recording = row.state === "recording";
  return {
    track: row.track,
    source: row.source,
    label: row.label,
    epochs,
    expected: recording ? null : row.epochs,
    end: row.state === "recording" ? "unsealed" : row.state,
    endUs: recording ? null : row.endUs,
    gaps: row.gaps,
  };
}

function toEpoch(row: EpochRow, ports: JournalPorts): EpochSource {
  const ref = { take: row.take, track: row.track, seq: row.seq };
  const blob = async (): Promise<Blob> => {
    try {
      return await ports.store.read(ref);
    } catch (error) {
      if (error instanceof StorageError && error.reason === "missing") throw new EpochMissing(error.message);
      throw error;
    }
  };
  return {
    seq: row.seq,
    sha256: row.sha256,
    head: async () => new Uint8Array(await (await blob()).slice(0, EPOCH_HEAD_BYTES).arrayBuffer()),
    read: async () => new Uint8Array(await (await blob()).arrayBuffer()),
  };
}
