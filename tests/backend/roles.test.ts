import { evictDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CLOSE } from "#protocol/room-messages.ts";
import {
  admittedGuest,
  call,
  declareTrack,
  type HostSeat,
  hostedRoom,
  keysOf,
  newInvite,
  newTake,
  putEpoch,
  type Seat,
  sealTrack,
  someBytes,
  statusAndReason,
  storedSeat,
  stubOf,
  takesOf,
  uploadTrack,
  waitingSeat,
} from "./rig/api.ts";
import { FakeRender } from "./rig/render.ts";
import { connect, knock, type RoomSocket } from "./rig/socket.ts";

afterEach(() => vi.unstubAllGlobals());

/** A host, a co-host and a guest, all connected. */
async function company() {
  const host = await hostedRoom();
  const { socket: a } = await connect(host);
  const cohost = await admittedGuest(host, "Cora");
  const { socket: c } = await connect(cohost);
  const guest = await admittedGuest(host, "Bob");
  const { socket: b } = await connect(guest);
  await setRole(a, cohost, "cohost");
  await c.next("role");
  return { host, a, cohost, c, guest, b };
}

async function setRole(host: RoomSocket, { participant }: Seat, role: "cohost" | "guest"): Promise<void> {
  host.send({ type: "set-role", participant, role });
  const isThem = (view: { participant: { participant: string; role: string } }) =>
    view.participant.participant === participant && view.participant.role === role;
  await host.next("participant", isThem);
}

describe("roles", () => {
  it("[RL1] the host makes a co-host and a guest again; everybody hears, the person too", async () => {
    const { a, b, guest, c } = await company();
    a.send({ type: "set-role", participant: guest.participant, role: "cohost" });
    expect((await b.next("role")).role).toBe("cohost");
    const isRaised = ({ participant }: { participant: { participant: string; role: string } }) =>
      participant.participant === guest.participant && participant.role === "cohost";
    await Promise.all([a, b, c].map((socket) => socket.next("participant", isRaised)));
    a.send({ type: "set-role", participant: guest.participant, role: "guest" });
    expect((await b.next("role")).role).toBe("guest");
  });

  it("[RL2] the seat decides, not the token: a token from before a promotion may what the seat may", async () => {
    const { host, a, guest, b } = await company();
    await setRole(a, guest, "cohost");
    await newInvite(guest);
    const take = newTake();
    b.send({ type: "start-take", take });
    await b.next("take");
    await setRole(a, guest, "guest");
    const invite = await call(`/api/rooms/${host.room}/invites`, { method: "POST", token: guest.token });
    expect(await statusAndReason(invite)).toEqual([403, "not-host"]);
    b.send({ type: "stop-take", take });
    expect((await b.next("refused")).reason).toBe("not-host");
  });

  it("[RL2] a role survives restarts and comes with the next token", async () => {
    const { host, cohost } = await company();
    await evictDurableObject(stubOf(host.room));
    const json = { refreshSecret: cohost.refreshSecret };
    const renewed = await call(`/api/rooms/${host.room}/participants/${cohost.participant}/token`, { json });
    const { role, token } = await renewed.json<{ role: string; token: string }>();
    expect(role).toBe("cohost");
    expect((await connect({ ...cohost, token })).welcome.role).toBe("cohost");
  });

  it("[RL3] only the host sets roles, and the host's own stays", async () => {
    const { host, a, cohost, c, guest, b } = await company();
    for (const [socket, seat] of [
      [b, guest],
      [b, host],
      [c, guest],
      [c, cohost],
      [a, host],
    ] as const) {
      socket.send({ type: "set-role", participant: seat.participant, role: "cohost" });
      expect(await socket.next("refused")).toMatchObject({ what: "set-role", reason: "not-host" });
    }
    a.send({ type: "set-role", participant: guest.participant, role: "host" });
    expect(await a.next("refused")).toMatchObject({ reason: "bad-message" });
    const { welcome } = await connect(host);
    expect(welcome.room.participants.map(({ role }) => role).sort()).toEqual(["cohost", "guest", "host"]);
  });

  it("[RL4] a new co-host is told who knocks", async () => {
    const { host, a, guest, b } = await company();
    await knock(await waitingSeat(host.room, "Eve"));
    await a.next("knock");
    await setRole(a, guest, "cohost");
    expect((await b.next("knock")).knocker.name).toBe("Eve");
  });

  it("[RL5] what cannot be taken back is the host's alone", async () => {
    const { host, cohost } = await company();
    const take = newTake();
    const calls = [
      { path: "", method: "DELETE" },
      { path: `/takes/${take}`, method: "DELETE" },
      { path: "/editor-links", method: "POST", json: { days: 1 } },
      { path: "/editor-links", method: "GET" },
    ];
    for (const { path, ...request } of calls) {
      const response = await call(`/api/rooms/${host.room}${path}`, { ...request, token: cohost.token });
      expect(await statusAndReason(response), path).toEqual([403, "not-host"]);
    }
    expect(await takesOf(host)).toEqual([]);
  });
});

