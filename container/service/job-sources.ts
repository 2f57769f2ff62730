import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DemuxJob } from "#protocol/demux-job.ts";
import { EpochError } from "#media/epoch-error.ts";
import { EPOCH_HEAD_BYTES } from "#media/epoch-reader.ts";
import type { EpochSource, TakeMarker, TakeSources } from "#media/stitch/sources.ts";
import { epochFileName, fileEpoch } from "../files/file-epoch.ts";
import { hashBytes } from "../files/hash.ts";
import type { BackendClient } from "./backend-client.ts";

type JobTrack = DemuxJob["participants"][number]["tracks"][number];
type JobEpoch = JobTrack["epochs"][number];

/** A broken transfer is asked for again this often before the epoch counts as damaged. */
const TRANSFERS = 3;

/** The job's epochs: each comes from the backend once, is checked, and then lies in the work folder. */
export function jobSources(job: DemuxJob, client: BackendClient, folder: string): TakeSources {
  return {
    room: job.room,
    take: job.take,
    title: job.title,
    startedMs: job.startedMs,
    markers: namedMarkers(job),
    participants: job.participants.map((person) => ({
      participant: person.participant,
      name: person.name,
      tracks: person.tracks.map((track) => ({
        track: track.track,
        source: track.source,
        label: track.label,
        epochs: [...track.epochs].sort((a, b) => a.seq - b.seq).map((epoch) => fetched(track, epoch, client, folder)),
        expected: track.expected,
        end: track.end ?? "unsealed",
        endUs: track.endUs,
        gaps: track.gaps,
      })),
    })),
  };
}

/** Who has set a marker need not have recorded; an older backend does not say the name. */
function namedMarkers(job: DemuxJob): TakeMarker[] {
  const names = new Map(job.participants.map((person) => [person.participant, person.name]));
  return job.markers.map(({ marker, atUs, by, text, name }) => ({
    marker,
    atUs,
    by,
    text,
    name: name ?? names.get(by) ?? "",
  }));
}

function fetched(track: JobTrack, epoch: JobEpoch, client: BackendClient, folder: string): EpochSource {
  const path = join(folder, epochFileName(track.track, epoch.seq));
  return {
    seq: epoch.seq,
    sha256: epoch.sha256,
    head: async () => {
      const bytes = await transfer(track, epoch, client);
      await writeFile(path, bytes);
      return bytes.slice(0, EPOCH_HEAD_BYTES);
    },
    read: () => fileEpoch(path, epoch.seq, epoch.sha256).read(),
  };
}

async function transfer(track: JobTrack, epoch: JobEpoch, client: BackendClient): Promise<Uint8Array<ArrayBuffer>> {
  for (let left = TRANSFERS; left > 0; left--) {
    const bytes = await client.epoch(track.track, epoch.seq);
    if ((await hashBytes(bytes)) === epoch.sha256) return bytes;
  }
  throw EpochError.of("checksum-mismatch", `what the backend gives is not what was stored, ${TRANSFERS} times`);
}
