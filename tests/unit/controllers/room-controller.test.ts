import type { DeviceTrack } from "#controllers/studio-devices.ts";
import { CLOSE } from "#protocol/room-messages.ts";
import type { ParticipantId, Secret } from "#protocol/ids.ts";
import { describe, expect, it } from "vitest";
import { CALM } from "./rig/hand-call.ts";
import { HOST_SECRET, ME, ROOM, seatOf, takeIdOf } from "./rig/rows.ts";
import { inviteUsed, personOf, rollingTake, stayRig, untilTrue } from "./rig/stay.ts";

const OTHER = "participantparticipa02" as ParticipantId;
const KEY = "A".repeat(43);
const HOSTS_KEY = "Q".repeat(43);

describe("the way into a room", () => {
  it("[RC1] is the waiting room until the host has said yes; nothing is recorded or published before", async () => {
    const stay = stayRig();
    await stay.join();
    expect(stay.view()).toMatchObject({ screen: "waiting", waiting: { title: "Ferries", ownName: "Marek" } });
    await stay.wait();
    expect(stay.view()).toMatchObject({ screen: "waiting", waiting: { hostName: "Inês", connection: "open" } });
    expect(stay.calls).toHaveLength(0);
    expect(stay.encoders.every(({ source }) => source === undefined)).toBe(true);
    expect(stay.newest().sent.map(({ type }) => type)).toEqual(expect.arrayContaining(["hello", "clock-ping"]));
    expect(stay.newest().sent.some(({ type }) => type === "status" || type === "call")).toBe(false);
    await stay.welcome();
    expect(stay.studio()).toMatchObject({ title: "Ferries", role: "guest", mayHost: false });
    await untilTrue(stay.clock, () => stay.calls.length === 1);
    expect(stay.said("call")).toEqual([{ type: "call", call: { tracks: [], muted: false, cameraOff: false } }]);
  });

  it("[RC1] whoever is let in into a rolling take is recorded from then on", async () => {
    const stay = stayRig();
    await stay.join();
    await stay.wait();
    await stay.tellTime();
    await stay.welcome({ take: rollingTake(stay.clock) });
    await stay.clock.pass(1_000);
    expect(stay.studio().participants[0]?.state).toBe("recording");
    expect(new Set(stay.encoders.map(({ source }) => source))).toEqual(new Set(["camera", "microphone"]));
  });

  it("[RC2] a seat that was let in knocks no more after a reload, one that waits waits on", async () => {
    const stay = stayRig();
    await stay.join();
    await stay.wait();
    expect(await stay.repo.seats()).toMatchObject([{ participant: ME, admission: "waiting" }]);
    await stay.welcome();
    expect(await stay.repo.seats()).toMatchObject([{ participant: ME, admission: "admitted" }]);
  });

  it("[RC2] a reload sits down on the same seat, in the studio at once", async () => {
    const stay = stayRig();
    await stay.repo.putSeat(seatOf({ role: "guest", hostSecret: null, admission: "admitted" }));
    await stay.join();
    expect(stay.joins).toEqual([]);
    await stay.welcome();
    expect(stay.studio().participants).toMatchObject([{ id: ME, self: true }]);
  });

  it("[RC3] a denied person sees why; what is on this device stays", async () => {
    const stay = stayRig();
    await stay.join();
    await stay.wait();
    await stay.closed(CLOSE.denied);
    expect(stay.view()).toMatchObject({ screen: "closed", problem: { reason: "denied" } });
    expect(stay.devices.closed).toBe(true);
    expect(stay.controller.alive()).toBe(false);
  });

  it("[RC3] whoever gives up waiting has left", async () => {
    const stay = stayRig();
    await stay.join();
    await stay.wait();
    stay.controller.stopWaiting();
    await stay.clock.pass(200);
    expect(stay.said("leave")).toHaveLength(1);
    expect(stay.view()).toEqual({ screen: "closed", bytesLeft: 0 });
  });

  it("[RC4] an invite goes past the waiting room, and is used up", async () => {
    const stay = stayRig({ joined: { admission: "admitted" } });
    const invite = "i".repeat(43) as Secret;
    stay.controller.useSecrets({ invite });
    await stay.join();
    expect(stay.joins).toEqual([{ name: "Marek", consent: true, invite }]);
    await stay.welcome();
    expect(stay.view().screen).toBe("studio");
    expect([...stay.tab.values()]).not.toContain(invite);
  });

  it("[RC4] one that somebody else has used says so in the lobby, and the next press knocks", async () => {
    let asked = 0;
    const stay = stayRig({ answers: { join: () => ((asked += 1), Promise.reject(inviteUsed)) } });
    stay.controller.useSecrets({ invite: "i".repeat(43) as Secret });
    await stay.clock.pass(200);
    stay.controller.lobby.join("Marek");
    await untilTrue(stay.clock, () => asked === 1);
    await stay.clock.pass(200);
    expect(stay.view()).toMatchObject({
      screen: "lobby",
      lobby: { problems: [{ reason: "invite-used" }], joining: false },
    });
    expect([...stay.tab.values()]).not.toContain("i".repeat(43));
  });

  it("[RC5] a seat that was taken away is given up for a new one, which knocks", async () => {
    const stay = stayRig({
      joined: { participant: OTHER },
      answers: {
        renewToken: () => Promise.reject(Object.assign(inviteUsed, { reason: "unauthorized" })),
      },
    });
    await stay.repo.putSeat(seatOf({ role: "guest", hostSecret: null, admission: "admitted" }));
    await stay.join();
    expect(stay.joins).toHaveLength(1);
    expect(stay.view().screen).toBe("waiting");
    // the old seat stays: takes that it recorded may still be on their way
    expect((await stay.repo.seats()).map((seat) => seat.participant)).toEqual([ME, OTHER]);
  });
});

