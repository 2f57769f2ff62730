import { createRecordingsController } from "#controllers/recordings-controller.ts";
import { takeLock } from "#protocol/sw-messages.ts";
import { UNKNOWN_UPLOAD } from "#protocol/upload-rpc.ts";
import { describe, expect, it } from "vitest";
import { settle } from "./rig/hand-clock.ts";
import { deviceRig } from "./rig/device.ts";
import { alone, epochsOf, keep, ROOM, seatOf, takeOf, trackOf } from "./rig/rows.ts";

function rig() {
  const device = deviceRig();
  device.repo.laySeat(seatOf());
  const put = (take: Parameters<typeof keep>[1], epochs: number, arrived: number) => {
    const tracks = (["camera", "microphone"] as const).map((source) => trackOf(take, source, epochs));
    keep(
      device.repo,
      take,
      tracks,
      tracks.flatMap((track) => epochsOf(track, arrived)),
    );
    return take;
  };
  return { ...device, put };
}

describe("Recordings", () => {
  it("lists every take of the device, newest first, with its state", async () => {
    const device = rig();
    device.put(takeOf("safe", { startedMs: 4_000, title: "Ferries, take 1" }), 3, 3);
    device.put(takeOf("waits", { startedMs: 3_000 }), 4, 1);
    device.put(alone("alone", { startedMs: 2_000 }), 2, 0);
    device.put(takeOf("runs", { startedMs: 1_000, state: "recording", stoppedMs: null }), 2, 0);
    const model = createRecordingsController(device);
    expect(model.view.get().loading).toBe(true);
    await settle();
    const view = model.view.get();
    expect(view.loading).toBe(false);
    expect(view.takes.map((take) => take.state.kind)).toEqual(["safe", "waiting", "local", "recording"]);
    expect(view.takes.map((take) => take.title)).toEqual(["Ferries, take 1", "Ferries", "Recorded alone", "Ferries"]);
    expect(view.takes[0]).toMatchObject({ bytes: 6_000, lengthMs: 6_000, exportsHref: `/r/${ROOM}/exports` });
    expect(view.takes[2]).toMatchObject({ alone: true, tape: { local: true, arrivedMs: 0 } });
    expect(view).toMatchObject({ bytesUsed: 22_000, bytesFree: 61_000_000_000, offline: false });
    model.close?.();
    expect(device.journal.listeners).toBe(0);
  });

  it("follows an upload by the engine's count, and calls it safe only when the manifest does", async () => {
    const device = rig();
    const take = device.put(takeOf("moves"), 4, 1);
    const model = createRecordingsController(device);
    await settle();
    const left = { take: take.take, room: ROOM, epochsLeft: 0, bytesLeft: 0, tracksLeft: 0 };
    device.uploads.set({
      ...UNKNOWN_UPLOAD,
      phase: "draining",
      bytesLeft: 3_000,
      bytesPerSecond: 1_000,
      takes: [{ ...left, epochsLeft: 3, bytesLeft: 3_000, tracksLeft: 2 }],
    });
    expect(model.view.get().takes[0]?.state).toEqual({ kind: "uploading", fraction: 0.625, etaMs: 3_000 });
    device.uploads.set({ ...UNKNOWN_UPLOAD, phase: "draining", takes: [left] });
    expect(model.view.get().takes[0]?.state.kind).toBe("uploading");
    for (const row of device.repo.left()) await device.repo.markReceived(row.track, row.seq, row.sha256, 5);
    device.journal.hear({ type: "epoch-received", take: take.take, track: trackOf(take, "camera", 4).track });
    await device.clock.pass(600);
    expect(model.view.get().takes[0]).toMatchObject({ state: { kind: "safe" }, tape: { arrivedMs: 8_000 } });
    model.close?.();
  });

  it("reads the epochs of a take only when its lane comes into view, and then once", async () => {
    const device = rig();
    const take = device.put(takeOf("seen"), 4, 4);
    device.put(takeOf("unseen"), 4, 4);
    const read: string[] = [];
    const epochs = device.repo.epochs.bind(device.repo);
    device.repo.epochs = (track) => {
      read.push(track);
      return epochs(track);
    };
    const model = createRecordingsController(device);
    await settle();
    expect(read).toEqual([]);
    expect(model.view.get().takes.map((each) => each.lanes)).toEqual([undefined, undefined]);
    model.wantLanes?.(take.take);
    await settle();
    const seen = model.view.get().takes.find((each) => each.id === take.take);
    expect(seen?.lanes?.lanes[0]?.wave?.peaks.length).toBeGreaterThan(100);
    expect(read).toHaveLength(2);
    for (let at = 0; at < 20; at += 1) device.journal.hear({ type: "take-changed", take: take.take });
    await device.clock.pass(10_000);
    expect(read).toHaveLength(2);
    model.close?.();
  });

  it("many hints of the journal make few looks", async () => {
    const device = rig();
    const take = device.put(takeOf("busy"), 1, 0);
    let looks = 0;
    const takes = device.repo.takes.bind(device.repo);
    device.repo.takes = () => {
      looks += 1;
      return takes();
    };
    const model = createRecordingsController(device);
    for (let at = 0; at < 50; at += 1) {
      device.journal.hear({ type: "take-changed", take: take.take });
      await device.clock.pass(20);
    }
    await device.clock.pass(2_000);
    expect(looks).toBeLessThanOrEqual(4);
    model.close?.();
  });

  it("deletes bytes before rows, so that no launch makes the take anew, and tells the others", async () => {
    const device = rig();
    const take = device.put(takeOf("gone"), 2, 2);
    const model = createRecordingsController(device);
    await settle();
    device.store.discardTake = async (id) => {
      expect(await device.repo.take(id)).toBeDefined();
      expect(device.held).toEqual(new Set([takeLock(id)]));
      device.discarded.push(id);
    };
    model.deleteTake(take.take);
    expect(model.view.get().takes).toEqual([]);
    await settle();
    expect(device.discarded).toEqual([take.take]);
    expect(device.journal.told).toEqual([{ type: "take-changed", take: take.take }]);
    expect(model.view.get()).toMatchObject({ takes: [], bytesUsed: 0 });
    expect(device.reported).toEqual([]);
    expect(device.held).toEqual(new Set());
    model.close?.();
  });

  it("never deletes a take that a page is recording", async () => {
    const device = rig();
    const take = device.put(takeOf("runs", { state: "recording", stoppedMs: null }), 2, 0);
    device.held.add(takeLock(take.take));
    const model = createRecordingsController(device);
    await settle();
    model.deleteTake(take.take);
    await settle();
    expect(device.discarded).toEqual([]);
    expect(model.view.get().takes.map((each) => each.id)).toEqual([take.take]);
    model.close?.();
  });

  it("a take that could not be deleted is listed again, and the fault is reported", async () => {
    const device = rig();
    const take = device.put(takeOf("stays"), 2, 0);
    device.repo.deleteTake = () => Promise.reject(new Error("the database is gone"));
    const model = createRecordingsController(device);
    await settle();
    model.deleteTake(take.take);
    await settle();
    expect(model.view.get().takes).toHaveLength(1);
    expect(device.reported).toHaveLength(1);
    model.close?.();
  });

  it("shows an export's progress, its end, its failure, and that a person stopped it", async () => {
    const device = rig();
    const take = device.put(takeOf("kept"), 2, 0);
    const model = createRecordingsController(device);
    await settle();
    const shown = () => model.view.get().takes[0];
    model.exportTake(take.take);
    // within the press: a save dialog may only open there
    expect(device.exporter.started).toEqual([take.take]);
    model.exportTake(take.take);
    expect(device.exporter.started).toHaveLength(1);
    device.exporter.progress({ fraction: 0.5, file: "Ines.mkv" });
    expect(shown()?.exporting).toEqual({ fraction: 0.5, file: "Ines.mkv" });
    device.exporter.finish(true);
    await settle();
    expect(shown()?.exporting).toBeUndefined();
    model.exportTake(take.take);
    device.exporter.fail(new Error("no space"));
    await settle();
    expect(shown()).toMatchObject({ exportFailed: "no space." });
    model.exportTake(take.take);
    expect(shown()?.exportFailed).toBeUndefined();
    model.cancelExport(take.take);
    await settle();
    expect(shown()?.exporting ?? shown()?.exportFailed).toBeUndefined();
    model.close?.();
  });

  it("says where a crash ended a take, and that a take that runs is as long as the clock says", async () => {
    const device = rig();
    device.put(takeOf("cut", { state: "cut-short", startedMs: 5_000 }), 2, 2);
    const startedMs = device.clock.wallMs() - 90_000;
    device.put(takeOf("runs", { state: "recording", startedMs, stoppedMs: null }), 2, 0);
    const model = createRecordingsController(device);
    await settle();
    const [runs, cut] = model.view.get().takes;
    expect(runs).toMatchObject({ lengthMs: 90_000, tape: { live: true, keptMs: 90_000 } });
    expect(cut).toMatchObject({ cutShort: { missingMs: 2_000 }, lengthMs: 4_000 });
    model.close?.();
  });
});
