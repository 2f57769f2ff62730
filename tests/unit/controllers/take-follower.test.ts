import { ClockSync } from "#core/clock-sync/clock-sync.ts";
import type { OwnRecording } from "#controllers/own-recording.ts";
import type { RecordingDesk } from "#controllers/recording-desk.ts";
import { TakeFollower } from "#controllers/take-follower.ts";
import { createViewCell } from "#controllers/view-source.ts";
import type { TakeOrder } from "#core/take/take-state.ts";
import type { ParticipantId, RoomId, TakeId } from "#protocol/ids.ts";
import type { TakeView } from "#protocol/room-messages.ts";
import type { SeatRow } from "#protocol/take-manifest.ts";
import { asLocal, asRoom } from "#protocol/units.ts";
import { describe, expect, it } from "vitest";
import { idOf } from "../upload/rig/upload-rig.ts";

const FIRST = idOf<TakeId>("first");
const SECOND = idOf<TakeId>("second");
const OFFSET = 1_000_000_000;

const seat: SeatRow = {
  room: idOf<RoomId>("room"),
  title: "A room",
  participant: idOf<ParticipantId>("ann"),
  participantName: "Ann",
  role: "host",
  hostSecret: null,
  refreshSecret: null,
  token: null,
  tokenExpiresMs: 0,
  usedMs: 0,
};

const rolling = (take: TakeId, zeroUs: number): TakeView => ({
  take,
  number: 1,
  title: "",
  state: "rolling",
  zeroRoomUs: asRoom(zeroUs + OFFSET),
  stopRoomUs: null,
});
const stopped = (take: TakeId, zeroUs: number, stopUs: number): TakeView => ({
  ...rolling(take, zeroUs),
  state: "stopped",
  stopRoomUs: asRoom(stopUs + OFFSET),
});

const recordingOf = (take: TakeId): OwnRecording => ({
  take,
  phase: "recording",
  zeroMs: 0,
  lengthMs: 0,
  sources: [],
  totals: { epochs: 0, bytes: 0, pendingEpochs: 0, pendingBytes: 0 },
  gaps: [],
  off: [],
  problems: [],
  tracks: [],
});

function rig(options: { clock?: boolean; devices?: boolean | "off" } = {}) {
  const own = createViewCell<OwnRecording | null>(null);
  const started: TakeOrder[] = [];
  const stops: number[] = [];
  const told: string[] = [];
  const desk: RecordingDesk = {
    own,
    start(order) {
      started.push(order);
      own.set(recordingOf(order.take));
    },
    async stop(atUs) {
      stops.push(atUs);
      own.update((now) => now && { ...now, phase: "stopped" });
    },
    setClock: () => undefined,
    watchFigures: () => undefined,
    isBehind: () => false,
    arming: createViewCell(false),
    armed: async () => undefined,
    close: async () => undefined,
  };
  const clockSync = new ClockSync();
  const sync = (): void =>
    clockSync.add({ sentUs: asLocal(0), serverUs: asRoom(OFFSET - 500), receivedUs: asLocal(0) });
  if (options.clock !== false) sync();
  const follower = new TakeFollower({
    desk,
    clock: { nowUs: () => asLocal(7_000_000), wallMs: () => 0 },
    clockSync,
    seat: () => seat,
    consentMs: () => 42,
    session: () => ({
      stopTake: (take) => void told.push(`stop ${take}`),
      notRecording: (take, why) => void told.push(`not-recording ${take} ${why}`),
    }),
    hasDevices: () => options.devices ?? true,
    report: (error) => {
      throw error;
    },
  });
  return { follower, own, started, stops, told, sync };
}

describe("following the room's takes", () => {
  it("[RS20] begins at the take's zero by the room's clock", () => {
    const { follower, started } = rig();
    follower.follow(rolling(FIRST, 8_000_000));
    expect(started).toMatchObject([{ take: FIRST, room: seat.room, consentMs: 42, zeroRoomUs: 8_000_000 + OFFSET }]);
    expect(started[0]?.zeroUs).toBeCloseTo(8_000_000, 0);
  });

  it("[RS20] waits for the first clock sample", () => {
    const { follower, started, sync } = rig({ clock: false });
    follower.follow(rolling(FIRST, 8_000_000));
    expect(started).toEqual([]);
    sync();
    follower.clockKnown();
    expect(started).toHaveLength(1);
  });

  it("[RS20] a take that was stopped while it waited does not begin", () => {
    const { follower, started, sync } = rig({ clock: false });
    follower.follow(rolling(FIRST, 8_000_000));
    follower.follow(stopped(FIRST, 8_000_000, 9_000_000));
    sync();
    follower.clockKnown();
    expect(started).toEqual([]);
  });

  it("[CP48] with everything switched off it begins, and nobody need wait for it", () => {
    const { follower, started, told } = rig({ devices: "off" });
    follower.follow(rolling(FIRST, 8_000_000));
    expect(started).toHaveLength(1);
    expect(told).toEqual([`not-recording ${FIRST} muted`]);
  });

  it("[RS21] hearing of the same take again changes nothing", () => {
    const { follower, started, stops } = rig();
    follower.follow(rolling(FIRST, 8_000_000));
    follower.follow(rolling(FIRST, 8_000_000));
    expect(started).toHaveLength(1);
    expect(stops).toEqual([]);
  });

  it("[RS21] stops at the moment that the room names", () => {
    const { follower, stops } = rig();
    follower.follow(rolling(FIRST, 8_000_000));
    follower.follow(stopped(FIRST, 8_000_000, 20_000_000));
    expect(stops).toHaveLength(1);
    expect(stops[0]).toBeCloseTo(20_000_000, 0);
  });

  it("[RS21] the Stop of another take does not end this one", () => {
    const { follower, stops } = rig();
    follower.follow(rolling(FIRST, 8_000_000));
    follower.follow(stopped(SECOND, 1_000_000, 2_000_000));
    expect(stops).toEqual([]);
  });

  it("[RS21] a newer take ends the one before at the newer one's zero, and begins", () => {
    const { follower, stops, started } = rig();
    follower.follow(rolling(FIRST, 1_000_000));
    follower.follow(rolling(SECOND, 8_000_000));
    expect(stops[0]).toBeCloseTo(8_000_000, 0);
    expect(started.map((order) => order.take)).toEqual([FIRST, SECOND]);
  });

  it("[RS22] an offline Stop ends it here at once and is told when the room is back", () => {
    const { follower, stops, told } = rig();
    follower.follow(rolling(FIRST, 1_000_000));
    follower.stopOffline(FIRST);
    expect(stops).toEqual([7_000_000]);
    expect(told).toEqual([]);
    follower.follow(rolling(FIRST, 1_000_000));
    expect(told).toEqual([`stop ${FIRST}`]);
  });

  it("[RS22] a Stop that was lost with the socket is told again", () => {
    const { follower, told, stops } = rig();
    follower.follow(rolling(FIRST, 1_000_000));
    follower.stopHere(FIRST);
    follower.follow(rolling(FIRST, 1_000_000));
    expect(told).toEqual([`stop ${FIRST}`, `stop ${FIRST}`]);
    expect(stops).toEqual([]);
  });

  it("[RS23] says so when there is nothing to record", () => {
    const { follower, started, told } = rig({ devices: false });
    follower.follow(rolling(FIRST, 8_000_000));
    expect(started).toEqual([]);
    expect(told).toEqual([`not-recording ${FIRST} no-devices`]);
  });
});
