import { CallDesk, type OpenCall } from "#controllers/call-desk.ts";
import type { DeviceTrack } from "#controllers/studio-devices.ts";
import { createViewCell } from "#controllers/view-source.ts";
import { RoomApiError } from "#core/ports/room-api.ts";
import type { CallState, SfuSessionId } from "#protocol/call.ts";
import type { ParticipantId } from "#protocol/ids.ts";
import { UNKNOWN_UPLOAD, type UploadState } from "#protocol/upload-rpc.ts";
import { describe, expect, it } from "vitest";
import { CALM, HandCall } from "./rig/hand-call.ts";
import { HandClock, settle } from "./rig/hand-clock.ts";
import { HandDevices } from "./rig/hand-devices.ts";
import { ME } from "./rig/rows.ts";
import { personOf, roomOf } from "./rig/stay.ts";

const ANN = "participantparticipa02" as ParticipantId;

const IN_CALL: CallState = {
  tracks: [
    { source: "microphone", session: "s".repeat(32) as SfuSessionId, trackName: "sound", simulcast: false },
    { source: "camera", session: "s".repeat(32) as SfuSessionId, trackName: "picture", simulcast: true },
  ],
  muted: false,
  cameraOff: false,
};

function rig(load?: () => Promise<OpenCall>) {
  const clock = new HandClock();
  const devices = new HandDevices();
  const told: CallState[] = [];
  const uploads = createViewCell<UploadState>(UNKNOWN_UPLOAD);
  const paces: (number | null)[] = [];
  const reported: unknown[] = [];
  const levels = createViewCell<ReadonlyMap<string, number>>(new Map());
  const calls: HandCall[] = [];
  let fail: (error: unknown) => void = () => {};
  const desk = new CallDesk<DeviceTrack>({
    loadCall:
      load ??
      (async () => (events) => {
        fail = (error) => events.failed(error);
        const call = new HandCall(events);
        calls.push(call);
        return call;
      }),
    self: ME,
    devices,
    clock,
    newStream: () => new EventTarget() as MediaStream,
    uploads,
    paceUploads: (bytes) => void paces.push(bytes),
    recorderSlow: () => false,
    tell: (state) => void told.push(state),
    changed: () => undefined,
    troubled: () => undefined,
    levels,
    report: (error) => void reported.push(error),
  });
  const call = (): HandCall => {
    const [one] = calls;
    if (one === undefined) throw new Error("no call was opened");
    return one;
  };
  return {
    clock,
    devices,
    uploads,
    told,
    paces,
    reported,
    levels,
    calls,
    desk,
    call,
    fail: (error: unknown) => fail(error),
  };
}

