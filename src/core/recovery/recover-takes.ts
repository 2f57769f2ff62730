import type { EpochRef, EpochStore } from "#core/ports/epoch-store.ts";
import type { Hasher } from "#core/ports/hasher.ts";
import type { LockPort } from "#core/ports/lock-port.ts";
import type { TakeRepo } from "#core/ports/take-repo.ts";
import type { EpochMetadata } from "#protocol/epoch-format.ts";
import type { Sha256, TakeId, TrackId } from "#protocol/ids.ts";
import { takeLock } from "#protocol/sw-messages.ts";
import type { EpochRow, TakeRow, TrackRow } from "#protocol/take-manifest.ts";
import { closeTrack } from "./close-track.ts";

export interface RecoveryPorts {
  readonly repo: TakeRepo;
  readonly store: EpochStore;
  readonly locks: LockPort;
  readonly hasher: Hasher;
  /** What the bytes of an epoch say of themselves; `undefined` when they are torn or no epoch at all. */
  readonly readMetadata: (bytes: Uint8Array) => EpochMetadata | undefined;
}

/** What a launch found and mended. */
export interface Recovered {
  /** Takes that were closed now. */
  readonly cutShort: readonly TakeId[];
  /** Epochs whose bytes were there without a row. */
  readonly adopted: number;
  /** Files that are no epoch, or do not follow the last good one. They stay where they are until the take is deleted. */
  readonly unused: readonly EpochRef[];
}

/**
 * Closes what a crash, a closed tab or an empty battery cut short, so that it can be uploaded as it is. Never deletes and
 * never changes a byte. A take that a page still records (its lock is held) is left alone. Safe to run twice, and in two
 * tabs at once: every step is idempotent. Rules RC1… in docs/spec/journal.md.
 */
export async function recoverTakes(ports: RecoveryPorts): Promise<Recovered> {
  const files = groupByTake(await ports.store.list());
  const known = new Map((await ports.repo.takes()).map((take) => [take.take, take]));
  const found: { cutShort: TakeId[]; adopted: number; unused: EpochRef[] } = { cutShort: [], adopted: 0, unused: [] };
  for (const take of new Set([...known.keys(), ...files.keys()])) {
    if (!(await ports.locks.isFree(takeLock(take)))) continue;
    const row = known.get(take);
    const open = row === undefined || row.state === "recording" || (await hasOpenTrack(ports.repo, take));
    if (!open) continue;
    const closed = await recoverTake(ports, take, row, files.get(take) ?? new Map());
    found.adopted += closed.adopted;
    found.unused.push(...closed.unused);
    if (closed.closed) found.cutShort.push(take);
  }
  return found;
}

async function hasOpenTrack(repo: TakeRepo, take: TakeId): Promise<boolean> {
  return (await repo.tracks(take)).some((track) => track.state === "recording");
}

type TrackFiles = ReadonlyMap<TrackId, readonly EpochRef[]>;

function groupByTake(refs: readonly EpochRef[]): Map<TakeId, Map<TrackId, EpochRef[]>> {
  const takes = new Map<TakeId, Map<TrackId, EpochRef[]>>();
  for (const ref of refs) {
    const tracks = takes.get(ref.take) ?? new Map<TrackId, EpochRef[]>();
    takes.set(ref.take, tracks);
    tracks.set(ref.track, [...(tracks.get(ref.track) ?? []), ref]);
  }
  return takes;
}

interface TakeRecovery {
  readonly closed: boolean;
  readonly adopted: number;
  readonly unused: readonly EpochRef[];
}