describe("the end by somebody else's word", () => {
  it.each([
    [CLOSE.removed, "removed"],
    [CLOSE.ended, "ended-by-host"],
  ] as const)(
    "[RC6] %i while a take rolls: it is stopped in order and kept, and the person sees why",
    async (code, reason) => {
      const stay = stayRig();
      await stay.join();
      await stay.tellTime();
      await stay.welcome({ take: rollingTake(stay.clock) });
      await stay.clock.pass(1_000);
      await stay.closed(code);
      expect(stay.view()).toMatchObject({ screen: "closed", problem: { reason } });
      expect(stay.encoders.every(({ stopped }) => stopped)).toBe(true);
      const [take] = await stay.repo.takes();
      expect(take).toMatchObject({ take: takeIdOf("rolling"), state: "stopped" });
      expect(stay.calls[0]?.asked).toContain("close");
    },
  );

  it("[RC6] whoever ended it for all sees no problem", async () => {
    const stay = stayRig({ joined: { role: "host", admission: "admitted" } });
    await stay.join();
    await stay.welcome({ participants: [personOf({ role: "host" })] });
    stay.controller.studio.endForAll();
    expect(stay.said("end-for-all")).toHaveLength(1);
    await stay.closed(CLOSE.ended);
    expect(stay.view()).toEqual({ screen: "closed", bytesLeft: 0 });
  });
});

