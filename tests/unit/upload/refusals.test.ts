import { describe, expect, it } from "vitest";
import type { Source, TakeId, TrackId } from "#protocol/ids.ts";
import type { UploadTrouble } from "#protocol/upload-rpc.ts";
import { hashOf } from "./rig/memory-device.ts";
import type { Call, Fault } from "./rig/memory-server.ts";
import { idOf, type Uploader, UploadRig } from "./rig/upload-rig.ts";

const trackOf = (take: string, source: Source): TrackId => idOf(`${take}-${source}`);

/** A device with one take of five epochs, and whatever goes wrong with the one in the middle. */
async function withFault(fault: (call: Call) => Fault | null): Promise<{ rig: UploadRig; uploader: Uploader }> {
  const rig = new UploadRig();
  await rig.recorded("take", { tracks: { microphone: 5 } }, await rig.seated());
  rig.server.faultFor = fault;
  return { rig, uploader: rig.start() };
}

const middle = (fault: Fault): ((call: Call) => Fault | null) => {
  return (call) => (call.name === "putEpoch" && call.seq === 2 ? fault : null);
};

async function expectTrouble(rig: UploadRig, uploader: Uploader, reason: UploadTrouble): Promise<void> {
  await rig.time.until(() => uploader.state().problems.length > 0 && uploader.state().phase === "idle");
  expect(uploader.state().problems).toMatchObject([{ reason, take: idOf<TakeId>("take") }]);
  expect(uploader.state().safe).toBe(false);
  expect(rig.store.files.size).toBe(5);
  rig.checkReceipts();
}

