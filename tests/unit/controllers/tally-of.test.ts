import type { OwnRecording } from "#controllers/own-recording.ts";
import { participantViewOf } from "#controllers/participant-views.ts";
import type { ParticipantView } from "#controllers/studio-view.ts";
import { afterStopOf, tallyOf, type TallyInput } from "#controllers/tally-of.ts";
import type { ParticipantId, TakeId } from "#protocol/ids.ts";
import type { DeviceStatus, ParticipantView as RoomParticipant, TakeView } from "#protocol/room-messages.ts";
import { asRoom } from "#protocol/units.ts";
import { UNKNOWN_UPLOAD, type UploadState } from "#protocol/upload-rpc.ts";
import { describe, expect, it } from "vitest";
import { idOf } from "../upload/rig/upload-rig.ts";

const TAKE = idOf<TakeId>("take");
const OTHER = idOf<TakeId>("other");

const take = (state: TakeView["state"]): TakeView => ({
  take: TAKE,
  number: 3,
  title: "",
  state,
  zeroRoomUs: asRoom(0),
  stopRoomUs: state === "stopped" ? asRoom(60_000_000) : null,
});

const status = (change: Partial<DeviceStatus> = {}): DeviceStatus => ({
  recording: "recording",
  take: TAKE,
  sources: ["camera"],
  epochsSealed: 10,
  epochsUploaded: 6,
  epochsLeft: 4,
  bytesLeft: 400,
  gaps: 0,
  gapUs: 0,
  problem: null,
  newestGaps: [],
  bytesSealed: 1000,
  bytesUploaded: 600,
  bytesPerSecond: 200,
  minutesFree: null,
  ...change,
});

const person = (name: string, change: Partial<RoomParticipant> = {}): RoomParticipant => ({
  participant: idOf<ParticipantId>(name),
  name,
  role: "guest",
  connected: true,
  seenMs: 30_000,
  status: status(),
  call: null,
  handMs: null,
  ...change,
});

const viewOf = (from: RoomParticipant, state: TakeView["state"] = "rolling"): ParticipantView =>
  participantViewOf(from, { take: take(state), elapsedMs: 60_000 }, false);

const own: OwnRecording = {
  take: TAKE,
  phase: "stopped",
  zeroMs: 0,
  lengthMs: 60_000,
  sources: ["camera"],
  totals: { epochs: 30, bytes: 3000, pendingEpochs: 0, pendingBytes: 0 },
  gaps: [],
  off: [],
  problems: [],
  tracks: [],
};
const safe: UploadState = { ...UNKNOWN_UPLOAD, safe: true };

const input = (change: Partial<TallyInput>): TallyInput => ({
  take: take("rolling"),
  elapsedMs: 60_000,
  zeroMs: 0,
  own: null,
  participants: [],
  uploads: UNKNOWN_UPLOAD,
  ready: true,
  readiness: { ready: 2, total: 2 },
  starting: false,
  ...change,
});

describe("the tally", () => {
  it("is idle before the first take", () => {
    expect(tallyOf(input({ take: null }))).toEqual({ phase: "idle", ready: true });
  });

  it("[RC17] is starting while Record waits for devices, after an earlier take too", () => {
    const waits = { take: null, starting: true, readiness: { ready: 1, total: 3 } };
    expect(tallyOf(input(waits))).toEqual({ phase: "starting", ready: 1, total: 3 });
    expect(tallyOf(input({ ...waits, own }))).toEqual({ phase: "starting", ready: 1, total: 3 });
  });

  it("is starting before the take's zero", () => {
    const participants = [viewOf(person("Ann")), viewOf(person("Ben"))];
    expect(tallyOf(input({ elapsedMs: -200, participants }))).toEqual({ phase: "starting", ready: 2, total: 2 });
  });

  it("[RS25] never counts a device without a word as recording", () => {
    const participants = [viewOf(person("Ann")), viewOf(person("Ben", { connected: false }))];
    expect(tallyOf(input({ participants }))).toMatchObject({
      phase: "recording",
      recording: 1,
      total: 2,
      outOfReach: ["Ben"],
    });
  });

  it("names who should be recording and is not", () => {
    const participants = [viewOf(person("Ann")), viewOf(person("Ben", { status: status({ recording: "failed" }) }))];
    expect(tallyOf(input({ participants }))).toMatchObject({ phase: "recording", recording: 1, notRecording: ["Ben"] });
  });

  it("[RS24] is safe only after Stop", () => {
    const running = { ...own, phase: "recording" } as const;
    const draining = { ...own, phase: "stopping" } as const;
    const participants = [viewOf(person("Ann"))];
    expect(tallyOf(input({ own: running, uploads: safe, participants })).phase).toBe("recording");
    expect(tallyOf(input({ take: take("stopped"), own: draining, uploads: safe })).phase).toBe("stopping");
    expect(tallyOf(input({ take: take("stopped"), own, uploads: safe })).phase).toBe("safe");
  });

  it("[RS24] is not safe by its own take alone: other takes of this device wait too", () => {
    const uploads: UploadState = {
      ...UNKNOWN_UPLOAD,
      phase: "waiting",
      reason: "offline",
      epochsLeft: 1,
      bytesLeft: 50,
    };
    expect(tallyOf(input({ take: take("stopped"), own, uploads }))).toMatchObject({ phase: "waiting", bytesLeft: 50 });
  });

  it("[RS24] says both when something was lost: safe, and how much is missing", () => {
    const gaps = [
      { atMs: 1000, lengthMs: 33 },
      { atMs: 5000, lengthMs: 700 },
    ];
    expect(tallyOf(input({ take: take("stopped"), own: { ...own, gaps }, uploads: safe }))).toEqual({
      phase: "safe",
      lostMs: 700,
    });
  });

  it("after Stop names those who still upload", () => {
    const participants = [viewOf(person("Ann", { status: status({ recording: "no" }) }), "stopped")];
    expect(afterStopOf(input({ take: take("stopped"), own, uploads: safe, participants }))?.othersLeft).toEqual([
      { name: "Ann", etaMs: 2000 },
    ]);
  });
});

describe("a participant as others see them", () => {
  it("a status of another take says nothing of this one", () => {
    expect(viewOf(person("Ann", { status: status({ take: OTHER }) })).epochs).toBeUndefined();
  });

  it("[RS25] keeps what it last said of its epochs when it is out of reach", () => {
    const view = viewOf(person("Ann", { connected: false }));
    expect(view).toMatchObject({ state: "out-of-reach", epochs: { sealed: 10, uploaded: 6, left: 4 } });
    expect(view.problem).toEqual({ reason: "out-of-reach", who: "Ann", sinceMs: 30_000 });
  });

  it("is safe only when it has stopped and nothing of its device is left", () => {
    const done = status({ recording: "no", epochsLeft: 0, epochsUploaded: 10 });
    expect(viewOf(person("Ann", { status: done }), "stopped").safe).toBe(true);
    expect(viewOf(person("Ann", { status: { ...done, epochsLeft: 1 } }), "stopped").safe).toBe(false);
    expect(viewOf(person("Ann", { status: { ...done, recording: "recording" } })).safe).toBe(false);
  });
});
