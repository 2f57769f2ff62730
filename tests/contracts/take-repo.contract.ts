import * as v from "valibot";
import type { TakeRepo } from "#core/ports/take-repo.ts";
import { participantId, roomId, sha256, takeId, trackId } from "#protocol/ids.ts";
import type { EpochRow, SeatRow, TakeRow, TrackRow } from "#protocol/take-manifest.ts";
import { asLocal } from "#protocol/units.ts";
import { type ContractCase, equal, refuses } from "./contract-case.ts";

const name = (text: string): string => text.padEnd(22, "_");
const TAKE = v.parse(takeId, name("take-a"));
const OTHER = v.parse(takeId, name("take-b"));
const CAMERA = v.parse(trackId, name("camera"));
const MICROPHONE = v.parse(trackId, name("microphone"));
const ROOM = v.parse(roomId, name("room"));
const PERSON = v.parse(participantId, name("person"));
const hash = (digit: string) => v.parse(sha256, digit.repeat(64));

const takeRow: TakeRow = {
  take: TAKE,
  room: null,
  participant: null,
  participantName: "Inês",
  title: "First",
  startedMs: 1,
  consentMs: 1,
  zeroRoomUs: null,
  timeOriginMs: 1.5,
  state: "recording",
  stoppedMs: null,
};

const trackRow: TrackRow = {
  track: CAMERA,
  take: TAKE,
  source: "camera",
  label: "Camera",
  trackZeroUs: asLocal(5.25),
  state: "recording",
  epochs: 0,
  gaps: [{ fromUs: -10, toUs: 0, reason: "late-start" }],
  endUs: null,
  sealed: false,
};

const seat: SeatRow = {
  room: ROOM,
  title: "Room",
  participant: PERSON,
  participantName: "Inês",
  role: "guest",
  hostSecret: null,
  refreshSecret: null,
  token: null,
  tokenExpiresMs: 0,
  usedMs: 7,
};

function epoch(seq: number, change: Partial<EpochRow> = {}): EpochRow {
  return {
    track: CAMERA,
    seq,
    take: TAKE,
    bytes: 100 + seq,
    sha256: hash("a"),
    run: 0,
    media: { kind: "video", codec: "avc1.640028", width: 1280, height: 720, frameRate: 30 },
    firstUs: asLocal(0),
    endUs: asLocal(2_000_000),
    samples: 60,
    gaps: [],
    peaks: "",
    clock: { atUs: asLocal(1), offsetUs: 2.5, uncertaintyUs: 3 },
    receiptMs: null,
    ...change,
  };
}

