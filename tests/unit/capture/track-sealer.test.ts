import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import type { EpochStore } from "#core/ports/epoch-store.ts";
import type { Hasher } from "#core/ports/hasher.ts";
import { StorageError } from "#core/ports/storage-error.ts";
import type { TakeRepo } from "#core/ports/take-repo.ts";
import { makeConfig } from "#media/epoch-config.ts";
import { readEpochMetadata } from "#workers/upload/read-epoch-metadata.ts";
import type { EncodeEvent, StartRequest } from "#protocol/encode-rpc.ts";
import type { Gap } from "#protocol/gaps.ts";
import { sha256, takeId, trackId } from "#protocol/ids.ts";
import { asLocal } from "#protocol/units.ts";
import { type EpochSlice, MAX_WAITING_BYTES, TrackSealer } from "#workers/encode/track-sealer.ts";
import * as v from "valibot";
import { memoryEpochs } from "../../contracts/fakes/memory-epochs.ts";
import { memoryTakes } from "../../contracts/fakes/memory-takes.ts";

const TAKE = v.parse(takeId, "take-a________________");
const TRACK = v.parse(trackId, "microphone____________");
const media = { kind: "audio", codec: "opus", sampleRate: 48_000, channels: 1 } as const;
const config = makeConfig(media);
const hasher: Hasher = {
  sha256: async (bytes) => v.parse(sha256, createHash("sha256").update(bytes).digest("hex")),
};

const request: StartRequest = {
  track: {
    track: TRACK,
    take: TAKE,
    source: "microphone",
    label: "Microphone",
    trackZeroUs: asLocal(5_000_000),
    state: "recording",
    epochs: 0,
    gaps: [],
    endUs: null,
    sealed: false,
  },
  room: null,
  participant: null,
  participantName: "Inês",
  takeZeroUs: asLocal(5_000_000),
  takeZeroRoomUs: null,
  declareLate: true,
  offFromUs: null,
  clock: null,
};

function slice(second: number, options: { gaps?: readonly Gap[]; bytes?: number } = {}): EpochSlice {
  const packets = Array.from({ length: 50 }, (_, at) => ({
    data: new Uint8Array((options.bytes ?? 500) / 50).fill(at + 1),
    timestampUs: second * 1_000_000 + at * 20_000,
    durationUs: 20_000,
    keyframe: true,
  }));
  return { packets, config, media, run: 0, gaps: options.gaps ?? [], pcmFrames: 48_000, peaks: "" };
}

interface Desk {
  readonly sealer: TrackSealer;
  readonly store: EpochStore;
  readonly repo: TakeRepo;
  readonly events: EncodeEvent[];
  reserve: number;
}

/** A disk whose writes fail as `fails` says; rows fail when `rowFails` does. */
function desk(fails: (write: number) => boolean, rowFails: (row: number) => boolean = () => false): Desk {
  const store = memoryEpochs();
  const repo = memoryTakes();
  const events: EncodeEvent[] = [];
  let writes = 0;
  let rows = 0;
  const subject: Desk = {
    store,
    repo,
    events,
    reserve: 0,
    sealer: new TrackSealer(
      {
        store: {
          ...store,
          write: async (ref, bytes) => {
            if (fails(writes++)) throw StorageError.full();
            await store.write(ref, bytes);
          },
        },
        repo: {
          ...repo,
          addEpoch: async (row) => {
            if (rowFails(rows++)) throw StorageError.full();
            await repo.addEpoch(row);
          },
        },
        hasher,
        channel: { tell: () => {}, listen: () => () => {} },
        clock: { nowUs: () => asLocal(9_000_000), wallMs: () => 1_700_000_000_000 },
        pageTimeOriginMs: 1_699_999_990_000,
        freeReserve: async () => {
          subject.reserve -= 1;
          return subject.reserve >= 0;
        },
      },
      request,
      (event) => events.push(event),
    ),
  };
  return subject;
}

async function heads({ store }: Desk) {
  const refs = await store.list(TAKE);
  return Promise.all(
    refs.map(async (ref) => readEpochMetadata(new Uint8Array(await (await store.read(ref)).arrayBuffer()))),
  );
}

it("[ES10] each epoch names the one before it, and a row comes only after its bytes", async () => {
  const subject = desk(() => false);
  for (const second of [0, 1, 2]) subject.sealer.seal(slice(second));
  const closed = await subject.sealer.close([]);
  const rows = await subject.repo.epochs(TRACK);
  expect(rows.map((row) => row.seq)).toEqual([0, 1, 2]);
  expect((await heads(subject)).map((head) => head?.previous)).toEqual([null, rows[0]?.sha256, rows[1]?.sha256]);
  expect(closed).toEqual({ epochs: 3, gaps: [], endUs: 3_000_000 });
  expect((await subject.repo.tracks(TAKE))[0]).toMatchObject({ state: "closed", epochs: 3, endUs: 3_000_000 });
});

it("[ES11] an epoch that the disk refuses is a declared gap, the next one takes its number, and the chain holds", async () => {
  const subject = desk((write) => write === 1);
  const early: Gap = { fromUs: 900_000, toUs: 1_000_000, reason: "capture-dropped" };
  subject.sealer.seal(slice(0));
  subject.sealer.seal(slice(1, { gaps: [early] }));
  subject.sealer.seal(slice(2));
  const closed = await subject.sealer.close([early]);
  const lost: Gap = { fromUs: 1_000_000, toUs: 2_000_000, reason: "storage-full" };
  expect(closed.gaps).toEqual([early, lost]);
  const rows = await subject.repo.epochs(TRACK);
  expect(rows.map((row) => [row.seq, row.gaps])).toEqual([
    [0, []],
    [1, [early, lost]],
  ]);
  expect((await heads(subject))[1]?.previous).toBe(rows[0]?.sha256);
  const problems = subject.events.filter((event) => event.type === "problem").map((event) => event.problem);
  expect(problems).toEqual(["storage-full", "storage-back"]);
});

it("[ES12] bytes whose row cannot be written are taken away again, so that they never stand in the way", async () => {
  const subject = desk(
    () => false,
    (row) => row === 0,
  );
  subject.sealer.seal(slice(0));
  subject.sealer.seal(slice(1));
  const closed = await subject.sealer.close([]);
  expect(closed.epochs).toBe(1);
  expect(await subject.store.list(TAKE)).toEqual([{ take: TAKE, track: TRACK, seq: 0 }]);
  expect((await heads(subject))[0]?.firstUs).toBe(6_000_000);
});

it("[ES13] sound gets the space that was kept aside", async () => {
  const subject = desk((write) => write === 0);
  subject.reserve = 1;
  subject.sealer.seal(slice(0));
  expect((await subject.sealer.close([])).gaps).toEqual([]);
  expect((await subject.repo.epochs(TRACK)).length).toBe(1);
});

it("[ES14] a disk that stalls never holds more than its share of memory: what is beyond is a declared gap", async () => {
  const subject = desk(() => false);
  const bytes = MAX_WAITING_BYTES / 2;
  for (const second of [0, 1, 2]) subject.sealer.seal(slice(second, { bytes }));
  expect(subject.sealer.waitingBytes).toBeLessThanOrEqual(MAX_WAITING_BYTES);
  const closed = await subject.sealer.close([]);
  expect(closed.epochs).toBe(2);
  expect(closed.gaps).toEqual([{ fromUs: 2_000_000, toUs: 3_000_000, reason: "storage-full" }]);
});
