import { createServerReach } from "#controllers/server-reach.ts";
import { createShellController, type StudioActivity } from "#controllers/shell-controller.ts";
import { createViewCell } from "#controllers/view-source.ts";
import { RoomApiError } from "#core/ports/room-api.ts";
import { UNKNOWN_UPLOAD } from "#protocol/upload-rpc.ts";
import { describe, expect, it } from "vitest";
import { deviceRig } from "./rig/device.ts";
import { settle } from "./rig/hand-clock.ts";
import { alone, epochsOf, keep, takeOf, trackOf } from "./rig/rows.ts";

function rig() {
  const device = deviceRig();
  const waiting = createViewCell(false);
  const activity = createViewCell<StudioActivity>({ open: false });
  const activated: string[] = [];
  return {
    ...device,
    waiting,
    activity,
    activated,
    update: { waiting, activate: () => void activated.push("now") },
  };
}

const running = { href: "/alone", title: "Record alone", startedAtMs: 5 };

describe("the shell", () => {
  it("counts the takes of this device that lack a receipt or still run", async () => {
    const device = rig();
    const put = (take: Parameters<typeof keep>[1], arrived: number) => {
      const track = trackOf(take, "microphone", 2);
      keep(device.repo, take, [track], epochsOf(track, arrived));
    };
    put(takeOf("safe"), 2);
    put(takeOf("left"), 1);
    put(alone("runs", { state: "recording" }), 2);
    const shell = createShellController(device);
    await settle();
    expect(shell.view.get().takesNotSafe).toBe(2);
    for (const row of device.repo.left()) await device.repo.markReceived(row.track, row.seq, row.sha256, 1);
    device.journal.hear({
      type: "epoch-received",
      take: takeOf("left").take,
      track: trackOf(takeOf("left"), "camera", 1).track,
    });
    await device.clock.pass(600);
    expect(shell.view.get().takesNotSafe).toBe(1);
    shell.close();
  });

  it("offers a new version only while no take runs and no upload is in flight", () => {
    const device = rig();
    const shell = createShellController(device);
    device.waiting.set(true);
    expect(shell.view.get().updateReady).toBe(true);
    device.activity.set({ open: true, running });
    expect(shell.view.get().updateReady).toBe(false);
    shell.update();
    expect(device.activated).toEqual([]);
    device.activity.set({ open: true });
    device.uploads.set({ ...UNKNOWN_UPLOAD, phase: "draining" });
    expect(shell.view.get().updateReady).toBe(false);
    device.uploads.set(UNKNOWN_UPLOAD);
    shell.update();
    expect(device.activated).toEqual(["now"]);
    shell.close();
  });

  it("guards the tab while a take runs, and while the open studio has bytes without receipts", () => {
    const device = rig();
    const shell = createShellController(device);
    const left = { ...UNKNOWN_UPLOAD, epochsLeft: 3, bytesLeft: 9 };
    device.uploads.set(left);
    expect(shell.view.get().guardClose).toBe(false);
    device.activity.set({ open: true });
    expect(shell.view.get().guardClose).toBe(true);
    device.uploads.set(UNKNOWN_UPLOAD);
    expect(shell.view.get().guardClose).toBe(false);
    device.activity.set({ open: true, running });
    expect(shell.view.get()).toMatchObject({ guardClose: true, running });
    shell.close();
  });

  it("publishes nothing when nothing that it shows has changed", () => {
    const device = rig();
    const shell = createShellController(device);
    const seen: unknown[] = [];
    shell.view.subscribe((view) => seen.push(view));
    device.uploads.set({ ...UNKNOWN_UPLOAD, bytesPerSecond: 10 });
    device.uploads.set({ ...UNKNOWN_UPLOAD, bytesPerSecond: 20 });
    expect(seen).toEqual([]);
    device.online.set(false);
    expect(seen).toHaveLength(1);
    expect(shell.view.get().offline).toBe(true);
    shell.close();
  });
});

describe("whether a server answers", () => {
  function reachRig(browserSays = true) {
    const device = deviceRig();
    const hints = new Set<() => void>();
    const state = { answers: true, asked: 0 };
    const reach = createServerReach({
      ...device,
      roomApi: {
        health: async () => {
          state.asked += 1;
          if (!state.answers) throw RoomApiError.unreachable(new TypeError("failed"));
        },
      },
      hints: { online: () => browserSays, changed: (listener) => (hints.add(listener), () => hints.delete(listener)) },
    });
    return { ...device, state, reach, browserChanged: () => hints.forEach((hint) => hint()) };
  }

  it("does not believe the browser: a server on this machine answers without a network", async () => {
    const { reach, state } = reachRig(false);
    await settle();
    expect(state.asked).toBe(1);
    expect(reach.online.get()).toBe(true);
    reach.close();
  });

  it("says offline when the server is silent, asks again, and says so when it is back", async () => {
    const { reach, state, clock, uploads } = reachRig();
    state.answers = false;
    uploads.set({ ...UNKNOWN_UPLOAD, phase: "waiting", reason: "offline" });
    await settle();
    expect(reach.online.get()).toBe(false);
    await clock.pass(10_000);
    expect(state.asked).toBe(3);
    state.answers = true;
    await clock.pass(5_000);
    expect(reach.online.get()).toBe(true);
    await clock.pass(60_000);
    expect(state.asked).toBe(4);
    reach.close();
  });

  it("takes bytes that move, and the room's socket, as answers", async () => {
    const { reach, state, uploads, browserChanged } = reachRig();
    state.answers = false;
    browserChanged();
    await settle();
    expect(reach.online.get()).toBe(false);
    uploads.set({ ...UNKNOWN_UPLOAD, phase: "draining" });
    expect(reach.online.get()).toBe(true);
    reach.close();
  });
});