/** Rules TR1… of docs/spec/journal.md. Each case gets an empty manifest. */
export const takeRepoContract: readonly ContractCase<TakeRepo>[] = [
  {
    rule: "[TR1] rows come back as they were put, and putting again replaces",
    run: async (repo) => {
      await repo.putSeat(seat);
      await repo.putTake(takeRow);
      await repo.putTrack(trackRow);
      equal(await repo.seat(ROOM), seat, "seat");
      equal(await repo.take(TAKE), takeRow, "take");
      equal(await repo.tracks(TAKE), [trackRow], "tracks");
      await repo.putTake({ ...takeRow, state: "stopped", stoppedMs: 9 });
      await repo.putSeat({ ...seat, title: "Other" });
      equal(
        (await repo.takes()).map((take) => take.state),
        ["stopped"],
        "takes",
      );
      equal(
        (await repo.seats()).map((one) => one.title),
        ["Other"],
        "seats",
      );
    },
  },
  {
    rule: "[TR11] two people of one browser have a seat each; taking one ends the room's seat without a participant",
    run: async (repo) => {
      const ann: SeatRow = {
        ...seat,
        participant: v.parse(participantId, "ann___________________"),
        role: "host",
        usedMs: 1,
      };
      const ben: SeatRow = {
        ...seat,
        participant: v.parse(participantId, "ben___________________"),
        role: "guest",
        usedMs: 2,
      };
      await repo.putSeat({ ...seat, participant: null });
      await repo.putSeat(ann);
      await repo.putSeat(ben);
      equal((await repo.seats()).length, 2, "seats");
      equal(await repo.seat(ROOM, ben.participant ?? undefined), ben, "Ben's seat");
      equal(await repo.seat(ROOM), ann, "the host's seat comes first");
      await repo.putSeat({ ...ben, token: "newer" });
      equal((await repo.seats()).length, 2, "seats after a renewal");
    },
  },
  {
    rule: "[TR2] what is not known is undefined or empty",
    run: async (repo) => {
      equal(await repo.take(TAKE), undefined, "take");
      equal(await repo.seat(ROOM), undefined, "seat");
      equal(await repo.tracks(TAKE), [], "tracks");
      equal(await repo.epochs(CAMERA), [], "epochs");
      equal(await repo.pending(10), [], "pending");
      equal(await repo.pendingTotals(), { epochs: 0, bytes: 0 }, "totals");
      equal(await repo.totals(TAKE), { epochs: 0, bytes: 0, pendingEpochs: 0, pendingBytes: 0 }, "take totals");
    },
  },
  {
    rule: "[TR3] epochs come ascending by seq; the same row again is no error, another hash is refused",
    run: async (repo) => {
      for (const seq of [10, 0, 2]) await repo.addEpoch(epoch(seq));
      await repo.addEpoch(epoch(2));
      equal(
        (await repo.epochs(CAMERA)).map((row) => row.seq),
        [0, 2, 10],
        "order",
      );
      await refuses(repo.addEpoch(epoch(2, { sha256: hash("b") })), "conflict");
      equal((await repo.epochs(CAMERA))[1], epoch(2), "row");
      equal((await repo.totals(TAKE)).epochs, 3, "counted once");
    },
  },
  {
    rule: "[TR4] pending is in order of take, track and seq, at most as many as asked",
    run: async (repo) => {
      await repo.addEpoch(epoch(1));
      await repo.addEpoch(epoch(0));
      await repo.addEpoch(epoch(0, { track: MICROPHONE }));
      await repo.addEpoch(epoch(0, { take: OTHER, track: v.parse(trackId, name("another")) }));
      const rows = await repo.pending(3);
      equal(
        rows.map((row) => [row.take, row.track, row.seq]),
        [
          [TAKE, CAMERA, 0],
          [TAKE, CAMERA, 1],
          [TAKE, MICROPHONE, 0],
        ],
        "pending",
      );
      equal(rows[0], epoch(0), "row");
    },
  },
  {
    rule: "[TR5] a receipt counts only with the row's own hash",
    run: async (repo) => {
      await repo.addEpoch(epoch(0));
      await refuses(repo.markReceived(CAMERA, 0, hash("b"), 5), "conflict");
      await refuses(repo.markReceived(CAMERA, 7, hash("a"), 5), "missing");
      equal((await repo.pending(9)).length, 1, "still pending");
      await repo.markReceived(CAMERA, 0, hash("a"), 5);
      await repo.markReceived(CAMERA, 0, hash("a"), 8);
      equal((await repo.epochs(CAMERA))[0]?.receiptMs, 5, "first receipt");
      equal(await repo.pending(9), [], "pending");
    },
  },
  {
    rule: "[TR6] totals are those of the rows",
    run: async (repo) => {
      for (const seq of [0, 1, 2]) await repo.addEpoch(epoch(seq));
      await repo.addEpoch(epoch(0, { take: OTHER, track: MICROPHONE, bytes: 7 }));
      await repo.addEpoch(epoch(1, { take: OTHER, track: MICROPHONE, bytes: 9, receiptMs: 3 }));
      await repo.markReceived(CAMERA, 1, hash("a"), 5);
      equal(await repo.pendingTotals(), { epochs: 3, bytes: 100 + 102 + 7 }, "pending");
      equal(await repo.totals(TAKE), { epochs: 3, bytes: 303, pendingEpochs: 2, pendingBytes: 202 }, "take");
      equal(await repo.totals(OTHER), { epochs: 2, bytes: 16, pendingEpochs: 1, pendingBytes: 7 }, "other");
    },
  },
  {
    rule: "[TR7] a room is assigned to a take and a seal to a track, without touching the rest",
    run: async (repo) => {
      await repo.putTake(takeRow);
      await repo.putTrack(trackRow);
      await repo.assignRoom(TAKE, ROOM, PERSON);
      await repo.markSealed(CAMERA);
      equal(await repo.take(TAKE), { ...takeRow, room: ROOM, participant: PERSON }, "take");
      equal(await repo.tracks(TAKE), [{ ...trackRow, sealed: true }], "track");
    },
  },
  {
    rule: "[TR8] deleting a take deletes all of it and nothing else",
    run: async (repo) => {
      await repo.putTake(takeRow);
      await repo.putTake({ ...takeRow, take: OTHER });
      await repo.putTrack(trackRow);
      await repo.addEpoch(epoch(0));
      await repo.addEpoch(epoch(0, { take: OTHER, track: MICROPHONE }));
      await repo.deleteTake(TAKE);
      equal(
        (await repo.takes()).map((take) => take.take),
        [OTHER],
        "takes",
      );
      equal(await repo.epochs(CAMERA), [], "epochs");
      equal(await repo.tracks(TAKE), [], "tracks");
      equal(await repo.pendingTotals(), { epochs: 1, bytes: 100 }, "totals");
    },
  },
];
