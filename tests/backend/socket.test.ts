import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { MAX_PARTICIPANTS } from "#protocol/http-api.ts";
import { CLOSE, MAX_MESSAGE_BYTES, ROOM_PROTOCOL, START_LEAD_MS } from "#protocol/room-messages.ts";
import { randomId } from "../../worker-backend/auth/secrets.ts";
import { signToken } from "../../worker-backend/auth/tokens.ts";
import { HELLO_WITHIN_MS, MAX_SOCKETS, MESSAGES } from "../../worker-backend/room/room-sockets.ts";
import { call, hostedRoom, admittedGuest, makeRoom, newTake, ORIGIN, stubOf, takesOf } from "./rig/api.ts";
import { connect, openSocket, status, upgrade } from "./rig/socket.ts";

afterEach(() => vi.useRealTimers());

describe("opening a socket", () => {
  it("[RM1] only pages of this origin may, exactly", async () => {
    const { room } = await makeRoom();
    const foreign: Record<string, string>[] = [
      {},
      { Origin: "null" },
      { Origin: "https://evil.example" },
      { Origin: "http://sub.studio.test" },
      { Origin: "https://studio.test" },
      { Origin: "http://studio.test:81" },
      { Origin: "http://studio.test.evil.example" },
      { Origin: "" },
    ];
    for (const headers of foreign) {
      const response = await upgrade(room, headers);
      expect([response.status, response.webSocket], JSON.stringify(headers)).toEqual([403, null]);
      await response.text();
    }
    expect((await upgrade(room)).status).toBe(101);
  });

  it("[RM1] an unknown room is the same 404, a plain request 426", async () => {
    const response = await upgrade(randomId());
    expect(response.status).toBe(404);
    expect(await response.text()).toBe(await (await call(`/api/rooms/${randomId()}`)).text());
    const { room } = await makeRoom();
    expect((await call(`/api/rooms/${room}/socket`, { headers: { Origin: ORIGIN } })).status).toBe(426);
  });

  it("[RM2] the first message must be hello", async () => {
    const host = await hostedRoom();
    for (const first of ["", "{}", "nonsense", JSON.stringify(status()), '{"type":"clock-ping","id":1,"t0":1}']) {
      const socket = await openSocket(host.room);
      socket.send(first);
      expect((await socket.closed).code, first).toBe(CLOSE.helloExpected);
    }
  });

  it("[RM2] and it must come in time", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const host = await hostedRoom();
    const silent = await openSocket(host.room);
    const { socket } = await connect(host);
    vi.setSystemTime(Date.now() + HELLO_WITHIN_MS + 1);
    await runDurableObjectAlarm(stubOf(host.room));
    expect((await silent.closed).code).toBe(CLOSE.helloExpected);
    await socket.settled();
  });

  it("[RM3] a forged, expired or foreign token closes it, and nobody hears of it", async () => {
    const host = await hostedRoom();
    const other = await hostedRoom();
    const { socket: watching } = await connect(host);
    const seat = { room: host.room, participant: host.participant, role: "host", version: 1 };
    const past = Math.floor(Date.now() / 1000) - 1;
    const signed = (claims: object, aud = "participant") =>
      signToken(env.SIGNING_SECRET, { aud, ...seat, exp: past + 1000, ...claims } as Parameters<typeof signToken>[1]);
    const tokens = [
      "",
      "x.y",
      host.token.slice(0, -4) + "AAAA",
      other.token,
      await signed({ exp: past }),
      await signed({ version: 2 }),
      await signed({ participant: randomId() }),
      await signToken(env.SIGNING_SECRET, {
        aud: "job",
        room: host.room,
        take: newTake(),
        job: randomId(),
        exp: past + 9999,
      } as Parameters<typeof signToken>[1]),
    ];
    for (const token of tokens) {
      const socket = await openSocket(host.room);
      socket.send({ type: "hello", protocol: ROOM_PROTOCOL, token });
      expect((await socket.closed).code, token).toBe(CLOSE.badToken);
    }
    await watching.settled();
    expect(watching.heard("participant")).toEqual([]);
  });

  it("[RM3] another protocol version is told apart", async () => {
    const host = await hostedRoom();
    const socket = await openSocket(host.room);
    socket.send({ type: "hello", protocol: ROOM_PROTOCOL + 1, token: host.token });
    expect((await socket.closed).code).toBe(CLOSE.protocolMismatch);
  });

  it("[RM4] what is said right behind hello is heard after it", async () => {
    const host = await hostedRoom();
    const socket = await openSocket(host.room);
    const take = newTake();
    socket.send({ type: "hello", protocol: ROOM_PROTOCOL, token: host.token });
    socket.send({ type: "start-take", take });
    expect((await socket.next("welcome")).room.take).toBeNull();
    expect((await socket.next("take")).take).toMatchObject({ take, state: "rolling" });
  });

  it("[RM5] a second socket of the same participant replaces the first, without a word to others", async () => {
    const host = await hostedRoom();
    const guest = await admittedGuest(host, "Bob");
    const { socket: watching } = await connect(host);
    const first = await connect(guest);
    await watching.next("participant", ({ participant }) => participant.connected);
    const second = await connect(guest);
    expect((await first.socket.closed).code).toBe(CLOSE.replaced);
    await second.socket.settled();
    await watching.settled();
    expect(watching.heard("participant").filter(({ participant }) => !participant.connected)).toEqual([]);
  });

  it("[RM6] there are at most so many people connected, and the host always comes in", async () => {
    const host = await hostedRoom();
    const seats = await Promise.all(
      Array.from({ length: MAX_PARTICIPANTS - 1 }, (_, at) => admittedGuest(host, `Guest ${at}`)),
    );
    const full = await call(`/api/rooms/${host.room}/participants`, { json: { name: "One more", consent: true } });
    expect([
      full.status,
      (await call(`/api/rooms/${host.room}`).then((r) => r.json<{ full: boolean }>())).full,
    ]).toEqual([409, true]);
    await full.text();
    const sockets = await Promise.all(seats.map((seat) => connect(seat)));
    expect((await connect(host)).welcome.room.participants).toHaveLength(MAX_PARTICIPANTS);
    const json = { name: "Alice again", consent: true, hostSecret: host.hostSecret };
    expect((await call(`/api/rooms/${host.room}/participants`, { json })).status).toBe(201);
    await Promise.all(sockets.map(({ socket }) => socket.settled()));
  });
});

