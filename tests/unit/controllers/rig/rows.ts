import { asLocal } from "#protocol/units.ts";
import type { ParticipantId, RoomId, Secret, Sha256, Source, TakeId, TrackId } from "#protocol/ids.ts";
import type { EpochRow, SeatRow, TakeRow, TrackRow } from "#protocol/take-manifest.ts";
import { hashOf, type MemoryRepo } from "../../upload/rig/memory-device.ts";

export const ROOM = "roomroomroomroomroom01" as RoomId;
export const ME = "participantparticipa01" as ParticipantId;
export const HOST_SECRET = "s".repeat(43) as Secret;

export const takeIdOf = (name: string): TakeId => name.padEnd(22, "0") as TakeId;
export const trackIdOf = (name: string): TrackId => name.padEnd(22, "0") as TrackId;

export function seatOf(change: Partial<SeatRow> = {}): SeatRow {
  return {
    room: ROOM,
    title: "Ferries",
    participant: ME,
    participantName: "Inês Carvalho",
    role: "host",
    hostSecret: HOST_SECRET,
    refreshSecret: HOST_SECRET,
    token: null,
    tokenExpiresMs: 0,
    usedMs: 1_799_000_000_000,
    ...change,
  };
}

export function takeOf(name: string, change: Partial<TakeRow> = {}): TakeRow {
  return {
    take: takeIdOf(name),
    room: ROOM,
    participant: ME,
    participantName: "Inês Carvalho",
    title: "",
    startedMs: 1_799_500_000_000,
    consentMs: 1_799_499_000_000,
    zeroRoomUs: 50_000_000,
    timeOriginMs: 1_799_400_000_000,
    state: "stopped",
    stoppedMs: 1_799_500_060_000,
    ...change,
  };
}

export const alone = (name: string, change: Partial<TakeRow> = {}): TakeRow =>
  takeOf(name, { room: null, participant: null, zeroRoomUs: null, ...change });

/** A closed track whose zero lies at 10 s of the page's clock. */
export function trackOf(take: TakeRow, source: Source, epochs: number, change: Partial<TrackRow> = {}): TrackRow {
  return {
    track: trackIdOf(`${take.take.replace(/0+$/, "")}-${source}`),
    take: take.take,
    source,
    label: source,
    trackZeroUs: asLocal(10_000_000),
    state: "closed",
    epochs,
    gaps: [],
    endUs: epochs * 2_000_000,
    sealed: true,
    ...change,
  };
}

/** Epochs of 2 s and 1,000 bytes; peaks of one loudness. `arrived` of them have receipts. */
export function epochsOf(track: TrackRow, arrived: number, change: Partial<EpochRow> = {}): EpochRow[] {
  const video = track.source === "camera" || track.source === "screen";
  return Array.from({ length: track.epochs }, (_, seq) => ({
    track: track.track,
    seq,
    take: track.take,
    bytes: 1_000,
    sha256: hashOf(new TextEncoder().encode(`${track.track}/${seq}`)) as Sha256,
    run: 0,
    media: video
      ? ({ kind: "video", codec: "avc1.640028", width: 1280, height: 720, frameRate: 30 } as const)
      : ({ kind: "audio", codec: "opus", sampleRate: 48_000, channels: 1 } as const),
    firstUs: asLocal(track.trackZeroUs + seq * 2_000_000),
    endUs: asLocal(track.trackZeroUs + (seq + 1) * 2_000_000),
    samples: video ? 60 : 100,
    gaps: [],
    peaks: video ? "" : btoa(String.fromCharCode(...new Uint8Array(40).fill(100))),
    clock: null,
    receiptMs: seq < arrived ? 1_799_500_070_000 : null,
    ...change,
  }));
}

/** Puts a take with its tracks and epochs into the manifest. */
export function keep(repo: MemoryRepo, take: TakeRow, tracks: readonly TrackRow[], epochs: readonly EpochRow[]): void {
  repo.takeRows.set(take.take, take);
  for (const track of tracks) repo.trackRows.set(track.track, track);
  for (const epoch of epochs) repo.epochRows.set(`${epoch.track}/${epoch.seq}`, epoch);
}