async function recoverTake(
  ports: RecoveryPorts,
  take: TakeId,
  row: TakeRow | undefined,
  files: TrackFiles,
): Promise<TakeRecovery> {
  const rows = new Map((await ports.repo.tracks(take)).map((track) => [track.track, track]));
  let takeRow = row;
  let adopted = 0;
  const unused: EpochRef[] = [];
  for (const track of new Set([...rows.keys(), ...files.keys()])) {
    const result = await adoptTail(ports, track, files.get(track) ?? []);
    adopted += result.adopted;
    unused.push(...result.unused);
    const trackRow = rows.get(track) ?? (result.first && trackRowOf(result.first));
    // bytes that nobody can read, without any row: nothing to close
    if (trackRow === undefined) continue;
    if (takeRow === undefined && result.first !== undefined) takeRow = takeRowOf(result.first);
    if (takeRow === undefined) continue;
    if (!rows.has(track)) await ports.repo.putTrack(trackRow);
    await closeTrack(ports.repo, take, track);
  }
  if (takeRow === undefined) return { closed: false, adopted, unused };
  await ports.repo.putTake({ ...takeRow, state: "cut-short", stoppedMs: await endMs(ports.repo, takeRow) });
  return { closed: true, adopted, unused };
}

interface Adoption {
  readonly adopted: number;
  readonly unused: readonly EpochRef[];
  /** Metadata of any epoch of the track, when rows may have to be made from it. */
  readonly first: EpochMetadata | undefined;
}

/** Rows for the epochs that follow the last one with a row, as long as each names the one before it by its hash. */
async function adoptTail(ports: RecoveryPorts, track: TrackId, refs: readonly EpochRef[]): Promise<Adoption> {
  const rows = await ports.repo.epochs(track);
  let last: { readonly seq: number; readonly sha256: Sha256 } | undefined = rows.at(-1);
  let first: EpochMetadata | undefined;
  let adopted = 0;
  const unused: EpochRef[] = [];
  for (const ref of refs.filter((each) => each.seq > (rows.at(-1)?.seq ?? -1))) {
    const bytes = new Uint8Array(await (await ports.store.read(ref)).arrayBuffer());
    const metadata = ports.readMetadata(bytes);
    const follows =
      metadata !== undefined &&
      metadata.take === ref.take &&
      metadata.track === ref.track &&
      metadata.seq === ref.seq &&
      ref.seq === (last?.seq ?? -1) + 1 &&
      metadata.previous === (last?.sha256 ?? null);
    if (!follows) {
      unused.push(ref);
      continue;
    }
    const sha256 = await ports.hasher.sha256(bytes);
    first ??= metadata;
    await ports.repo.addEpoch(epochRowOf(metadata, bytes.byteLength, sha256));
    last = { seq: ref.seq, sha256 };
    adopted += 1;
  }
  return { adopted, unused, first };
}

function epochRowOf(metadata: EpochMetadata, bytes: number, sha256: Sha256): EpochRow {
  const { track, seq, take, run, media, firstUs, endUs, samples, gaps, peaks, clock } = metadata;
  return { track, seq, take, bytes, sha256, run, media, firstUs, endUs, samples, gaps, peaks, clock, receiptMs: null };
}

/** When the last sample of the take was captured, by the wall clock of its start. */
async function endMs(repo: TakeRepo, take: TakeRow): Promise<number> {
  const tracks = await repo.tracks(take.take);
  return Math.round(take.startedMs + Math.max(0, ...tracks.map((track) => (track.endUs ?? 0) / 1000)));
}

/** For bytes whose rows are gone: the epoch says all that is needed. */
function trackRowOf(metadata: EpochMetadata): TrackRow {
  return {
    track: metadata.track,
    take: metadata.take,
    source: metadata.source,
    label: "",
    trackZeroUs: metadata.trackZeroUs,
    state: "recording",
    epochs: 0,
    gaps: [],
    endUs: null,
    sealed: false,
  };
}

/** Bytes are only ever kept after consent, so that an epoch's own date proves it. */
function takeRowOf(metadata: EpochMetadata): TakeRow {
  const startedMs = Math.round(metadata.wallClockMs - (metadata.endUs - metadata.trackZeroUs) / 1000);
  return {
    take: metadata.take,
    room: metadata.room,
    participant: metadata.participant,
    participantName: metadata.participantName,
    title: "",
    startedMs: Math.max(0, startedMs),
    consentMs: Math.max(0, startedMs),
    zeroRoomUs: metadata.takeZeroRoomUs,
    timeOriginMs: metadata.timeOriginMs,
    state: "recording",
    stoppedMs: null,
  };
}