describe("muting", () => {
  it("[RL6] only the person who is asked hears of it", async () => {
    const { a, b, c, guest } = await company();
    c.send({ type: "ask-mute", participant: guest.participant });
    expect((await b.next("mute-asked")).by).toBe("Cora");
    await a.settled();
    await c.settled();
    expect([...a.heard("mute-asked"), ...c.heard("mute-asked")]).toEqual([]);
  });

  it("[RL6] a guest may not ask, and nobody can be asked who is not there", async () => {
    const { a, b, host, guest } = await company();
    b.send({ type: "ask-mute", participant: host.participant });
    expect((await b.next("refused")).reason).toBe("not-host");
    b.close();
    await a.next("participant", ({ participant }) => !participant.connected);
    a.send({ type: "ask-mute", participant: guest.participant });
    expect((await a.next("refused")).reason).toBe("not-there");
  });
});

describe("removing", () => {
  it("[RL10] closes the socket, takes the seat away, and tells the others", async () => {
    const { host, a, b, c, guest } = await company();
    c.send({ type: "remove", participant: guest.participant });
    expect((await b.closed).code).toBe(CLOSE.removed);
    expect((await a.next("participant-left")).participant).toBe(guest.participant);
    const { welcome } = await connect(host);
    expect(welcome.room.participants.map(({ name }) => name).sort()).toEqual(["Alice", "Cora"]);
    expect(await storedSeat(host.room, guest.participant)).toMatchObject({ removed: true, version: 2, sessions: [] });
  });

  it("[RL11] nobody removes a host, only a host a co-host, a guest nobody", async () => {
    const { host, a, b, c, cohost, guest } = await company();
    for (const [socket, seat] of [
      [b, cohost],
      [b, guest],
      [c, host],
      [c, cohost],
      [a, host],
    ] as const) {
      socket.send({ type: "remove", participant: seat.participant });
      expect(await socket.next("refused")).toMatchObject({ what: "remove", reason: "not-host" });
    }
    a.send({ type: "remove", participant: cohost.participant });
    expect((await c.closed).code).toBe(CLOSE.removed);
    await b.settled();
  });

  it("[RL12] no take waits for somebody who was removed: neither for their word nor for their tracks", async () => {
    const render = new FakeRender();
    const { host, a, b, c, guest } = await company();
    const take = newTake();
    a.send({ type: "start-take", take });
    await b.next("take");
    c.send({ type: "not-recording", take, why: "no-devices" });
    await c.settled();
    const theirs = await declareTrack(guest, take);
    expect((await putEpoch(guest, { take, track: theirs, seq: 0, bytes: someBytes(3) })).status).toBe(201);
    const own = await uploadTrack(host, take, 1);
    await (await sealTrack(host, take, own, 1)).text();
    a.send({ type: "stop-take", take });
    await a.next("take", (message) => message.take.state === "stopped");
    expect((await takesOf(host))[0]?.complete).toBe(false);
    a.send({ type: "remove", participant: guest.participant });
    await a.next("participant-left");
    expect((await takesOf(host))[0]?.complete).toBe(true);
    const job = await render.nextJob();
    expect(job.participants.map(({ name }) => name).sort()).toEqual(["Alice", "Bob"]);
    expect(await keysOf(host.room)).toHaveLength(2);
  });

  it("[RL12] nor for somebody who was removed before they had declared anything", async () => {
    const render = new FakeRender();
    const { host, a, b, c, guest } = await company();
    const take = newTake();
    a.send({ type: "start-take", take });
    await b.next("take");
    c.send({ type: "not-recording", take, why: "no-devices" });
    await c.settled();
    a.send({ type: "remove", participant: guest.participant });
    a.send({ type: "stop-take", take });
    await a.next("take", (message) => message.take.state === "stopped");
    const own = await uploadTrack(host, take, 1);
    await (await sealTrack(host, take, own, 1)).text();
    expect((await takesOf(host))[0]?.complete).toBe(true);
    await render.nextJob();
  });
});

describe("ending for all", () => {
  it("[RL15] stops the take, then closes every socket; tokens hold, so that uploads go on", async () => {
    const { host, a, b, c, guest } = await company();
    const { socket: outside } = await knock(await waitingSeat(host.room, "Eve"));
    const take = newTake();
    a.send({ type: "start-take", take });
    await b.next("take");
    a.send({ type: "end-for-all" });
    expect((await b.next("take")).take.state).toBe("stopped");
    for (const socket of [a, b, c, outside]) expect((await socket.closed).code).toBe(CLOSE.ended);
    await uploadTrack(guest, take, 2);
    expect((await takesOf(host))[0]).toMatchObject({ take, state: "stopped" });
    const { welcome } = await connect(host);
    expect(welcome.room.participants.map(({ name }) => name)).toEqual(["Alice"]);
  });

  it("[RL15] is the host's alone", async () => {
    const { host, b, c } = await company();
    for (const socket of [b, c]) {
      socket.send({ type: "end-for-all" });
      expect((await socket.next("refused")).reason).toBe("not-host");
    }
    await expectAllConnected(host, 3);
  });
});

async function expectAllConnected(host: HostSeat, count: number): Promise<void> {
  const { welcome } = await connect(host);
  expect(welcome.room.participants.filter(({ connected }) => connected)).toHaveLength(count);
}
