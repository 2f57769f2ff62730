import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { EPOCH_MAX_BYTES, type EpochMetadata } from "#protocol/epoch-format.ts";
import type { TakeId } from "#protocol/ids.ts";
import { isEpochError } from "#media/epoch-error.ts";
import { readEpochMetadata } from "#media/epoch-reader.ts";
import type { EpochSource, ParticipantSources, TakeSources, TrackSources } from "#media/stitch/sources.ts";
import { fileEpoch, readHead } from "./file-epoch.ts";

export interface FolderScan {
  readonly takes: readonly TakeSources[];
  /** Files that begin like an epoch and cannot be read as one. */
  readonly broken: readonly { readonly path: string; readonly why: string }[];
  /** Files of any other kind. */
  readonly others: number;
}

interface Found {
  readonly path: string;
  readonly metadata: EpochMetadata;
}

/** Every epoch below a folder, sorted into takes by what the files say of themselves; their names do not matter. */
export async function scanFolder(folder: string): Promise<FolderScan> {
  const found: Found[] = [];
  const broken: { path: string; why: string }[] = [];
  let others = 0;
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const path of paths.sort()) {
    const { size } = await stat(path);
    try {
      if (size > EPOCH_MAX_BYTES) others++;
      else found.push({ path, metadata: readEpochMetadata(await readHead(path)) });
    } catch (error) {
      if (!isEpochError(error)) throw error;
      if (error.reason === "not-an-epoch") others++;
      else broken.push({ path, why: error.message });
    }
  }
  return { takes: sortIntoTakes(found), broken, others };
}

function groupBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Item[][] {
  return [...Map.groupBy(items, keyOf).values()];
}

function sortIntoTakes(found: readonly Found[]): TakeSources[] {
  const takes = groupBy(found, ({ metadata }) => metadata.take).flatMap((ofTake): TakeSources[] => {
    const first = ofTake[0]?.metadata;
    if (!first) return [];
    const startedMs = Math.min(...ofTake.map(({ metadata }) => metadata.wallClockMs));
    const room = ofTake.find(({ metadata }) => metadata.room !== null)?.metadata.room ?? null;
    return [{ room, take: first.take, title: "", startedMs, participants: sortIntoPeople(ofTake), markers: [] }];
  });
  return takes.sort((a, b) => a.startedMs - b.startedMs);
}

/** Those without an id are told apart by their names. */
function sortIntoPeople(found: readonly Found[]): ParticipantSources[] {
  const people = groupBy(found, ({ metadata }) => metadata.participant ?? `name ${metadata.participantName}`);
  const sorted = people.flatMap((ofPerson): ParticipantSources[] => {
    const first = ofPerson[0]?.metadata;
    if (!first) return [];
    const tracks = groupBy(ofPerson, ({ metadata }) => metadata.track).flatMap(toTrack);
    return [{ participant: first.participant, name: first.participantName, tracks }];
  });
  return sorted.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function toTrack(found: readonly Found[]): TrackSources[] {
  const first = found[0]?.metadata;
  if (!first) return [];
  const bySeq = new Map<number, EpochSource>();
  // Copies of one epoch in several places: the first is used.
  for (const { path, metadata } of found) {
    if (!bySeq.has(metadata.seq)) bySeq.set(metadata.seq, fileEpoch(path, metadata.seq, null));
  }
  const epochs = [...bySeq.values()].sort((a, b) => a.seq - b.seq);
  return [
    {
      track: first.track,
      source: first.source,
      label: "",
      epochs,
      expected: null,
      end: "unsealed",
      endUs: null,
      gaps: [],
    },
  ];
}

/** A name for a take's folder: when it began, in UTC, and enough of its id to tell it from others. */
export function takeFolderName(take: { readonly startedMs: number; readonly take: TakeId }): string {
  const when = new Date(take.startedMs).toISOString().slice(0, 19).replace(/:/g, "-").replace("T", "_");
  return `Take_${when}_${take.take.slice(0, 6)}`;
}
