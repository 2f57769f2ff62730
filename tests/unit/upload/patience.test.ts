import { describe, expect, it } from "vitest";
import { backOffMs, waitMs } from "#core/upload/back-off.ts";
import { BACK_OFF_BASE_MS, BACK_OFF_CAP_MS, EPOCH_STALL_MS, LANES, RETRY_AFTER_CAP_MS } from "#core/upload/limits.ts";
import { Patience } from "#core/upload/patience.ts";
import type { Answer } from "#core/ports/upload-transport.ts";
import { guarded } from "#core/upload/request-guard.ts";
import { RateMeter } from "#core/upload/rate-meter.ts";
import type { Fault } from "./rig/memory-server.ts";
import { UploadRig } from "./rig/upload-rig.ts";
import { seededRandom, VirtualTime } from "./rig/virtual-time.ts";

async function fiveEpochs(): Promise<UploadRig> {
  const rig = new UploadRig();
  await rig.recorded("take", { tracks: { microphone: 5 } }, await rig.seated());
  return rig;
}

const epochs = (rig: UploadRig, fault: Fault): void => {
  rig.server.faultFor = (call) => (call.name === "putEpoch" ? fault : null);
};

describe("the upload's patience", () => {
  it("[UP6] backs off with full jitter under an exponential limit", () => {
    const most = { unit: () => 0.999_999 };
    const limits = [1, 2, 3, 4, 5, 6, 50].map((failures) => Math.round(backOffMs(failures, most)));
    expect(limits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    expect(backOffMs(6, { unit: () => 0 })).toBe(0);
    const random = seededRandom(7);
    const drawn = Array.from({ length: 1000 }, () => backOffMs(6, random));
    expect(Math.min(...drawn)).toBeLessThan(0.01 * BACK_OFF_CAP_MS);
    expect(Math.max(...drawn)).toBeGreaterThan(0.99 * BACK_OFF_CAP_MS);
    expect(BACK_OFF_BASE_MS).toBe(1000);
  });

  it("[UP7] keeps to Retry-After, and never longer than the cap", () => {
    expect(waitMs(1, 40_000, { unit: () => 0.5 })).toBe(40_000);
    expect(waitMs(1, 86_400_000, { unit: () => 0.5 })).toBe(RETRY_AFTER_CAP_MS);
    expect(waitMs(1, -5, { unit: () => 0.5 })).toBe(500);
  });

  it("[UP7] asks nothing before the server's time is over, whoever kicks, except the person", async () => {
    const rig = await fiveEpochs();
    epochs(rig, { kind: "busy", status: 429, retryAfterMs: 60_000 });
    const uploader = rig.start();
    await rig.time.until(() => uploader.state().phase === "waiting");
    expect(uploader.state()).toMatchObject({ reason: "too-many-requests", nextTryMs: 60_000 });
    const asked = rig.server.calls.length;
    uploader.engine.kick("online");
    uploader.engine.kick("visible");
    uploader.engine.kick("commit");
    await rig.time.pass(59_000);
    expect(rig.server.calls.length).toBe(asked);
    uploader.engine.kick("person");
    await rig.time.settle();
    await rig.time.pass(100);
    expect(rig.server.calls.length).toBeGreaterThan(asked);
  });

  it("[UP6] a commit does not cut a back-off short, a network that comes back does", async () => {
    const rig = await fiveEpochs();
    rig.server.faultFor = () => ({ kind: "drop", when: "before" });
    const uploader = rig.start({ random: { unit: () => 0.999 } });
    await rig.time.until(() => rig.server.calls.length >= 8);
    await rig.time.until(() => uploader.state().nextTryMs !== 0);
    const asked = rig.server.calls.length;
    uploader.engine.kick("commit");
    await rig.time.pass(5000);
    expect(rig.server.calls.length).toBe(asked);
    rig.server.faultFor = () => null;
    uploader.engine.kick("online");
    await rig.time.pass(1000);
    expect(rig.allReceived()).toBe(true);
  });

  it("[UP15] 5xx, 503 and no network wait and then arrive, whole", async () => {
    const faults: Fault[] = [
      { kind: "busy", status: 503, retryAfterMs: null },
      { kind: "busy", status: 500, retryAfterMs: null, when: "after" },
      { kind: "drop", when: "before" },
      { kind: "drop", when: "after" },
    ];
    for (const fault of faults) {
      const rig = await fiveEpochs();
      let failures = 0;
      rig.server.faultFor = (call) => (call.name === "putEpoch" && failures++ < 7 ? fault : null);
      rig.start();
      await rig.time.until(() => rig.allSealed());
      rig.checkReceipts();
    }
  });

  it("[UP15] an epoch on which the server always fails does not hold up the others", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 30 } }, await rig.seated());
    rig.server.faultFor = (call) =>
      call.name === "putEpoch" && call.seq === 0 ? { kind: "busy", status: 500, retryAfterMs: null } : null;
    const startedMs = rig.time.nowMs;
    const uploader = rig.start({ random: { unit: () => 0.999 } });
    await rig.time.until(() => rig.repo.left().length === 1);
    // 30 epochs in 3 lanes at 20 ms each, and no pause in between.
    expect(rig.time.nowMs - startedMs).toBeLessThan(900);
    await rig.time.until(() => uploader.state().phase === "waiting");
    expect(uploader.state()).toMatchObject({ reason: "server-error", epochsLeft: 1, safe: false });
  });

  it("[UP8] a silent server is left, and told from one that is out of reach", async () => {
    const rig = await fiveEpochs();
    rig.server.faultFor = (call) => (call.name === "putEpoch" ? { kind: "hang", when: "before" } : null);
    const uploader = rig.start();
    await rig.time.until(() => uploader.state().phase === "waiting");
    expect(uploader.state().reason).toBe("server-silent");
    expect(rig.time.nowMs).toBeLessThan(EPOCH_STALL_MS + 3000);
    rig.server.faultFor = () => null;
    await rig.time.until(() => rig.allSealed());
  });

  it("[UP8] gives a thin line more time with each stall, and all of the line to one epoch", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 3 }, bytes: 600_000 }, await rig.seated());
    // 64 kbit/s in all, shared by those under way.
    rig.server.faultFor = (call) =>
      call.name === "putEpoch" ? { kind: "slow", ms: (600_000 / 8) * Math.max(rig.server.underWay, 1) } : null;
    rig.start();
    await rig.time.until(() => rig.allSealed(), 30 * 60_000);
    rig.checkReceipts();
  });

  it("[UP8] a body in slices has its time anew while more is taken or the pace holds it back, and is given up when neither", async () => {
    const time = new VirtualTime();
    const progress = { taken: 0, isWaiting: false };
    const { signal } = new AbortController();
    const ended: unknown[] = [];
    const never = (stop: AbortSignal): Promise<Answer<string>> =>
      new Promise((_, reject) => stop.addEventListener("abort", () => reject(stop.reason)));
    const request = guarded(time, 20_000, signal, never, progress).catch((error: unknown) => void ended.push(error));
    for (let second = 0; second < 100; second += 1) {
      progress.taken += 1_000;
      await time.pass(1_000);
    }
    progress.isWaiting = true;
    await time.pass(100_000);
    expect(ended).toEqual([]);
    progress.isWaiting = false;
    await time.pass(40_000);
    await request;
    expect(ended).toMatchObject([{ wait: "server-silent" }]);
  });

  it("[UP8] the time of an epoch follows its size and the measured rate", () => {
    const patience = new Patience();
    expect(patience.allowanceMs("a", 0, 0)).toBe(EPOCH_STALL_MS);
    expect(patience.allowanceMs("a", 320_000, 0)).toBe(EPOCH_STALL_MS + 10_000);
    expect(patience.allowanceMs("a", 320_000, 12_000)).toBe(EPOCH_STALL_MS + 320_000);
    expect(patience.lanes).toBe(LANES);
    patience.stalled("a");
    expect(patience.allowanceMs("a", 0, 0)).toBe(2 * EPOCH_STALL_MS);
    expect(patience.allowanceMs("b", 0, 0)).toBe(EPOCH_STALL_MS);
    expect(patience.lanes).toBe(1);
    patience.gotThrough("a");
    expect(patience.allowanceMs("a", 0, 0)).toBe(EPOCH_STALL_MS);
    expect(patience.lanes).toBe(LANES);
  });

  it("[UP2] the rate is that of the last seconds", async () => {
    const time = new VirtualTime();
    const meter = new RateMeter(time);
    meter.add(500);
    expect(meter.bytesPerSecond()).toBe(500);
    await time.pass(4000);
    meter.add(500);
    expect(meter.bytesPerSecond()).toBe(250);
    await time.pass(60_000);
    expect(meter.bytesPerSecond()).toBe(0);
  });

  it("[UP6] shows a try as waiting until something gets through", async () => {
    const rig = await fiveEpochs();
    rig.server.faultFor = () => ({ kind: "drop", when: "before" });
    const uploader = rig.start();
    await rig.time.pass(120_000);
    const phases = uploader.told.map((state) => state.phase);
    expect(new Set(phases.slice(phases.indexOf("waiting")))).toEqual(new Set(["waiting"]));
    expect(uploader.state().reason).toBe("offline");
  });
});
