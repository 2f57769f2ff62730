import type { EpochMetadata } from "#protocol/epoch-format.ts";
import type { Sha256, TakeId } from "#protocol/ids.ts";
import { EpochError, isEpochError } from "../epoch-error.ts";
import { readEpochMetadata } from "../epoch-reader.ts";
import {
  EpochMissing,
  type EpochSource,
  type ParticipantSources,
  type TakeSources,
  type TrackSources,
} from "./sources.ts";

export type EpochFault = "missing-epoch" | "corrupt-epoch";

/** An epoch whose metadata could be read; its media is checked when it is written. */
export interface KnownEpoch {
  readonly seq: number;
  readonly metadata: EpochMetadata;
  readonly source: EpochSource;
  /** What its bytes must hash to: from the ledger, or from the epoch after it; `null` when nobody says. */
  readonly sha256: Sha256 | null;
}

export interface FaultyEpoch {
  readonly seq: number;
  readonly fault: EpochFault;
  readonly why: string;
}

export interface SurveyedTrack {
  readonly sources: TrackSources;
  /** Ascending by `seq`. */
  readonly epochs: readonly KnownEpoch[];
  readonly faulty: readonly FaultyEpoch[];
}

export interface SurveyedParticipant {
  readonly sources: ParticipantSources;
  readonly tracks: readonly SurveyedTrack[];
}

export interface SurveyOptions {
  /** How many epochs are asked for at once. */
  readonly parallel: number;
  readonly signal?: AbortSignal;
  /** After each epoch. */
  readonly onEpoch?: (done: number, total: number) => void;
}

/** Reads what every epoch says of itself, a few at a time. What cannot be read becomes a fault, not an error. */
export async function surveyTake(take: TakeSources, options: SurveyOptions): Promise<SurveyedParticipant[]> {
  const all = take.participants.flatMap((person) =>
    person.tracks.flatMap((track) => track.epochs.map((epoch) => ({ track, epoch }))),
  );
  const found = new Map<EpochSource, EpochMetadata | FaultyEpoch>();
  let done = 0;
  const queue = all.values();
  const lane = async () => {
    for (const { track, epoch } of queue) {
      options.signal?.throwIfAborted();
      found.set(epoch, await readHead(take.take, track, epoch));
      done++;
      options.onEpoch?.(done, all.length);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, options.parallel) }, lane));
  return take.participants.map((person) => ({
    sources: person,
    tracks: person.tracks.map((track) => sortOut(track, found)),
  }));
}

async function readHead(take: TakeId, track: TrackSources, epoch: EpochSource): Promise<EpochMetadata | FaultyEpoch> {
  try {
    const metadata = readEpochMetadata(await epoch.head());
    const own = metadata.take === take && metadata.track === track.track && metadata.seq === epoch.seq;
    if (!own || metadata.source !== track.source)
      throw EpochError.of("bad-metadata", "the epoch says that it belongs elsewhere");
    return metadata;
  } catch (error) {
    return asFault(epoch.seq, error);
  }
}

/** The error as a fault of this epoch. @throws the error itself when it is not about the epoch */
export function asFault(seq: number, error: unknown): FaultyEpoch {
  if (error instanceof EpochMissing) return { seq, fault: "missing-epoch", why: error.message };
  if (isEpochError(error)) return { seq, fault: "corrupt-epoch", why: `${error.reason}: ${error.message}` };
  throw error;
}

function sortOut(track: TrackSources, found: ReadonlyMap<EpochSource, EpochMetadata | FaultyEpoch>): SurveyedTrack {
  const faulty: FaultyEpoch[] = [];
  const good: { seq: number; metadata: EpochMetadata; source: EpochSource }[] = [];
  for (const source of track.epochs) {
    const what = found.get(source);
    if (what && "fault" in what) faulty.push(what);
    else if (what) good.push({ seq: source.seq, metadata: what, source });
  }
  const there = new Set(track.epochs.map((epoch) => epoch.seq));
  const last = track.epochs.at(-1)?.seq ?? -1;
  const count = Math.max(track.expected ?? 0, last + 1);
  for (let seq = 0; seq < count; seq++) {
    if (!there.has(seq)) faulty.push({ seq, fault: "missing-epoch", why: "it never arrived" });
  }
  const previous = new Map(good.map((epoch) => [epoch.seq - 1, epoch.metadata.previous]));
  const epochs = good.map((epoch) => ({ ...epoch, sha256: epoch.source.sha256 ?? previous.get(epoch.seq) ?? null }));
  return { sources: track, epochs, faulty: faulty.sort((a, b) => a.seq - b.seq) };
}