describe("what the server answers", () => {
  it("[UP3] a 200 that is not our server's is no acknowledgement", async () => {
    let isPortal = true;
    const { rig, uploader } = await withFault((call) =>
      isPortal && call.name === "putEpoch" ? { kind: "foreign", status: 200 } : null,
    );
    await rig.time.until(() => uploader.state().phase === "waiting");
    expect(uploader.state().reason).toBe("captive-portal");
    await rig.time.pass(120_000);
    expect(rig.repo.left()).toHaveLength(5);
    isPortal = false;
    await rig.time.until(() => rig.allSealed());
    rig.checkReceipts();
  });

  it("[UP3] a receipt for other bytes is no acknowledgement", async () => {
    const { rig, uploader } = await withFault(middle({ kind: "wrong-receipt" }));
    await expectTrouble(rig, uploader, "refused");
    expect(rig.repo.left().map((row) => row.seq)).toEqual([2]);
  });

  it("[UP3] a receipt for another epoch is no acknowledgement", async () => {
    const { rig, uploader } = await withFault(() => null);
    const put = rig.server.putEpoch.bind(rig.server);
    rig.server.putEpoch = async (...request) => {
      const answer = await put(...request);
      return answer.kind === "ok" && answer.value.seq === 2
        ? { ...answer, value: { ...answer.value, seq: 3 } }
        : answer;
    };
    await expectTrouble(rig, uploader, "refused");
  });

  it("[UP12] a 409 is reported and not sent again; the rest goes on", async () => {
    const { rig, uploader } = await withFault(middle({ kind: "refuse", status: 409 }));
    await expectTrouble(rig, uploader, "conflict");
    const sent = rig.server.calls.filter((call) => call.name === "putEpoch" && call.seq === 2);
    expect(sent).toHaveLength(1);
    await rig.time.pass(300_000);
    expect(rig.server.calls.filter((call) => call.name === "putEpoch")).toHaveLength(5);
    expect(rig.server.count("seal")).toBe(0);
  });

  it("[UP13] a 422 for a file that has changed is corruption on this device, and nothing is deleted", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 5 } }, await rig.seated());
    const name = `${trackOf("take", "microphone")}/2`;
    rig.store.files.set(name, new Uint8Array(1000).fill(99));
    const uploader = rig.start();
    await expectTrouble(rig, uploader, "corrupt-local");
    expect(rig.store.files.get(name)?.[0]).toBe(99);
  });

  it("[UP13] a file of another length is not even sent", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 5 } }, await rig.seated());
    rig.store.files.set(`${trackOf("take", "microphone")}/2`, new Uint8Array(999));
    const uploader = rig.start();
    await expectTrouble(rig, uploader, "corrupt-local");
    expect(rig.server.calls.some((call) => call.name === "putEpoch" && call.seq === 2)).toBe(false);
  });

  it("[UP13] a 422 for a whole file is tried once more, then reported", async () => {
    const { rig, uploader } = await withFault(middle({ kind: "refuse", status: 422 }));
    await expectTrouble(rig, uploader, "refused");
    expect(rig.server.calls.filter((call) => call.name === "putEpoch" && call.seq === 2)).toHaveLength(2);
  });

  it("[UP13] a 422 that happens once costs nothing", async () => {
    let failures = 0;
    const { rig } = await withFault((call) =>
      call.name === "putEpoch" && call.seq === 2 && failures++ === 0 ? { kind: "refuse", status: 422 } : null,
    );
    await rig.time.until(() => rig.allSealed());
  });

  it("[UP13] a 413 for a whole file is reported at once", async () => {
    const { rig, uploader } = await withFault(middle({ kind: "refuse", status: 413 }));
    await expectTrouble(rig, uploader, "refused");
    expect(rig.server.calls.filter((call) => call.name === "putEpoch" && call.seq === 2)).toHaveLength(1);
  });

  it("[UP14] a deleted take is given up and its bytes stay, while another take goes on", async () => {
    const rig = new UploadRig();
    const seat = await rig.seated();
    await rig.recorded("gone", { tracks: { microphone: 3 }, startedMs: 1 }, seat);
    await rig.recorded("take", { tracks: { microphone: 5 }, startedMs: 2 }, seat);
    const gone = trackOf("gone", "microphone");
    rig.server.faultFor = (call) => (call.track === gone ? { kind: "refuse", status: 410 } : null);
    const uploader = rig.start();
    await rig.time.until(() => rig.repo.trackRows.get(trackOf("take", "microphone"))?.sealed === true);
    expect(uploader.state().problems).toMatchObject([{ reason: "gone", take: idOf("gone"), track: null }]);
    expect(rig.store.files.size).toBe(8);
    await rig.time.pass(300_000);
    expect(rig.server.calls.filter((call) => call.track === gone)).toHaveLength(1);
  });

  it("[UP14] a server that forgot the take is told of it anew, once", async () => {
    const { rig } = await withFault(() => null);
    await rig.time.until(() => rig.server.count("putEpoch") >= 2);
    for (const room of rig.server.rooms.values()) room.takes.clear();
    await rig.time.until(() => rig.allSealed());
    expect(rig.server.count("declareTake")).toBe(2);
    rig.checkReceipts();
  });

  it("[UP14] when it forgets it again the take is given up", async () => {
    const { rig, uploader } = await withFault((call) =>
      call.name === "putEpoch" ? { kind: "refuse", status: 404 } : null,
    );
    await expectTrouble(rig, uploader, "gone");
    expect(rig.server.count("declareTake")).toBeLessThanOrEqual(2);
  });

  it("[UP18] a track that the server does not want is named; the others arrive, and none is sealed without it", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 3, camera: 3 } }, await rig.seated());
    const camera = trackOf("take", "camera");
    rig.server.faultFor = (call) =>
      call.name === "declareTrack" && call.track === camera ? { kind: "refuse", status: 409 } : null;
    const uploader = rig.start();
    await rig.time.until(() => uploader.state().phase === "idle" && uploader.state().problems.length > 0);
    expect(uploader.state().problems).toMatchObject([{ reason: "conflict", track: camera, seq: null }]);
    expect(rig.repo.left().map((row) => row.track)).toEqual([camera, camera, camera]);
    expect(rig.server.count("seal")).toBe(0);
    rig.server.faultFor = () => null;
    uploader.engine.kick("person");
    await rig.time.until(() => rig.allSealed());
  });

  it("[UP20] an epoch without a file is reported; the row and the rest stay", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 3 } }, await rig.seated());
    rig.store.files.delete(`${trackOf("take", "microphone")}/1`);
    const uploader = rig.start();
    await rig.time.until(() => uploader.state().problems.length > 0 && uploader.state().phase === "idle");
    expect(uploader.state().problems).toMatchObject([{ reason: "bytes-missing", seq: 1 }]);
    expect(rig.repo.left()).toHaveLength(1);
  });

  it("[UP23] the person's wish gives what was given up another try", async () => {
    let isDeleted = true;
    const { rig, uploader } = await withFault((call) =>
      isDeleted && call.name === "declareTake" ? { kind: "refuse", status: 410 } : null,
    );
    await expectTrouble(rig, uploader, "gone");
    isDeleted = false;
    uploader.engine.kick("online");
    await rig.time.pass(60_000);
    expect(rig.allReceived()).toBe(false);
    uploader.engine.kick("person");
    await rig.time.until(() => rig.allSealed());
    expect(uploader.state().problems).toEqual([]);
  });

  it("[UP11] the have-list is asked for once per track and launch", async () => {
    const { rig } = await withFault(() => null);
    await rig.time.until(() => rig.allSealed());
    await rig.time.pass(300_000);
    expect(rig.server.count("haveList")).toBe(1);
  });

  it("[UP11] what the server has lost when it comes back is sent again, and until then nobody is safe", async () => {
    const rig = new UploadRig();
    const take = await rig.recorded("take", { tracks: {}, state: "recording" }, await rig.seated());
    const track = await rig.track(take, "microphone", "recording");
    for (let seq = 0; seq < 4; seq++) await rig.sealed(track, seq);
    const uploader = rig.start();
    await rig.time.until(() => uploader.state().safe);
    // The server restarts from an older disk.
    rig.server.track(track.track)?.epochs.delete(1);
    rig.server.faultFor = (call) =>
      call.name === "putEpoch" && call.seq === 4 && call.nth === 4 ? { kind: "drop", when: "before" } : null;
    await rig.sealed(track, 4);
    uploader.engine.kick("commit");
    await rig.time.until(() => {
      const stored = rig.server.track(track.track)?.epochs.size ?? 0;
      expect(uploader.engine.state.safe && stored < 5).toBe(false);
      return uploader.engine.state.safe;
    });
    expect(new Set(rig.server.track(track.track)?.epochs.keys())).toEqual(new Set([0, 1, 2, 3, 4]));
    rig.checkReceipts();
  });

  it("[UP11] what the seal names as missing is sent again", async () => {
    const { rig } = await withFault(() => null);
    const track = trackOf("take", "microphone");
    let sealed = 0;
    rig.server.faultFor = (call) => {
      if (call.name === "seal" && sealed++ === 0) rig.server.track(track)?.epochs.delete(3);
      return null;
    };
    await rig.time.until(() => rig.allSealed());
    expect(sealed).toBeGreaterThan(1);
    const stored = rig.server.track(track)?.epochs.get(3);
    expect(stored && hashOf(stored.bytes)).toBe((await rig.repo.epochs(track))[3]?.sha256);
  });
});
