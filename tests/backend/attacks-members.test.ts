import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CLOSE, ROOM_PROTOCOL } from "#protocol/room-messages.ts";
import { randomId } from "../../worker-backend/auth/secrets.ts";
import { type Claims, signToken } from "../../worker-backend/auth/tokens.ts";
import {
  admittedGuest,
  call,
  declareTrack,
  type HostSeat,
  hostedRoom,
  joinRoom,
  keysOf,
  makeRoom,
  newTake,
  putEpoch,
  type Seat,
  someBytes,
  statusAndReason,
  stubOf,
  waitingSeat,
} from "./rig/api.ts";
import { guardedCalls, stateOf } from "./rig/attacks.ts";
import { callOf, FakeRealtime, publish } from "./rig/realtime.ts";
import { connect, knock, openSocket, status } from "./rig/socket.ts";

let sfu: FakeRealtime;

beforeEach(() => {
  sfu = new FakeRealtime();
});

afterEach(() => vi.unstubAllGlobals());

/** A room where a take rolls, a guest records it, and somebody waits. */
async function session() {
  const host = await hostedRoom();
  const { socket: a } = await connect(host);
  const guest = await admittedGuest(host, "Bob");
  const { socket: b } = await connect(guest);
  const take = newTake();
  a.send({ type: "start-take", take });
  await b.next("take");
  const track = await declareTrack(guest, take);
  return { host, a, guest, b, take, track };
}

/** Everything that a socket may say, as somebody in the room would. */
const sayings = (host: Seat, take: string) => [
  status(),
  { type: "start-take", take: newTake() },
  { type: "stop-take", take },
  { type: "not-recording", take, why: "no-devices" },
  { type: "admit", participant: host.participant },
  { type: "deny", participant: host.participant },
  { type: "remove", participant: host.participant },
  { type: "ask-mute", participant: host.participant },
  { type: "set-role", participant: host.participant, role: "guest" },
  { type: "end-for-all" },
  callOf([]),
  { type: "hand", up: true },
  { type: "react", kind: "clap" },
  { type: "chat", envelope: { v: 1, session: "s".repeat(22), seq: 0, data: "eA" } },
  { type: "add-marker", marker: randomId(), take, atRoomUs: 0, text: "" },
];

async function refuseEverything(seat: Seat, host: HostSeat, take: string, track: string, expected: [number, string]) {
  for (const { path, ...request } of guardedCalls(host.room, take, track)) {
    const response = await call(path, { ...request, token: seat.token });
    expect(await statusAndReason(response), `${request.method} ${path}`).toEqual(expected);
  }
  const put = await putEpoch(seat, { take, track, seq: 0, bytes: someBytes(1) });
  expect(await statusAndReason(put)).toEqual(expected);
}

describe("somebody in the waiting room", () => {
  it("[WR20] can do nothing over HTTP: 403 everywhere, nothing changed, nothing forwarded", async () => {
    const { host, take, track } = await session();
    const eve = await waitingSeat(host.room, "Eve");
    await knock(eve);
    const before = await stateOf(host);
    await refuseEverything(eve, host, take, track, [403, "waiting"]);
    expect(await stateOf(host)).toEqual(before);
    expect(sfu.asked).toEqual([]);
  });

  it("[WR21] can say nothing but leave: each is refused, nobody hears of it, nothing changes", async () => {
    const { host, a, b, take } = await session();
    const eve = await waitingSeat(host.room, "Eve");
    const { socket } = await knock(eve);
    // A hint at once for the take, one a second later for the track.
    for (const socket of [a, a, b, b]) await socket.next("takes-changed");
    await Promise.all([a.settled(), b.settled()]);
    const heard = [a.heardTypes().length, b.heardTypes().length];
    const before = await stateOf(host);
    for (const saying of [...sayings(host, take), { type: "admit", participant: eve.participant }]) {
      socket.send({ role: "host", ...saying });
      expect(await socket.next("refused"), saying.type).toMatchObject({ what: saying.type, reason: "waiting" });
    }
    await Promise.all([a.settled(), b.settled()]);
    expect([a.heardTypes().length, b.heardTypes().length]).toEqual(heard);
    expect(await stateOf(host)).toEqual(before);
  });

  it("[WR22] hears nothing of the room, whatever happens in it", async () => {
    const { host, a, guest, b, take } = await session();
    const { socket } = await knock(await waitingSeat(host.room, "Eve"));
    await publish(guest, b);
    for (const saying of sayings(guest, take).filter(({ type }) => type !== "end-for-all" && type !== "remove")) {
      a.send(saying);
      b.send(saying);
    }
    b.send({ type: "leave" });
    await b.closed;
    await a.settled();
    await evictDurableObject(stubOf(host.room));
    a.send({ type: "hand", up: false });
    await a.settled();
    await socket.settled();
    expect(socket.heardTypes()).toEqual([]);
  });

  it("[WR23] a denied knocker's token opens nothing", async () => {
    const { host, a, take, track } = await session();
    const eve = await waitingSeat(host.room, "Eve");
    const { socket } = await knock(eve);
    a.send({ type: "deny", participant: eve.participant });
    await socket.closed;
    const before = await stateOf(host);
    await refuseEverything(eve, host, take, track, [401, "token-refused"]);
    expect(await stateOf(host)).toEqual(before);
  });
});

