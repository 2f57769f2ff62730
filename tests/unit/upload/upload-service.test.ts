import { describe, expect, it } from "vitest";
import type { JournalMessage } from "#protocol/sw-messages.ts";
import type { UploadState, UploadWorkerApi } from "#protocol/upload-rpc.ts";
import { createUploadService, type UploadServicePorts } from "#workers/upload/upload-service.ts";
import { idOf, UploadRig } from "./rig/upload-rig.ts";

class Channel {
  #listeners = new Set<(message: JournalMessage) => void>();
  tell = (): void => undefined;
  listen = (listener: (message: JournalMessage) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };
  say(message: JournalMessage): void {
    for (const listener of this.#listeners) listener(message);
  }
  get listeners(): number {
    return this.#listeners.size;
  }
}

interface Started {
  readonly rig: UploadRig;
  readonly service: UploadWorkerApi;
  readonly journal: Channel;
  readonly reported: unknown[];
}

async function service(change: (rig: UploadRig) => Partial<UploadServicePorts> = () => ({})): Promise<Started> {
  const rig = new UploadRig();
  const [journal, reported] = [new Channel(), [] as unknown[]];
  const made = createUploadService({
    ...rig.ports("page"),
    journal,
    recover: async () => ({ cutShort: [] }),
    rememberStudioKey: () => undefined,
    report: (fault) => void reported.push(fault),
    ...change(rig),
  });
  return { rig, service: made, journal, reported };
}

describe("the upload worker's service", () => {
  it("[UP1] mends what a crash left before the first upload, once, and says what", async () => {
    const order: string[] = [];
    const cutShort = [idOf<never>("take")];
    const { rig, service: made } = await service((its) => ({
      recover: async () => {
        order.push(`recovered, ${its.server.calls.length} calls`);
        return { cutShort };
      },
    }));
    await rig.recorded("take", { tracks: { microphone: 2 } }, await rig.seated());
    const started = await made.start();
    expect(await made.start()).toBe(started);
    expect(started).toEqual({ ok: true, value: { cutShort } });
    await rig.time.until(() => rig.allSealed());
    expect(order).toEqual(["recovered, 0 calls"]);
    await made.stop();
  });

  it("[UP1] uploads although the recovery failed, and tells the failure as data", async () => {
    const {
      rig,
      service: made,
      reported,
    } = await service(() => ({
      recover: async () => {
        throw new Error("the journal cannot be listed");
      },
    }));
    await rig.recorded("take", { tracks: { microphone: 2 } }, await rig.seated());
    expect(await made.start()).toMatchObject({ ok: false, failure: { reason: "unexpected" } });
    expect(reported).toHaveLength(1);
    await rig.time.until(() => rig.allSealed());
    await made.stop();
  });

  it("[UP23] a commit on the journal channel wakes it, and whoever subscribes hears the newest state at once", async () => {
    const { rig, service: made, journal } = await service();
    const take = await rig.recorded("take", { tracks: {}, state: "recording" }, await rig.seated());
    const track = await rig.track(take, "microphone", "recording");
    const states: UploadState[] = [];
    made.subscribe((state) => void states.push(state));
    expect(states).toHaveLength(1);
    await made.start();
    await rig.time.until(() => states.at(-1)?.safe === true && states.at(-1)?.phase === "idle");
    await rig.sealed(track, 0);
    journal.say({ type: "epoch-sealed", take: take.take, track: track.track });
    await rig.time.pass(1000);
    expect(rig.allReceived()).toBe(true);
    await made.stop();
  });

  it("[UP17] the studio key gives what waited for it another try", async () => {
    let key: string | null = null;
    const { rig, service: made } = await service(() => ({
      rememberStudioKey: (given) => {
        key = given;
      },
    }));
    await rig.recorded("take", { tracks: { microphone: 1 }, alone: true });
    rig.server.faultFor = (call) =>
      call.name === "createRoom" && key === null ? { kind: "refuse", status: 403 } : null;
    const states: UploadState[] = [];
    made.subscribe((state) => void states.push(state));
    await made.start();
    await rig.time.until(() => states.at(-1)?.problems.length === 1);
    made.useStudioKey("the key");
    await rig.time.until(() => rig.allSealed());
    await made.stop();
  });

  it("[UP5] stop leaves nothing under way, no lock and no listener", async () => {
    const { rig, service: made, journal } = await service();
    await rig.recorded("take", { tracks: { microphone: 20 } }, await rig.seated());
    await made.start();
    await rig.time.until(() => rig.server.count("putEpoch") === 4);
    await made.stop();
    expect([rig.server.underWay, rig.lock.holder, journal.listeners]).toEqual([0, null, 0]);
  });
});