describe("the call's feed", () => {
  it("[CF1] nothing is fetched or sent before this device is let in", async () => {
    const { desk, calls, told } = rig();
    desk.follow(roomOf({ participants: [personOf({ participant: ANN })] }));
    desk.show([{ participant: ANN, source: "camera", width: 100 }]);
    desk.nudge();
    await settle();
    expect([calls, told]).toEqual([[], []]);
    desk.open();
    await settle();
    expect(calls[0]?.asked).toEqual([
      "start",
      "send camera camera-1",
      "send microphone microphone-1",
      "follow",
      "show",
    ]);
  });

  it("[CF2] a device that is off, or is being changed, sends silence or black: the track stays", async () => {
    const { desk, devices, call } = rig();
    desk.open();
    await settle();
    call().asked.splice(0);
    devices.setOff("microphone", true);
    devices.setOff("microphone", false);
    devices.open.update((now) => ({ ...now, camera: undefined }));
    devices.open.update((now) => ({ ...now, camera: { id: "camera-9", label: "" } }));
    expect(call().asked).toEqual([
      "send microphone nothing",
      "send microphone microphone-2",
      "send camera nothing",
      "send camera camera-9",
    ]);
  });

  it("[CF2] no camera at all is no part of the call, and neither is a screen that is not shared", async () => {
    const { desk, devices, call } = rig();
    desk.open();
    await settle();
    call().asked.splice(0);
    devices.open.update((now) => ({ ...now, screen: { id: "screen-1", label: "" } }));
    devices.open.update((now) => ({ ...now, screen: undefined }));
    devices.view.update((now) => ({ ...now, camera: "" }));
    devices.open.update((now) => ({ ...now, camera: undefined }));
    expect(call().asked).toEqual(["send screen screen-1", "send screen undefined", "send camera undefined"]);
  });

  it("[CF3] the room is told the whole of it, and only when it changes", async () => {
    const { desk, devices, call, told } = rig();
    desk.open();
    await settle();
    call().becomes({ ...CALM, roundTripMs: 5 });
    const published = [
      { source: "camera", session: "s".repeat(22), trackName: "cam", simulcast: true },
    ] as unknown as CallState["tracks"];
    call().becomes({ ...CALM, published });
    call().becomes({ ...CALM, published, roundTripMs: 9 });
    devices.setOff("camera", true);
    expect(told).toEqual([
      { tracks: [], muted: false, cameraOff: false },
      { tracks: published, muted: false, cameraOff: false },
      { tracks: published, muted: false, cameraOff: true },
    ]);
  });

  it("[CF4] follows those who are connected and publish, not oneself", async () => {
    const { desk, call } = rig();
    desk.open();
    await settle();
    const inCall = { tracks: [], muted: false, cameraOff: false };
    const people = [
      personOf({ call: inCall }),
      personOf({ participant: ANN, call: inCall }),
      personOf({ participant: "participantparticipa03" as ParticipantId, call: inCall, connected: false }),
      personOf({ participant: "participantparticipa04" as ParticipantId }),
    ];
    desk.follow(roomOf({ participants: people }));
    expect(call().followed).toEqual([{ participant: ANN, tracks: [] }]);
    const before = call().asked.length;
    desk.follow(roomOf({ participants: people.map((each) => ({ ...each, seenMs: 2 })) }));
    expect(call().asked).toHaveLength(before);
  });

  it("[CF12] pulls the pictures of who is there until the stage says what it shows", async () => {
    const { desk, call } = rig();
    desk.open();
    await settle();
    desk.follow(roomOf({ participants: [personOf({ participant: ANN, call: IN_CALL })] }));
    expect(call().shown).toEqual([{ participant: ANN, source: "camera", width: 640 }]);
    desk.show([]);
    expect(call().shown).toEqual([]);
    desk.follow(roomOf({ participants: [] }));
    expect(call().shown).toEqual([]);
  });

  it("[RC18] is under way once its offer is out and somebody's track is there, where there is one", async () => {
    const { desk, call } = rig();
    expect(desk.isUnderWay).toBe(true);
    desk.open();
    await settle();
    expect(desk.isUnderWay).toBe(false);
    call().becomes({ state: "connecting", hasOffered: true });
    expect(desk.isUnderWay).toBe(false);
    desk.follow(roomOf({ participants: [personOf()] }));
    expect(desk.isUnderWay).toBe(true);
    desk.follow(roomOf({ participants: [personOf({ participant: ANN, call: IN_CALL })] }));
    expect(desk.isUnderWay).toBe(false);
    const media = { id: "camera-of-ann", label: "" };
    call().becomes({ received: [{ participant: ANN, source: "camera", media, layer: null }] });
    expect(desk.isUnderWay).toBe(true);
  });

  it("[RC18] a call that is off holds nothing up", async () => {
    const { desk, call } = rig();
    desk.open();
    await settle();
    call().becomes({ state: "off", hasOffered: false });
    expect(desk.isUnderWay).toBe(true);
  });

  it("[CF5] tells the upload's pace while there is a call, and lets it go at the end", async () => {
    const { desk, call, paces } = rig();
    desk.open();
    await settle();
    call().becomes({ ...CALM, uploadBytesPerSecond: 50_000 });
    call().becomes({ ...CALM, uploadBytesPerSecond: 50_000, roundTripMs: 3 });
    call().becomes({ ...CALM, uploadBytesPerSecond: 20_000 });
    desk.close();
    expect(paces).toEqual([50_000, 20_000, null]);
    call().becomes({ ...CALM, uploadBytesPerSecond: 1 });
    expect(paces).toHaveLength(3);
  });

  it("[CF10] tells the call what the upload moves, so that nothing else is slowed down for it", async () => {
    const { desk, call, uploads } = rig();
    uploads.set({ ...UNKNOWN_UPLOAD, phase: "draining", bytesLeft: 9_000 });
    desk.open();
    await settle();
    const said = () => call().asked.filter((each) => each.startsWith("uploading"));
    expect(said()).toEqual(["uploading 0"]);
    uploads.update((now) => ({ ...now, bytesPerSecond: 500_000 }));
    uploads.update((now) => ({ ...now, epochsLeft: 2 }));
    uploads.update((now) => ({ ...now, phase: "waiting" }));
    uploads.set({ ...UNKNOWN_UPLOAD, phase: "draining" });
    expect(said()).toEqual(["uploading 0", "uploading 500000", "uploading null"]);
  });

  it("[CF6] notes who was heard to speak, at most once a second", async () => {
    const { desk, call, clock, levels } = rig();
    desk.open();
    await settle();
    const hear = async (level: number, ms: number): Promise<void> => {
      for (let at = 0; at < ms; at += 100) {
        call().hears(new Map([[ANN, level]]));
        await clock.pass(100);
      }
    };
    await hear(0.2, 1_000);
    expect(desk.spokeAtMs(ANN)).toBe(0);
    await hear(0.8, 300);
    const firstMs = desk.spokeAtMs(ANN);
    expect(firstMs).toBeGreaterThan(0);
    await hear(0.8, 900);
    expect(desk.spokeAtMs(ANN)).toBe(firstMs);
    await hear(0.8, 300);
    expect(desk.spokeAtMs(ANN)).toBe(firstMs + 1_000);
    expect(levels.get().get(ANN)).toBe(0.8);
  });

  it("[CF9] judges each connection by what was said of it before, and forgets who is gone", async () => {
    const { desk, call } = rig();
    desk.open();
    await settle();
    const inbound = (loss: number) => new Map([[ANN, { loss, jitterMs: 5, silent: false }]]);
    call().becomes({ ...CALM, roundTripMs: 20, quality: inbound(0.06) });
    expect(desk.qualityOf(ANN)).toEqual({ bars: 2, why: "loss", loss: 0.06, jitterMs: 5, roundTripMs: 20 });
    call().becomes({ ...CALM, quality: inbound(0.04) });
    expect(desk.qualityOf(ANN)).toMatchObject({ bars: 2, why: "loss" });
    call().becomes({ ...CALM, quality: inbound(0.01) });
    expect(desk.qualityOf(ANN)).toMatchObject({ bars: 3, why: "good" });
    call().becomes({ ...CALM, quality: new Map() });
    expect(desk.qualityOf(ANN)).toBeUndefined();
  });

  it("[CF7] code that could not be fetched is fetched when the network is back", async () => {
    let tries = 0;
    const calls: HandCall[] = [];
    const { desk, reported } = rig(async () => {
      tries += 1;
      if (tries === 1) throw new TypeError("Failed to fetch");
      return (events) => {
        const call = new HandCall(events);
        calls.push(call);
        return call;
      };
    });
    desk.open();
    await settle();
    expect([calls.length, reported.length]).toEqual([0, 1]);
    desk.nudge();
    await settle();
    expect(calls[0]?.asked[0]).toBe("start");
  });

  it("[CF8] a server without a call is a state; a fault is reported", async () => {
    const { desk, fail, reported, call } = rig();
    desk.open();
    await settle();
    fail(new RoomApiError("server-failed", "no call here", { serverReason: "no-call" }));
    expect(reported).toEqual([]);
    fail(new TypeError("a fault"));
    expect(reported).toHaveLength(1);
    call().becomes({ ...CALM, state: "off" });
    expect(desk.state).toBe("off");
  });
});
