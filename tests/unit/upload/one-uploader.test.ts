import { describe, expect, it } from "vitest";
import { CallPace } from "#core/upload/call-pace.ts";
import { IDLE_POLL_MS } from "#core/upload/limits.ts";
import { UploadEngine } from "#core/upload/upload-engine.ts";
import type { UploadPace } from "#core/upload/upload-ports.ts";
import { UploadRig } from "./rig/upload-rig.ts";

describe("one uploader at a time", () => {
  it("[UP5] of two uploaders one drains, and each epoch is sent once", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 20 } }, await rig.seated());
    rig.start();
    rig.start();
    await rig.time.until(() => rig.allSealed());
    expect(rig.server.count("putEpoch")).toBe(20);
    expect(rig.server.count("seal")).toBe(1);
  });

  it("[UP22] the other one shows the progress from the manifest", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 20 } }, await rig.seated());
    rig.server.faultFor = () => ({ kind: "slow", ms: 1000 });
    rig.start();
    const other = rig.start();
    await rig.time.until(() => other.state().safe);
    const seen = other.told.filter((state) => state.reason === "another-uploader").map((state) => state.epochsLeft);
    expect(new Set(seen).size).toBeGreaterThan(3);
    expect(other.told.some((state) => state.bytesPerSecond > 0)).toBe(true);
  });

  it("[UP5] gives the lock back while it waits for a network", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 2 } }, await rig.seated());
    rig.server.faultFor = () => ({ kind: "drop", when: "before" });
    const uploader = rig.start({ random: { unit: () => 0.999 } });
    await rig.time.until(() => uploader.state().phase === "waiting" && uploader.state().nextTryMs !== 0);
    await rig.time.settle();
    expect(rig.lock.holder).toBeNull();
  });

  it("[UP5] gives the lock back after a fault, and tries again", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 2 } }, await rig.seated());
    let faults = 0;
    const read = rig.store.read.bind(rig.store);
    rig.store.read = (ref) => {
      if (faults++ < 2) throw new RangeError("a fault of ours");
      return read(ref);
    };
    const unpaced = new CallPace(rig.time, rig.time);
    const pace: UploadPace = async (signal) => {
      if (faults++ < 6) throw new RangeError("a fault of ours");
      return unpaced.turn(signal);
    };
    const uploader = rig.start({ pace });
    await rig.time.until(() => uploader.state().phase === "waiting" && uploader.state().reason === "unexpected");
    expect(rig.lock.holder).toBeNull();
    await rig.time.until(() => rig.allSealed());
  });

  it("[UP5] a stopped uploader has nothing under way and no lock", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 20 } }, await rig.seated());
    const uploader = rig.start();
    await rig.time.until(() => rig.server.count("putEpoch") === 5);
    uploader.stop.abort();
    await uploader.ended;
    expect(rig.server.underWay).toBe(0);
    expect(rig.lock.holder).toBeNull();
    const sent = rig.server.calls.length;
    await rig.time.pass(120_000);
    expect(rig.server.calls.length).toBe(sent);
  });

  it("[SW6] draining to the end takes over when the page goes, and ends when all has arrived", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 20 } }, await rig.seated());
    const page = rig.start();
    const worker = new UploadEngine(rig.ports("service worker"), null);
    const drained = worker.drainToEnd(new AbortController().signal);
    await rig.time.until(() => rig.server.count("putEpoch") === 5);
    page.stop.abort();
    await page.ended;
    await rig.time.until(() => rig.allSealed());
    await rig.time.pass(1000);
    expect(await drained).toEqual({ settled: true, epochsLeft: 0, tracksLeft: 0 });
    rig.checkReceipts();
  });

  it("[SW6] draining to the end says so when its life was too short", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 3 } }, await rig.seated());
    rig.server.faultFor = () => ({ kind: "drop", when: "before" });
    const stop = new AbortController();
    const drained = new UploadEngine(rig.ports("service worker"), null).drainToEnd(stop.signal);
    await rig.time.pass(150_000);
    stop.abort();
    expect(await drained).toMatchObject({ settled: false, epochsLeft: 3 });
  });

  it("[UP23] finds by itself what no hint told it of", async () => {
    const rig = new UploadRig();
    const seat = await rig.seated();
    const uploader = rig.start();
    await rig.time.until(() => uploader.state().phase === "idle");
    await rig.recorded("take", { tracks: { microphone: 2 } }, seat);
    await rig.time.pass(2 * IDLE_POLL_MS + 1000);
    expect(rig.allReceived()).toBe(true);
  });

  it("[UP21] a disk or database that fails is waited for; nobody is told to leave", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 3 } }, await rig.seated());
    let failures = 0;
    const mark = rig.repo.markReceived.bind(rig.repo);
    rig.repo.markReceived = async (...receipt) => {
      if (failures++ < 5) throw new Error("QuotaExceededError");
      return mark(...receipt);
    };
    const uploader = rig.start();
    await rig.time.until(() => uploader.state().phase === "waiting");
    expect(uploader.state()).toMatchObject({ reason: "storage", safe: false });
    await rig.time.until(() => rig.allSealed());
    rig.checkReceipts();
  });

  it("[UP21] a manifest that cannot be read is waited for too", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 3 } }, await rig.seated());
    let failures = 0;
    const takes = rig.repo.takes.bind(rig.repo);
    rig.repo.takes = async () => {
      if (failures++ < 2) throw new Error("the database was closed");
      return takes();
    };
    const uploader = rig.start();
    await rig.time.until(() => uploader.state().phase === "waiting");
    expect(uploader.state()).toMatchObject({ reason: "storage", safe: false });
    await rig.time.until(() => rig.allSealed());
  });

  it("asks the pace before each epoch", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 3 } }, await rig.seated());
    let asked = 0;
    const unpaced = new CallPace(rig.time, rig.time);
    rig.start({
      pace: async (signal) => {
        asked += 1;
        await rig.time.delay(1000);
        return unpaced.turn(signal);
      },
    });
    await rig.time.until(() => rig.allSealed());
    expect(asked).toBe(3);
  });
});