describe("the call beside the recording", () => {
  it.each(["throws", "cannot-be-fetched"] as const)("[RC7] a call that %s touches no take", async (call) => {
    const stay = stayRig({ call });
    await stay.join();
    await stay.tellTime();
    await stay.welcome({ take: rollingTake(stay.clock) });
    await stay.clock.pass(1_000);
    stay.controller.studio.toggleMicrophone();
    stay.controller.studio.showing([{ id: OTHER, screen: false, width: 300 }]);
    await stay.clock.pass(1_000);
    expect(stay.reported.length).toBeGreaterThan(0);
    expect(stay.studio()).toMatchObject({ call: { state: "connecting", muted: true }, problems: [] });
    expect(stay.studio().participants[0]?.state).toBe("recording");
    expect(stay.encoders.filter(({ source }) => source === "camera").every(({ stopped }) => !stopped)).toBe(true);
  });

  it("[RC8] the others' pictures are the same object until they are another picture", async () => {
    const stay = stayRig();
    await stay.join();
    const tracks = [{ source: "camera", session: "s".repeat(22), trackName: "cam", simulcast: true }] as const;
    const ann = personOf({
      participant: OTHER,
      name: "Ann",
      call: { tracks: [...tracks], muted: true, cameraOff: false } as never,
    });
    await stay.welcome({ participants: [personOf(), ann] });
    await untilTrue(stay.clock, () => stay.calls.length === 1);
    const [call] = stay.calls;
    expect(call?.followed).toEqual([{ participant: OTHER, tracks }]);
    const media: DeviceTrack = { id: "received-1", label: "" };
    const received = [{ participant: OTHER, source: "camera", media, layer: "h" }] as const;
    call?.becomes({ ...CALM, received });
    await stay.clock.pass(200);
    const tile = () => stay.studio().participants.find((each) => each.id === OTHER);
    const before = tile()?.stream;
    expect(before).toBeDefined();
    expect(tile()).toMatchObject({ muted: true, cameraOff: false });
    call?.becomes({ ...CALM, received: [{ ...received[0], layer: "l" }], roundTripMs: 20 });
    await stay.clock.pass(200);
    expect(tile()?.stream).toBe(before);
    call?.becomes({ ...CALM, received: [{ ...received[0], media: { id: "received-2", label: "" } }] });
    await stay.clock.pass(200);
    expect(tile()?.stream).not.toBe(before);
    await stay.hear({ type: "participant", participant: { ...ann, connected: false, call: null } });
    expect(call?.followed).toEqual([]);
  });
});

