import { describe, expect, it } from "vitest";
import { LANES } from "#core/upload/limits.ts";
import { nameOf } from "./rig/memory-device.ts";
import { UploadRig } from "./rig/upload-rig.ts";

describe("the upload engine", () => {
  it("[UP1] declares take and tracks, asks for the have-list, sends, and seals last", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 2, camera: 2 } }, await rig.seated());
    const uploader = rig.start();
    await rig.time.until(() => rig.allSealed());
    const names = rig.server.calls.map((call) => call.name);
    expect(names.slice(0, 3)).toEqual(["declareTake", "declareTrack", "declareTrack"]);
    expect(names.filter((name) => name === "haveList")).toHaveLength(2);
    expect(names.filter((name) => name === "putEpoch")).toHaveLength(4);
    expect(names.slice(-2)).toEqual(["seal", "seal"]);
    rig.checkReceipts();
    uploader.stop.abort();
    await uploader.ended;
  });

  it("[UP2] says safe when every epoch has a receipt, and not before", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 5 } }, await rig.seated());
    const uploader = rig.start();
    await rig.time.until(() => uploader.state().safe);
    expect(rig.repo.left()).toEqual([]);
    expect(uploader.told.filter((state) => state.safe).every((state) => state.epochsLeft === 0)).toBe(true);
    await rig.time.until(() => uploader.state().phase === "idle");
    expect(uploader.state()).toMatchObject({ epochsLeft: 0, bytesLeft: 0, tracksLeft: 0, problems: [], takes: [] });
  });

  it(`[UP4] has at most ${LANES} requests under way`, async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 20, camera: 20 } }, await rig.seated());
    rig.start();
    await rig.time.until(() => rig.allSealed());
    expect(rig.server.mostUnderWay).toBe(LANES);
    expect(rig.server.count("putEpoch")).toBe(40);
    expect(rig.store.files.has(nameOf({ track: "take-camera-----------" as never, seq: 0 }))).toBe(true);
  });
});
