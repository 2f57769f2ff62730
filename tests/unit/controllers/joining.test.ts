import type { DeviceStatus } from "#protocol/room-messages.ts";
import type { ParticipantId } from "#protocol/ids.ts";
import { describe, expect, it } from "vitest";
import { personOf, rollingTake, stayRig, untilTrue } from "./rig/stay.ts";

const OTHER = "participantparticipa02" as ParticipantId;
const ADMITTED = { role: "host", admission: "admitted" } as const;

const statusOf = (ready: boolean): DeviceStatus => ({
  recording: "no",
  take: null,
  sources: [],
  ready,
  epochsSealed: 0,
  epochsUploaded: 0,
  epochsLeft: 0,
  bytesLeft: 0,
  gaps: 0,
  gapUs: 0,
  newestGaps: [],
  bytesSealed: 0,
  bytesUploaded: 0,
  bytesPerSecond: 0,
  minutesFree: null,
  problem: null,
});

const ann = (ready: boolean) => personOf({ participant: OTHER, name: "Ann", role: "guest", status: statusOf(ready) });
const host = personOf({ role: "host" });

/** Codecs that are tried until the test says so. */
function codecs() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { arming: promise, tried: resolve };
}

/** Longer than Record waits, on a socket that answers. */
async function patience(stay: ReturnType<typeof stayRig>): Promise<void> {
  for (let seconds = 0; seconds < 5; seconds++) {
    await stay.clock.pass(800);
    await stay.tellTime();
  }
}

describe("in the lobby", () => {
  it("[RC16] what Join needs is fetched once the lobby can be used and the page is idle, and not before", async () => {
    const stay = stayRig();
    stay.devices.view.update((now) => ({ ...now, opening: true }));
    await stay.clock.pass(200);
    stay.idles();
    expect(stay.view().screen).toBe("lobby");
    expect(stay.prepared).toEqual([]);
    stay.devices.view.update((now) => ({ ...now, opening: false }));
    expect(stay.prepared).toEqual([]);
    stay.idles();
    await stay.clock.pass(200);
    expect(stay.prepared.toSorted()).toEqual(["call", "recorder"]);
    expect([stay.encoders, stay.calls, stay.sockets]).toEqual([[], [], []]);
  });

  it("[RC16] the recorder is made ready with the consent, keeps nothing, and is the one that records", async () => {
    const stay = stayRig({ joined: ADMITTED });
    await stay.clock.pass(200);
    expect(stay.encoders).toHaveLength(0);
    stay.controller.lobby.consented(true);
    await untilTrue(stay.clock, () => stay.encoders.length === 2);
    await stay.clock.pass(5_000);
    expect(stay.encoders.every(({ source }) => source === undefined)).toBe(true);
    expect(await stay.repo.takes()).toEqual([]);
    await stay.join();
    await stay.tellTime();
    await stay.welcome({ take: rollingTake(stay.clock) });
    await stay.clock.pass(1_000);
    expect(stay.encoders).toHaveLength(2);
    expect(new Set(stay.encoders.map(({ source }) => source))).toEqual(new Set(["camera", "microphone"]));
  });

  it("[RC16] taken back, it lets go; given again, it is made ready again; left, nothing stays", async () => {
    const stay = stayRig();
    const { lobby } = stay.controller;
    await stay.clock.pass(200);
    lobby.consented(true);
    await untilTrue(stay.clock, () => stay.encoders.length === 2);
    lobby.consented(false);
    await stay.clock.pass(200);
    expect(stay.encoders.map(({ closed }) => closed)).toEqual([true, true]);
    lobby.consented(true);
    await untilTrue(stay.clock, () => stay.encoders.length === 4);
    stay.devices.setOff("camera", true);
    stay.devices.setOff("camera", false);
    await untilTrue(stay.clock, () => stay.encoders.length === 5);
    stay.controller.close?.();
    await stay.clock.pass(200);
    expect(stay.encoders.every(({ closed }) => closed)).toBe(true);
    lobby.consented(true);
    await stay.clock.pass(200);
    expect(stay.encoders).toHaveLength(5);
  });

  it("[RC16] a camera that was changed while the first one was tried is not opened after the tick was taken back", async () => {
    const { arming, tried } = codecs();
    const stay = stayRig({ arming });
    await stay.clock.pass(200);
    stay.controller.lobby.consented(true);
    await untilTrue(stay.clock, () => stay.encoders.length === 2);
    stay.devices.setOff("camera", true);
    stay.devices.setOff("camera", false);
    stay.controller.lobby.consented(false);
    tried();
    await stay.clock.pass(500);
    expect(stay.encoders.map(({ closed }) => closed)).toEqual([true, true]);
  });

  it("[RC16] a tick that is gone before the code is there arms nothing", async () => {
    const stay = stayRig();
    await stay.clock.pass(200);
    stay.controller.lobby.consented(true);
    stay.controller.lobby.consented(false);
    await stay.clock.pass(1_000);
    expect(stay.encoders).toHaveLength(0);
  });
});

