import { createHomeController } from "#controllers/home-controller.ts";
import { createViewCell } from "#controllers/view-source.ts";
import { type RoomApi, RoomApiError } from "#core/ports/room-api.ts";
import type { TakeId } from "#protocol/ids.ts";
import { UNKNOWN_UPLOAD } from "#protocol/upload-rpc.ts";
import { describe, expect, it } from "vitest";
import { deviceRig } from "./rig/device.ts";
import { settle } from "./rig/hand-clock.ts";
import { roomApiOf } from "./rig/hand-room-api.ts";
import { alone, epochsOf, HOST_SECRET, keep, ROOM, seatOf, takeOf, trackOf } from "./rig/rows.ts";

function rig(answers: Partial<RoomApi> = {}) {
  const device = deviceRig();
  const found = createViewCell<readonly TakeId[]>([]);
  let key: string | undefined;
  const ports = {
    ...device,
    roomApi: roomApiOf(answers),
    found: { view: found, dismiss: (take: TakeId) => found.update((all) => all.filter((each) => each !== take)) },
    install: { view: createViewCell({ installed: false, installable: true }), open: () => {} },
    studioKey: {
      get: () => key,
      set: (next: string) => {
        key = next;
      },
      forget: () => {
        key = undefined;
      },
    },
  };
  const put = (take: Parameters<typeof keep>[1], epochs: number, arrived: number) => {
    const track = trackOf(take, "microphone", epochs);
    keep(device.repo, take, [track], epochsOf(track, arrived));
    return take;
  };
  return { ...ports, foundIds: found, put, rememberedKey: () => key };
}

describe("Home", () => {
  it("knows the rooms of this device and the takes recorded alone, newest first", async () => {
    const device = rig();
    device.repo.laySeat(seatOf({ usedMs: 3_000 }));
    const madeForOne = `${"x".repeat(22)}` as typeof ROOM;
    device.repo.laySeat(seatOf({ room: madeForOne, usedMs: 9_000 }));
    device.put(takeOf("room", { startedMs: 3_500 }), 3, 3);
    device.put(alone("arrived", { startedMs: 2_000, room: madeForOne }), 2, 2);
    device.put(alone("here", { startedMs: 1_000, title: "Voice notes" }), 2, 0);
    const model = createHomeController(device);
    await settle();
    expect(model.view.get().recent).toMatchObject([
      { title: "Ferries", href: `/r/${ROOM}`, atMs: 3_500, lengthMs: 6_000, alone: false, state: "safe" },
      { title: "Recorded alone", href: "/recordings", atMs: 2_000, alone: true, state: "safe" },
      { title: "Voice notes", atMs: 1_000, alone: true, state: "local" },
    ]);
    expect(model.view.get().device).toMatchObject({
      bytesFree: 61_000_000_000,
      minutesFree: 1_000,
      installable: true,
      online: true,
    });
    model.close?.();
    expect(device.journal.listeners).toBe(0);
  });

  it("keeps the seat with its host secret on disk before it gives the room's path", async () => {
    const device = rig({ createRoom: async () => ({ room: ROOM, hostSecret: HOST_SECRET }) });
    const steps: string[] = [];
    const putSeat = device.repo.putSeat.bind(device.repo);
    device.repo.putSeat = async (seat) => {
      await putSeat(seat);
      steps.push("kept");
    };
    const model = createHomeController(device);
    await settle();
    const path = model.newRoom().then((made) => {
      steps.push("path");
      return made;
    });
    expect(model.view.get().making).toBe(true);
    expect(await path).toBe(`/r/${ROOM}`);
    expect(steps).toEqual(["kept", "path"]);
    expect(await device.repo.seat(ROOM)).toMatchObject({ role: "host", hostSecret: HOST_SECRET, participant: null });
    expect(model.view.get()).toMatchObject({ making: false, studioKeyNeeded: false });
    model.close?.();
  });

  it("asks for the studio key when the server does, and remembers one that it took", async () => {
    const asked: (string | undefined)[] = [];
    const device = rig({
      createRoom: async (_body, key) => {
        asked.push(key);
        if (key !== "right") throw new RoomApiError("studio-key-needed", "needs the key");
        return { room: ROOM, hostSecret: HOST_SECRET };
      },
    });
    const model = createHomeController(device);
    expect(await model.newRoom()).toBeUndefined();
    expect(model.view.get()).toMatchObject({ studioKeyNeeded: true, problem: { reason: "studio-key-needed" } });
    expect(await model.newRoom("wrong")).toBeUndefined();
    expect(device.rememberedKey()).toBeUndefined();
    expect(await model.newRoom("right")).toBe(`/r/${ROOM}`);
    expect(model.view.get().problem).toBeUndefined();
    expect(await model.newRoom()).toBe(`/r/${ROOM}`);
    expect(asked).toEqual([undefined, "wrong", "right", "right"]);
    model.close?.();
  });

  it("says so when no server answers, and that recording alone needs none", async () => {
    const device = rig({ createRoom: () => Promise.reject(RoomApiError.unreachable(new TypeError("failed"))) });
    const model = createHomeController(device);
    expect(await model.newRoom()).toBeUndefined();
    expect(model.view.get().problem).toMatchObject({ reason: "other", title: "The server does not answer" });
    expect(device.reported).toEqual([]);
    model.close?.();
  });

  it("shows the takes that this launch found cut short until they are seen", async () => {
    const device = rig();
    const take = device.put(alone("cut", { state: "cut-short", startedMs: 7_000, stoppedMs: null }), 5, 0);
    const empty = device.put(alone("empty", { state: "cut-short" }), 0, 0);
    const model = createHomeController(device);
    await settle();
    expect(model.view.get().found).toEqual([]);
    device.foundIds.set([take.take, empty.take]);
    await device.clock.pass(600);
    expect(model.view.get().found).toMatchObject([
      {
        id: take.take,
        alone: true,
        fromMs: 7_000,
        toMs: 17_000,
        keptMs: 10_000,
        bytes: 5_000,
        sources: ["microphone"],
        missingMs: 2_000,
        tape: { local: true, live: false },
      },
    ]);
    model.exportTake(take.take);
    expect(device.exporter.started).toEqual([take.take]);
    expect(model.view.get().found[0]?.exporting).toEqual({ fraction: 0 });
    model.dismissFound(take.take);
    expect(model.view.get().found).toEqual([]);
    model.close?.();
  });

  it("tells what earlier visits left to upload, without the take that runs now", async () => {
    const device = rig();
    device.put(takeOf("left"), 10, 4);
    device.put(takeOf("runs", { state: "recording", stoppedMs: null }), 3, 0);
    const model = createHomeController(device);
    await settle();
    expect(model.view.get().leftover).toEqual({ takes: 1, bytesLeft: 6_000, state: "waiting", fraction: 0.4 });
    device.uploads.set({ ...UNKNOWN_UPLOAD, phase: "draining", bytesLeft: 2_000, bytesPerSecond: 500 });
    expect(model.view.get().leftover).toEqual({
      takes: 1,
      bytesLeft: 2_000,
      state: "uploading",
      fraction: 0.8,
      etaMs: 4_000,
    });
    model.close?.();
  });
});
