import type { EpochRef } from "#core/ports/epoch-store.ts";
import { recoverTakes } from "#core/recovery/recover-takes.ts";
import { EPOCH_MAX_US, type EpochMetadata } from "#protocol/epoch-format.ts";
import type { ParticipantId, RoomId, Sha256, TakeId, TrackId } from "#protocol/ids.ts";
import { takeLock } from "#protocol/sw-messages.ts";
import type { EpochRow, TakeRow, TrackRow } from "#protocol/take-manifest.ts";
import { asLocal } from "#protocol/units.ts";
import { describe, expect, it } from "vitest";
import { hashOf, MemoryRepo, MemoryStore, nodeHasher } from "../upload/rig/memory-device.ts";
import { idOf } from "../upload/rig/upload-rig.ts";

const TAKE = idOf<TakeId>("take");
const TRACK = idOf<TrackId>("camera");
const ZERO = asLocal(1_000_000);

const takeRow: TakeRow = {
  take: TAKE,
  room: idOf<RoomId>("room"),
  participant: idOf<ParticipantId>("ann"),
  participantName: "Ann",
  title: "",
  startedMs: 1_700_000_000_000,
  consentMs: 1_699_999_990_000,
  zeroRoomUs: null,
  timeOriginMs: 0,
  state: "recording",
  stoppedMs: null,
};

const trackRow: TrackRow = {
  track: TRACK,
  take: TAKE,
  source: "camera",
  label: "Camera",
  trackZeroUs: ZERO,
  state: "recording",
  epochs: 0,
  gaps: [],
  endUs: null,
  sealed: false,
};

function metadataOf(seq: number, previous: Sha256 | null): EpochMetadata {
  return {
    format: 1,
    room: takeRow.room,
    take: TAKE,
    track: TRACK,
    participant: takeRow.participant,
    participantName: "Ann",
    source: "camera",
    seq,
    run: 0,
    media: { kind: "video", codec: "avc1.640028", width: 1280, height: 720, frameRate: 30 },
    configHash: hashOf(new Uint8Array([1])),
    trackZeroUs: ZERO,
    firstUs: asLocal(ZERO + seq * EPOCH_MAX_US),
    endUs: asLocal(ZERO + (seq + 1) * EPOCH_MAX_US),
    samples: 60,
    pcmFrames: 0,
    timeOriginMs: 0,
    wallClockMs: takeRow.startedMs + (seq + 1) * 2000,
    clock: null,
    takeZeroRoomUs: null,
    previous,
    gaps: [],
    peaks: "",
  };
}

const encode = (metadata: EpochMetadata): Uint8Array => new TextEncoder().encode(JSON.stringify(metadata));

class ListedStore extends MemoryStore {
  override async list(): Promise<readonly EpochRef[]> {
    return [...this.files.keys()].map((name) => {
      const [track, seq] = name.split("/");
      return { take: TAKE, track: track as TrackId, seq: Number(seq) };
    });
  }
}

/** The disk after a crash: `files` epochs as bytes, the first `rows` of them with a row. */
async function crashed(files: number, rows: number, options: { take?: boolean } = {}) {
  const repo = new MemoryRepo();
  const store = new ListedStore();
  if (options.take !== false) {
    await repo.putTake(takeRow);
    await repo.putTrack(trackRow);
  }
  let previous: Sha256 | null = null;
  for (let seq = 0; seq < files; seq += 1) {
    const metadata = metadataOf(seq, previous);
    const bytes = encode(metadata);
    await store.write({ take: TAKE, track: TRACK, seq }, bytes);
    previous = hashOf(bytes);
    if (seq < rows) await repo.addEpoch(rowOf(metadata, bytes));
  }
  const held = new Set<string>();
  const recover = () =>
    recoverTakes({
      repo,
      store,
      hasher: nodeHasher,
      locks: { tryHold: async () => undefined, isFree: async (name) => !held.has(name) },
      readMetadata: (bytes) => {
        const text = new TextDecoder().decode(bytes);
        return text.endsWith("}") ? (JSON.parse(text) as EpochMetadata) : undefined;
      },
    });
  return { repo, store, held, recover, previous };
}