describe("at Join", () => {
  it("[RC16] neither the room nor the call waits for the recorder", async () => {
    const stay = stayRig({ joined: ADMITTED, ...codecs() });
    await stay.clock.pass(200);
    stay.controller.lobby.join("Inês");
    await untilTrue(stay.clock, () => stay.sockets.length === 1 && stay.calls.length === 1);
    // the call's session is asked for before the room has said a word
    expect(stay.newest().sent).toEqual([]);
    expect(stay.calls[0]?.asked).toContain("start");
    expect(stay.calls[0]?.asked).toContain("send camera camera-1");
  });

  it("[RC18] the studio is drawn when the call is under way", async () => {
    const stay = stayRig({ joined: ADMITTED });
    await stay.clock.pass(200);
    stay.controller.lobby.join("Inês");
    await untilTrue(stay.clock, () => stay.sockets.length === 1 && stay.calls.length === 1);
    expect(stay.view()).toMatchObject({ screen: "lobby", lobby: { joining: true } });
    stay.newest().events.opened();
    stay.newest().events.received(stay.welcoming({ participants: [host] }));
    stay.calls[0]?.becomes({ hasOffered: true });
    // a view is shown within 100 ms
    await stay.clock.pass(100);
    expect(stay.view().screen).toBe("studio");
  });

  it("[RC18] 300 ms after the seat it is drawn whatever the call does", async () => {
    const stay = stayRig({ joined: ADMITTED });
    await stay.join();
    expect(stay.view().screen).toBe("lobby");
    await stay.clock.pass(100);
    expect(stay.view().screen).toBe("studio");
  });

  it("[RC16] who has to knock is in no call before the host has said yes", async () => {
    const stay = stayRig();
    await stay.join();
    await stay.wait();
    await stay.clock.pass(5_000);
    expect(stay.calls).toHaveLength(0);
  });

  it("[RC17] a device that is not ready says so, and says when it is", async () => {
    const { arming, tried } = codecs();
    const stay = stayRig({ joined: ADMITTED, arming });
    await stay.join();
    await stay.welcome({ participants: [host] });
    expect(stay.said("status").at(-1)).toMatchObject({ status: { ready: false } });
    expect(stay.studio().tally).toEqual({ phase: "idle", ready: false });
    tried();
    await stay.clock.pass(1_500);
    expect(stay.said("status").at(-1)).toMatchObject({ status: { ready: true } });
    expect(stay.studio().tally).toEqual({ phase: "idle", ready: true });
  });
});

describe("Record", () => {
  it("[RC17] waits for this device, and starts as soon as it is ready", async () => {
    const { arming, tried } = codecs();
    const stay = stayRig({ joined: ADMITTED, arming });
    await stay.join();
    await stay.welcome({ participants: [host, ann(true)] });
    stay.controller.studio.record();
    await stay.clock.pass(1_000);
    expect(stay.said("start-take")).toEqual([]);
    expect(stay.studio().tally).toEqual({ phase: "starting", ready: 1, total: 2 });
    tried();
    await stay.clock.pass(50);
    expect(stay.said("start-take")).toHaveLength(1);
  });

  it("[RC17] waits for the others, also for one who has just come in", async () => {
    const stay = stayRig({ joined: ADMITTED });
    await stay.join();
    await stay.welcome({ participants: [host, { ...ann(true), status: null }] });
    stay.controller.studio.record();
    await stay.hear({ type: "participant", participant: ann(false) });
    expect(stay.said("start-take")).toEqual([]);
    await stay.hear({ type: "participant", participant: ann(true) });
    expect(stay.said("start-take")).toHaveLength(1);
    await patience(stay);
    expect(stay.said("start-take")).toHaveLength(1);
  });

  it("[RC17] does not wait for somebody who is away, and for nobody longer than 4 s", async () => {
    const stay = stayRig({ joined: ADMITTED });
    await stay.join();
    await stay.welcome({ participants: [host, { ...ann(false), connected: false }] });
    stay.controller.studio.record();
    expect(stay.said("start-take")).toHaveLength(1);
    const slow = stayRig({ joined: ADMITTED });
    await slow.join();
    await slow.welcome({ participants: [host, ann(false)] });
    slow.controller.studio.record();
    await slow.clock.pass(3_900);
    expect(slow.said("start-take")).toEqual([]);
    await slow.clock.pass(200);
    expect(slow.said("start-take")).toHaveLength(1);
  });

  it("[RC17] Stop takes it back while devices are waited for, and so does a take that somebody else began", async () => {
    const stay = stayRig({ joined: ADMITTED });
    await stay.join();
    await stay.tellTime();
    await stay.welcome({ participants: [host, ann(false)] });
    stay.controller.studio.record();
    stay.controller.studio.stop();
    await patience(stay);
    expect(stay.said("start-take")).toEqual([]);
    stay.controller.studio.record();
    await stay.hear({ type: "take", take: rollingTake(stay.clock) });
    await patience(stay);
    expect(stay.said("start-take")).toEqual([]);
    expect(stay.studio().tally.phase).toBe("recording");
  });

  it("[RC17] a room that cannot be reached is said at once", async () => {
    const stay = stayRig({ joined: ADMITTED });
    await stay.join();
    await stay.welcome({ participants: [host, ann(false)] });
    await stay.closed(1006);
    stay.controller.studio.record();
    await stay.clock.pass(200);
    expect(stay.studio().problems).toContainEqual(expect.objectContaining({ reason: "start-failed" }));
  });
});