describe("what people do in the studio", () => {
  it("[RC9] the host asks to mute: the microphone goes off, and the page says by whom until it is read", async () => {
    const stay = stayRig();
    await stay.join();
    await stay.welcome();
    await stay.hear({ type: "mute-asked", by: "Inês" });
    expect(stay.studio()).toMatchObject({ mutedBy: "Inês", call: { muted: true } });
    expect(stay.said("call").at(-1)).toMatchObject({ call: { muted: true } });
    stay.controller.studio.toggleMicrophone();
    await stay.clock.pass(200);
    expect(stay.studio().call.muted).toBe(false);
    expect(stay.studio().mutedBy).toBeUndefined();
  });

  it("[RC9] somebody who is muted already is not told", async () => {
    const stay = stayRig();
    await stay.join();
    await stay.welcome();
    stay.controller.studio.toggleMicrophone();
    await stay.hear({ type: "mute-asked", by: "Inês" });
    expect(stay.studio().mutedBy).toBeUndefined();
  });

  it("[RC10] a marker has the room's time of the moment, also while the room is away", async () => {
    const stay = stayRig();
    await stay.join();
    await stay.tellTime();
    const take = rollingTake(stay.clock);
    await stay.welcome({ take });
    await stay.clock.pass(3_000);
    await stay.closed(1006);
    const atMs = (stay.clock.nowUs() + 1_000_000_000 - take.zeroRoomUs) / 1000;
    stay.controller.studio.addMarker("Here");
    await stay.clock.pass(200);
    const [marker] = stay.studio().markers;
    expect(marker).toMatchObject({ text: "Here", by: "Marek" });
    expect(Math.abs((marker?.atMs ?? 0) - atMs)).toBeLessThan(2);
  });

  it("[RC11] hands are numbered by who waits longest, reactions go after 4 s", async () => {
    const stay = stayRig();
    await stay.join();
    await stay.welcome({
      participants: [personOf({ handMs: 20 }), personOf({ participant: OTHER, name: "Ann", handMs: 10 })],
    });
    await stay.hear({ type: "reaction", participant: OTHER, kind: "clap" });
    // as it was before a reload
    expect(stay.studio().call.handUp).toBe(true);
    expect(stay.studio().participants).toMatchObject([{ handPlace: 2 }, { handPlace: 1, reaction: "clap" }]);
    await stay.clock.pass(4_000);
    expect(stay.studio().participants[1]?.reaction).toBeUndefined();
    stay.controller.studio.raiseHand(false);
    await stay.clock.pass(200);
    expect(stay.said("hand")).toEqual([{ type: "hand", up: false }]);
    expect(stay.studio().call.handUp).toBe(false);
  });

  it("[RC12] a new role changes what may be done, and renews the token", async () => {
    const stay = stayRig();
    await stay.join();
    await stay.welcome({ participants: [personOf(), personOf({ participant: OTHER, name: "Ann" })] });
    expect(stay.studio()).toMatchObject({ mayHost: false, participants: [{ actions: [] }, { actions: [] }] });
    await stay.hear({ type: "role", role: "cohost" });
    expect(stay.studio()).toMatchObject({ role: "cohost", mayHost: true });
    expect(stay.studio().participants[1]?.actions).toEqual(["mute", "remove"]);
    expect((await stay.repo.seats())[0]?.token).toBe("renewed");
  });

  it("[RC15] what the room does not do after a press is said, what the page says by itself is not", async () => {
    const stay = stayRig();
    await stay.join();
    await stay.welcome();
    await stay.hear({ type: "refused", what: "call", reason: "too-fast", message: "too fast" });
    expect(stay.studio().problems).toEqual([]);
    await stay.hear({ type: "refused", what: "end-for-all", reason: "not-host", message: "Only the host can." });
    expect(stay.studio().problems).toMatchObject([{ reason: "other", text: "Only the host can." }]);
    await stay.closed(CLOSE.ended);
    expect(stay.view()).toMatchObject({ problem: { reason: "ended-by-host" } });
  });

  it("[RC13] the host's links carry the chat key in the fragment, which the server never sees", async () => {
    const invite = "i".repeat(43) as Secret;
    const stay = stayRig({
      joined: { role: "host", admission: "admitted" },
      answers: { createInvite: async () => ({ invite, expiresMs: 1 }) },
    });
    await stay.repo.putSeat(seatOf({ participant: null, hostSecret: HOST_SECRET, refreshSecret: null }));
    await stay.join("Inês");
    const key = stay.keys.get(ROOM);
    expect(key).toMatch(/^[\w-]{43}$/);
    expect(await stay.controller.studio.invite()).toEqual({
      link: `https://studio.example/r/${ROOM}#invite=${invite}&k=${key}`,
      copied: true,
    });
    await stay.controller.studio.copyGuestLink();
    expect(stay.copied).toContain(`https://studio.example/r/${ROOM}#k=${key}`);
    expect(JSON.stringify([stay.joins, stay.newest().sent, await stay.repo.seats()])).not.toContain(key);
  });

  it("[RC13] a guest's newest link has the right key; no link changes the host's", async () => {
    const guest = stayRig();
    await guest.join();
    await guest.welcome();
    expect(guest.studio().chat.state).toBe("no-key");
    guest.controller.useSecrets({ chatKey: KEY });
    await guest.clock.pass(200);
    expect(guest.studio().chat.state).toBe("ready");
    const host = stayRig({ joined: { role: "host", admission: "admitted" } });
    await host.repo.putSeat(seatOf({ participant: null, refreshSecret: null }));
    host.keys.set(ROOM, HOSTS_KEY);
    await host.join();
    host.controller.useSecrets({ chatKey: KEY });
    expect(host.keys.get(ROOM)).toBe(HOSTS_KEY);
  });

  it("[RC14] the network is back: room and call try at once", async () => {
    const stay = stayRig();
    await stay.join();
    await stay.welcome();
    await untilTrue(stay.clock, () => stay.calls.length === 1);
    stay.online.set(false);
    stay.online.set(true);
    expect(stay.calls[0]?.asked).toContain("nudge");
  });
});

describe("leaving", () => {
  it("[RC6] in mid-take: the take is on disk, and the room is told", async () => {
    const stay = stayRig();
    await stay.join();
    await stay.tellTime();
    await stay.welcome({ take: rollingTake(stay.clock) });
    await stay.clock.pass(1_000);
    stay.controller.studio.leave();
    await stay.clock.pass(200);
    expect(stay.said("leave")).toHaveLength(1);
    expect(await stay.repo.takes()).toMatchObject([{ state: "stopped" }]);
  });
});