describe("in the room", () => {
  it("[RM10] others hear only what changed: a participant, connected, status, gone", async () => {
    const host = await hostedRoom();
    const { socket: watching, welcome } = await connect(host);
    expect(welcome.room.participants.map((one) => one.name)).toEqual(["Alice"]);
    const guest = await admittedGuest(host, "Bob");
    const { socket } = await connect(guest);
    expect((await watching.next("participant")).participant).toMatchObject({
      name: "Bob",
      role: "guest",
      connected: true,
      status: null,
    });
    socket.send(status({ epochsLeft: 5, bytesLeft: 500 }));
    const changed = await watching.next("participant");
    expect(changed.participant).toMatchObject({ participant: guest.participant, status: { epochsLeft: 5 } });
    socket.close();
    const gone = await watching.next("participant", ({ participant }) => !participant.connected);
    expect(gone.participant.status).toMatchObject({ epochsLeft: 5, bytesLeft: 500 });
    expect(watching.heard("welcome")).toEqual([]);
  });

  it("[RM10] who leaves on purpose is no longer in the list", async () => {
    const host = await hostedRoom();
    const guest = await admittedGuest(host, "Bob");
    const { socket: watching } = await connect(host);
    const { socket } = await connect(guest);
    socket.send({ type: "leave" });
    expect((await watching.next("participant-left")).participant).toBe(guest.participant);
    expect((await socket.closed).code).toBe(1000);
    await watching.settled();
    expect(watching.heard("participant").filter(({ participant }) => !participant.connected)).toEqual([]);
    const again = await connect(host);
    expect(again.welcome.room.participants.map((one) => one.name)).toEqual(["Alice"]);
  });

  it("[RM11] a clock ping comes back with the room's clock", async () => {
    const { socket } = await connect(await hostedRoom());
    const before = Date.now() * 1000;
    socket.send({ type: "clock-ping", id: 7, t0: 123.456 });
    const pong = await socket.next("clock-pong");
    expect(pong).toMatchObject({ id: 7, t0: 123.456 });
    expect(pong.t1).toBeGreaterThanOrEqual(before);
    expect(pong.t1).toBeLessThanOrEqual(Date.now() * 1000);
  });

  it("[RM12] Record and Stop act for everybody, with the room's zero", async () => {
    const host = await hostedRoom();
    const guest = await admittedGuest(host, "Bob");
    const a = await connect(host);
    const b = await connect(guest);
    const take = newTake();
    const before = Date.now();
    a.socket.send({ type: "start-take", take, title: "First" });
    const [heardA, heardB] = await Promise.all([a.socket.next("take"), b.socket.next("take")]);
    expect(heardA).toEqual(heardB);
    expect(heardA.take).toMatchObject({ take, number: 1, title: "First", state: "rolling", stopRoomUs: null });
    expect(heardA.take.zeroRoomUs).toBeGreaterThanOrEqual((before + START_LEAD_MS) * 1000);
    a.socket.send({ type: "stop-take", take });
    const stopped = await b.socket.next("take");
    expect(stopped.take.state).toBe("stopped");
    expect((await takesOf(host))[0]).toMatchObject({ take, state: "stopped", complete: false });
  });

  it("[RM13] a guest may neither start nor stop, whatever the message says", async () => {
    const host = await hostedRoom();
    const guest = await admittedGuest(host, "Bob");
    const a = await connect(host);
    const b = await connect(guest);
    const take = newTake();
    b.socket.send({ type: "start-take", take, role: "host", title: "Mine" });
    expect(await b.socket.next("refused")).toMatchObject({ what: "start-take", reason: "not-host" });
    a.socket.send({ type: "start-take", take });
    await a.socket.next("take");
    b.socket.send({ type: "stop-take", take });
    expect(await b.socket.next("refused")).toMatchObject({ what: "stop-take", reason: "not-host" });
    expect((await takesOf(host)).map((one) => one.state)).toEqual(["rolling"]);
  });

  it("[RM14] one take at a time; starting the same one again tells how it is", async () => {
    const { socket } = await connect(await hostedRoom());
    const take = newTake();
    socket.send({ type: "start-take", take });
    const first = await socket.next("take");
    socket.send({ type: "start-take", take });
    expect(await socket.next("take")).toEqual(first);
    socket.send({ type: "start-take", take: newTake() });
    expect(await socket.next("refused")).toMatchObject({ what: "start-take", reason: "take-rolling" });
    socket.send({ type: "stop-take", take: newTake() });
    expect(await socket.next("refused")).toMatchObject({ what: "stop-take", reason: "no-such-take" });
  });

  it("[RM15] whoever comes while a take rolls hears of it in the welcome", async () => {
    const host = await hostedRoom();
    const { socket } = await connect(host);
    const take = newTake();
    socket.send({ type: "start-take", take });
    await socket.next("take");
    const { welcome } = await connect(await admittedGuest(host, "Late"));
    expect(welcome.room.take).toMatchObject({ take, state: "rolling" });
  });

  it("[RM16] the room and its sockets survive the object's sleep", async () => {
    const host = await hostedRoom();
    const guest = await admittedGuest(host, "Bob");
    const a = await connect(host);
    const b = await connect(guest);
    const take = newTake();
    a.socket.send({ type: "start-take", take });
    await b.socket.next("take");
    const problem = { reason: "gap", sinceMs: Date.now(), message: "ö".repeat(300) };
    const newestGaps = Array.from({ length: 20 }, (_, at) => ({ atMs: at * 1000.5, lengthMs: 20.25 }));
    const sources = ["camera", "microphone", "screen", "screen-audio"];
    b.socket.send(status({ recording: "recording", take, epochsLeft: 3, problem, newestGaps, sources }));
    await a.socket.next("participant", ({ participant }) => participant.status?.epochsLeft === 3);
    await evictDurableObject(stubOf(host.room));
    a.socket.send({ type: "stop-take", take });
    expect((await b.socket.next("take")).take.state).toBe("stopped");
    const { welcome } = await connect(await admittedGuest(host, "Late"));
    const bob = welcome.room.participants.find((one) => one.name === "Bob");
    expect(bob).toMatchObject({ connected: true, status: { epochsLeft: 3 } });
  });

  it("[RM17] a new name on renewal reaches the others", async () => {
    const host = await hostedRoom();
    const guest = await admittedGuest(host, "Bob");
    const a = await connect(host);
    await connect(guest);
    await a.socket.next("participant");
    const json = { refreshSecret: guest.refreshSecret, name: "Robert" };
    await (await call(`/api/rooms/${host.room}/participants/${guest.participant}/token`, { json })).text();
    expect((await a.socket.next("participant")).participant.name).toBe("Robert");
  });
});