function rowOf(metadata: EpochMetadata, bytes: Uint8Array): EpochRow {
  const { track, seq, take, run, media, firstUs, endUs, samples, gaps, peaks, clock } = metadata;
  const row = { track, seq, take, run, media, firstUs, endUs, samples, gaps, peaks, clock };
  return { ...row, bytes: bytes.byteLength, sha256: hashOf(bytes), receiptMs: null };
}

const ref = (seq: number): EpochRef => ({ take: TAKE, track: TRACK, seq });

describe("recovery at launch", () => {
  it("[RC1] a take that a page still records is left alone", async () => {
    const { repo, held, recover } = await crashed(3, 3);
    held.add(takeLock(TAKE));
    expect((await recover()).cutShort).toEqual([]);
    expect((await repo.take(TAKE))?.state).toBe("recording");
  });

  it("[RC2] bytes without a row are adopted by re-hashing", async () => {
    const { repo, recover } = await crashed(4, 2);
    expect(await recover()).toMatchObject({ cutShort: [TAKE], adopted: 2, unused: [] });
    const rows = await repo.epochs(TRACK);
    expect(rows.map((row) => row.seq)).toEqual([0, 1, 2, 3]);
    expect(rows.map((row) => row.receiptMs)).toEqual([null, null, null, null]);
  });

  it("[RC3] a torn tail is left out and never deleted", async () => {
    const { repo, store, recover, previous } = await crashed(3, 2);
    const torn = encode(metadataOf(3, previous)).slice(0, 200);
    await store.write(ref(3), torn);
    expect(await recover()).toMatchObject({ adopted: 1, unused: [ref(3)] });
    expect(await repo.epochs(TRACK)).toHaveLength(3);
    expect((await store.list()).map((each) => each.seq)).toEqual([0, 1, 2, 3]);
  });

  it("[RC3] nothing behind a hole or a broken chain is adopted", async () => {
    const { repo, store, recover, previous } = await crashed(2, 2);
    await store.write(ref(2), encode(metadataOf(2, hashOf(new Uint8Array([9])))));
    await store.write(ref(4), encode(metadataOf(4, previous)));
    expect(await recover()).toMatchObject({ adopted: 0, unused: [ref(2), ref(4)] });
    expect(await repo.epochs(TRACK)).toHaveLength(2);
  });

  it("[RC4] the track is closed at its last epoch, with a declared end", async () => {
    const { repo, recover } = await crashed(3, 3);
    await recover();
    const [track] = await repo.tracks(TAKE);
    expect(track).toMatchObject({ state: "cut-short", epochs: 3, endUs: 3 * EPOCH_MAX_US });
    expect(track?.gaps.at(-1)).toEqual({ fromUs: 3 * EPOCH_MAX_US, toUs: 4 * EPOCH_MAX_US, reason: "cut-short" });
    expect(await repo.take(TAKE)).toMatchObject({ state: "cut-short", stoppedMs: takeRow.startedMs + 6000 });
  });

  it("[RC5] a take without any row is made anew from what its epochs say", async () => {
    const { repo, recover } = await crashed(2, 0, { take: false });
    expect(await recover()).toMatchObject({ cutShort: [TAKE], adopted: 2 });
    expect(await repo.take(TAKE)).toMatchObject({ room: takeRow.room, participantName: "Ann", state: "cut-short" });
    expect(await repo.tracks(TAKE)).toMatchObject([{ source: "camera", state: "cut-short", epochs: 2 }]);
  });

  it("[RC6] running it again changes nothing", async () => {
    const { repo, recover } = await crashed(3, 1);
    await recover();
    const before = [await repo.take(TAKE), await repo.tracks(TAKE), await repo.epochs(TRACK)];
    expect(await recover()).toEqual({ cutShort: [], adopted: 0, unused: [] });
    expect([await repo.take(TAKE), await repo.tracks(TAKE), await repo.epochs(TRACK)]).toEqual(before);
  });

  it("[RC4] a take without any epoch is closed too", async () => {
    const { repo, recover } = await crashed(0, 0);
    expect((await recover()).cutShort).toEqual([TAKE]);
    expect(await repo.tracks(TAKE)).toMatchObject([{ state: "cut-short", epochs: 0, endUs: 0 }]);
  });
});