describe("somebody who was removed", () => {
  it("[RL13] the old token is 401 on PUT, on the socket and at the SFU, after a restart too", async () => {
    const { host, a, guest, b, take, track } = await session();
    const published = await publish(guest, b);
    expect((await putEpoch(guest, { take, track, seq: 0, bytes: someBytes(0) })).status).toBe(201);
    a.send({ type: "remove", participant: guest.participant });
    expect((await b.closed).code).toBe(CLOSE.removed);
    const isClosed = () => expect(sfu.paths().at(-1)).toBe(`PUT sessions/${published.session}/tracks/close`);
    await vi.waitFor(isClosed, { timeout: 20_000 });
    const before = await stateOf(host);
    sfu.asked.length = 0;
    for (const restarted of [false, true]) {
      if (restarted) await evictDurableObject(stubOf(host.room));
      await refuseEverything(guest, host, take, track, [401, "token-refused"]);
      const socket = await openSocket(host.room);
      socket.send({ type: "hello", protocol: ROOM_PROTOCOL, token: guest.token });
      expect((await socket.closed).code).toBe(CLOSE.badToken);
      const path = `/api/rooms/${host.room}/participants/${guest.participant}/token`;
      const renewed = await call(path, { json: { refreshSecret: guest.refreshSecret } });
      expect(await statusAndReason(renewed)).toEqual([401, "refresh-refused"]);
    }
    expect(await stateOf(host)).toEqual(before);
    expect(sfu.asked).toEqual([]);
    expect(await keysOf(host.room)).toHaveLength(1);
  });

  it("[RL14] what they pull is closed at the SFU, all of it and by force", async () => {
    const { a, guest, b } = await session();
    const { session: id } = await publish(guest, b);
    sfu.asked.length = 0;
    a.send({ type: "remove", participant: guest.participant });
    await vi.waitFor(() => expect(sfu.asked).toHaveLength(2), { timeout: 20_000 });
    expect(sfu.paths()).toEqual([`GET sessions/${id}`, `PUT sessions/${id}/tracks/close`]);
    expect(sfu.asked[1]?.body).toEqual({ tracks: [{ mid: "0" }, { mid: "1" }], force: true });
  });
});

describe("becoming the host", () => {
  it("[RL16] no message and no body makes one: a role in it is not read", async () => {
    const { host, guest, b, a } = await session();
    const before = await stateOf(host);
    for (const saying of [
      { type: "start-take", take: newTake(), role: "host" },
      { type: "end-for-all", role: "host", from: host.participant },
      { type: "remove", participant: host.participant, by: host.participant },
      { type: "set-role", participant: guest.participant, role: "cohost", from: host.participant },
    ]) {
      b.send(saying);
      expect((await b.next("refused")).reason).toBe("not-host");
    }
    expect(await stateOf(host)).toEqual(before);
    const json = { name: "Eve", consent: true, role: "host", admission: "admitted", participant: host.participant };
    const eve = await call(`/api/rooms/${host.room}/participants`, { json });
    expect(await eve.json()).toMatchObject({ role: "guest", admission: "waiting" });
    await a.settled();
  });

  it("[RL16] joining or renewing with the host's id is another seat, or none", async () => {
    const { host, guest } = await session();
    const path = `/api/rooms/${host.room}/participants/${host.participant}/token`;
    for (const refreshSecret of [guest.refreshSecret, host.hostSecret]) {
      const renewed = await call(path, { json: { refreshSecret, participant: host.participant } });
      expect(await statusAndReason(renewed)).toEqual([401, "refresh-refused"]);
    }
    const claims = { aud: "participant", room: host.room, version: 1, exp: Math.floor(Date.now() / 1000) + 600 };
    for (const stolen of [
      { ...claims, participant: host.participant, role: "guest" },
      { ...claims, participant: host.participant, role: "cohost" },
      { ...claims, participant: guest.participant, role: "host" },
    ]) {
      const token = await signToken(env.SIGNING_SECRET, stolen as Claims<"participant">);
      const response = await call(`/api/rooms/${host.room}/takes`, { token });
      expect(await statusAndReason(response), JSON.stringify(stolen)).toEqual([401, "token-refused"]);
    }
  });

  it("[RL17] whoever comes first is no host for it: 20 who race all wait", async () => {
    const { room, hostSecret } = await makeRoom();
    const seats = await Promise.all(Array.from({ length: 20 }, (_, at) => joinRoom(room, `R${at}`)));
    expect(new Set(seats.map(({ admission }) => admission))).toEqual(new Set(["waiting"]));
    const sockets = await Promise.all(seats.map((seat) => knock(seat)));
    for (const { socket } of sockets) socket.send({ type: "start-take", take: newTake() });
    for (const { socket } of sockets) expect((await socket.next("refused")).reason).toBe("waiting");
    const host = await joinRoom(room, "Alice", { hostSecret });
    expect((await connect(host)).welcome.room.knocking).toHaveLength(20);
  });
});