describe("limits of a socket", () => {
  it("[RM20] a message over 64 KiB closes it, one of 64 KiB does not", async () => {
    const { socket } = await connect(await hostedRoom());
    socket.send(`"${"x".repeat(MAX_MESSAGE_BYTES - 2)}"`);
    expect(await socket.next("refused")).toMatchObject({ reason: "bad-message" });
    socket.send(`"${"ä".repeat(MAX_MESSAGE_BYTES / 2)}"`);
    expect((await socket.closed).code).toBe(1009);
  });

  it("[RM21] a malformed message is refused, and the socket goes on", async () => {
    const { socket } = await connect(await hostedRoom());
    const deep = "[".repeat(10_000) + "]".repeat(10_000);
    for (const bad of ["", "{", '{"type":"unknown"}', deep, '{"type":"status","status":{}}']) {
      socket.send(bad);
      expect((await socket.next("refused")).reason).toBe("bad-message");
    }
    await socket.settled();
  });

  it("[RM21] so are bytes, and a second hello", async () => {
    const host = await hostedRoom();
    const { socket } = await connect(host);
    socket.sendBytes(new Uint8Array([1, 2, 3]));
    expect((await socket.next("refused")).reason).toBe("bad-message");
    socket.send({ type: "hello", protocol: ROOM_PROTOCOL, token: host.token });
    expect((await socket.next("refused")).reason).toBe("bad-message");
    await socket.settled();
  });

  it("[RM23] silent sockets do not keep people out", async () => {
    // However long it takes to open them, none of them is late with its hello.
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const host = await hostedRoom();
    const silent = await Promise.all(Array.from({ length: MAX_SOCKETS }, () => openSocket(host.room)));
    const { socket } = await connect(host);
    // The oldest one: of those that knock together nobody knows which.
    expect((await Promise.race(silent.map(({ closed }) => closed))).code).toBe(CLOSE.tooFast);
    await socket.settled();
  });

  it("[RM22] a flood is refused once, then closed; others are not touched", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const host = await hostedRoom();
    const { socket: calm } = await connect(host);
    const { socket: flood } = await connect(await admittedGuest(host, "Bob"));
    for (let at = 0; at < 200; at += 1) flood.send({ type: "clock-ping", id: at, t0: 0 });
    expect((await flood.closed).code).toBe(CLOSE.tooFast);
    expect(flood.heard("refused").map(({ reason }) => reason)).toEqual(["too-fast"]);
    expect(flood.heard("clock-pong").length).toBeLessThanOrEqual(MESSAGES.size);
    await calm.settled();
  });
});

describe("frames", () => {
  it("[RM52] what comes fast goes together and in order; the first word and the time go at once", async () => {
    const host = await hostedRoom();
    const { socket: a } = await connect(host);
    const guest = await admittedGuest(host, "Bob");
    const { socket: b } = await connect(guest);
    await a.next("participant", ({ participant }) => participant.connected);
    await a.settled();
    // A second later, and from then on no time passes.
    vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"], now: Date.now() + 1_000 });
    const before = a.frames;
    for (let i = 0; i < 5; i += 1) b.send({ type: "react", kind: i % 2 === 0 ? "clap" : "heart" });
    await b.settled();
    const kinds = [(await a.next("reaction")).kind];
    expect([a.frames - before, a.heard("reaction")]).toEqual([1, []]);
    a.send({ type: "clock-ping", id: 7, t0: 1 });
    expect(await a.next("clock-pong")).toMatchObject({ id: 7, t0: 1 });
    kinds.push(...a.heard("reaction").map(({ kind }) => kind));
    expect(kinds).toEqual(["clap", "heart", "clap", "heart", "clap"]);
    expect(a.frames - before).toBe(2);
  });
});
