import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CHAT_KEPT } from "#protocol/chat.ts";
import { MAX_MESSAGE_BYTES } from "#protocol/room-messages.ts";
import { randomId } from "../../worker-backend/auth/secrets.ts";
import {
  admittedGuest,
  call,
  type HostSeat,
  hostedRoom,
  newTake,
  sealTrack,
  stubOf,
  takesOf,
  uploadTrack,
} from "./rig/api.ts";
import { FakeRender } from "./rig/render.ts";
import { connect, type RoomSocket } from "./rig/socket.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const SESSION = "s".repeat(22);
const chat = (seq: number, data = "Y2lwaGVydGV4dA") => ({
  type: "chat",
  envelope: { v: 1, session: SESSION, seq, data },
});

async function company() {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
  const host = await hostedRoom();
  const { socket: a } = await connect(host);
  const cohost = await admittedGuest(host, "Cora");
  const { socket: c } = await connect(cohost);
  a.send({ type: "set-role", participant: cohost.participant, role: "cohost" });
  await c.next("role");
  const guest = await admittedGuest(host, "Bob");
  const { socket: b } = await connect(guest);
  const other = await admittedGuest(host, "Dora");
  const { socket: d } = await connect(other);
  return { host, a, cohost, c, guest, b, other, d };
}

const rowsOf = (room: string, table: "chat" | "markers") =>
  runInDurableObject(stubOf(room), (_, { storage }) => storage.sql.exec(`SELECT body FROM ${table}`).toArray());

describe("chat", () => {
  it("[CT1] reaches everybody, the sender too, with the room's number and time, as it was sent", async () => {
    const { a, b, guest } = await company();
    b.send(chat(0));
    b.send(chat(1, "c2Vjb25k"));
    const heard = [await a.next("chat"), await a.next("chat")].map(({ message }) => message);
    expect(heard).toEqual([
      { from: guest.participant, name: "Bob", atMs: Date.now(), number: 1, envelope: chat(0).envelope },
      { from: guest.participant, name: "Bob", atMs: Date.now(), number: 2, envelope: chat(1, "c2Vjb25k").envelope },
    ]);
    expect((await b.next("chat")).message).toEqual(heard[0]);
  });

  it("[CT6] sent again after a lost answer: the sender hears the first one's number, nobody else anything", async () => {
    const { host, a, b } = await company();
    b.send(chat(0));
    const first = (await b.next("chat")).message;
    await a.next("chat");
    b.send(chat(0));
    expect((await b.next("chat")).message).toEqual(first);
    b.send(chat(1));
    expect((await a.next("chat")).message.envelope.seq).toBe(1);
    expect(await rowsOf(host.room, "chat")).toHaveLength(2);
  });

  it("[CT2] the last messages are kept, as ciphertext, for whoever comes later and after a restart", async () => {
    const { host, b, guest } = await company();
    for (let seq = 0; seq < CHAT_KEPT + 5; seq += 1) {
      vi.setSystemTime(Date.now() + 1000);
      b.send(chat(seq));
      await b.next("chat");
    }
    expect(await rowsOf(host.room, "chat")).toHaveLength(CHAT_KEPT);
    await evictDurableObject(stubOf(host.room));
    const { socket } = await connect(guest);
    const heard: number[] = [];
    while (heard.length < CHAT_KEPT) {
      const { messages } = await socket.next("chat-history");
      expect(messages.length).toBeLessThanOrEqual(20);
      heard.push(...messages.map(({ number }) => number));
    }
    expect(heard).toEqual(Array.from({ length: CHAT_KEPT }, (_, at) => at + 6));
    vi.setSystemTime(Date.now() + 1000);
    socket.send(chat(CHAT_KEPT + 5));
    expect((await socket.next("chat")).message.number).toBe(CHAT_KEPT + 6);
  });

  it("[CT2] history comes in packs that a socket may carry", async () => {
    const { b, guest } = await company();
    const long = "x".repeat(12_000);
    for (let seq = 0; seq < 12; seq += 1) {
      vi.setSystemTime(Date.now() + 1000);
      b.send(chat(seq, long));
      await b.next("chat");
    }
    const { socket } = await connect(guest);
    await socket.settled();
    const packs = socket.heard("chat-history");
    expect(packs.flatMap(({ messages }) => messages.map(({ number }) => number))).toEqual(
      Array.from({ length: 12 }, (_, at) => at + 1),
    );
    for (const pack of packs) expect(JSON.stringify(pack).length).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
  });

  it("[CT3] ten at once and three a second; more is refused, and not kept", async () => {
    const { host, b } = await company();
    for (let seq = 0; seq < 15; seq += 1) b.send(chat(seq));
    await b.settled();
    expect(b.heard("refused").map(({ what, reason }) => `${what} ${reason}`)).toEqual(Array(5).fill("chat too-fast"));
    expect(await rowsOf(host.room, "chat")).toHaveLength(10);
  });

  it("[CT4] anything that is no envelope is refused, and nothing is kept or told", async () => {
    const { host, a, b } = await company();
    const { envelope } = chat(0);
    const bad = [
      { ...envelope, v: 2 },
      { ...envelope, session: "short" },
      { ...envelope, seq: -1 },
      { ...envelope, seq: 0.5 },
      { ...envelope, data: "" },
      { ...envelope, data: "<b>" },
      { ...envelope, data: "x".repeat(12_001) },
      { ...envelope, text: "plain" },
      { ...envelope, from: "somebody else" },
      "text",
      null,
    ];
    for (const one of bad) {
      vi.setSystemTime(Date.now() + 1000);
      b.send({ type: "chat", envelope: one });
      expect((await b.next("refused")).reason, JSON.stringify(one)?.slice(0, 60)).toBe("bad-message");
    }
    await a.settled();
    expect([await rowsOf(host.room, "chat"), a.heard("chat")]).toEqual([[], []]);
  });

  it("[CT5] goes with the room", async () => {
    const { host, b } = await company();
    b.send(chat(0));
    await b.next("chat");
    await call(`/api/rooms/${host.room}`, { method: "DELETE", token: host.token });
    expect(await rowsOf(host.room, "chat")).toEqual([]);
  });
});

async function rolling(host: RoomSocket) {
  const take = newTake();
  host.send({ type: "start-take", take });
  const { zeroRoomUs } = (await host.next("take")).take;
  vi.setSystemTime(zeroRoomUs / 1000 + 60_000);
  return { take, zeroRoomUs };
}

const marker = (take: string, atRoomUs: number, text = "", id = randomId()) => ({
  type: "add-marker",
  marker: id,
  take,
  atRoomUs,
  text,
});

describe("markers", () => {
  it("[MK1] a guest's is told to everybody, a host's to hosts and co-hosts only", async () => {
    const { host, a, b, c, d, guest, cohost } = await company();
    const { take, zeroRoomUs } = await rolling(a);
    b.send(marker(take, zeroRoomUs + 5_000_000, "Laugh"));
    for (const socket of [a, b, c, d]) {
      expect((await socket.next("marker")).marker).toMatchObject({
        take,
        by: guest.participant,
        atUs: 5_000_000,
        text: "Laugh",
      });
    }
    c.send(marker(take, zeroRoomUs + 6_000_000, "He lies"));
    for (const socket of [a, c]) expect((await socket.next("marker")).marker.by).toBe(cohost.participant);
    await Promise.all([b.settled(), d.settled()]);
    expect([...b.heard("marker"), ...d.heard("marker")]).toEqual([]);
    expect((await connect(guest)).welcome.room.markers.map(({ text }) => text)).toEqual(["Laugh"]);
    expect((await connect(host)).welcome.room.markers.map(({ text }) => text)).toEqual(["Laugh", "He lies"]);
  });

  it("[MK1] a note stays private when its author is a guest again, who still sees it", async () => {
    const { a, c, cohost, guest } = await company();
    const { take, zeroRoomUs } = await rolling(a);
    c.send(marker(take, zeroRoomUs, "Note"));
    await c.next("marker");
    a.send({ type: "set-role", participant: cohost.participant, role: "guest" });
    await c.next("role", ({ role }) => role === "guest");
    expect((await connect(cohost)).welcome.room.markers).toHaveLength(1);
    expect((await connect(guest)).welcome.room.markers).toEqual([]);
  });

  it("[MK2] lies within the take, whatever its sender's clock says", async () => {
    const { a, b } = await company();
    const { take, zeroRoomUs } = await rolling(a);
    const nowUs = Date.now() * 1000 - zeroRoomUs;
    const asked = [-1e15, zeroRoomUs - 1, zeroRoomUs + 1.5, 1e18];
    const told: number[] = [];
    for (const atRoomUs of asked) {
      b.send(marker(take, atRoomUs));
      told.push((await b.next("marker")).marker.atUs);
    }
    expect(told).toEqual([0, 0, 1.5, nowUs]);
    a.send({ type: "stop-take", take });
    await a.next("take");
    vi.setSystemTime(Date.now() + 60_000);
    b.send(marker(take, 1e18));
    expect((await b.next("marker")).marker.atUs).toBe(nowUs);
  });

  it("[MK3] said again it is one; another's id is refused", async () => {
    const { host, a, b, d } = await company();
    const { take, zeroRoomUs } = await rolling(a);
    const one = marker(take, zeroRoomUs, "One");
    b.send(one);
    const first = await b.next("marker");
    await d.next("marker");
    b.send({ ...one, text: "Other", atRoomUs: zeroRoomUs + 9 });
    expect(await b.next("marker")).toEqual(first);
    d.send(one);
    expect((await d.next("refused")).what).toBe("add-marker");
    expect(await rowsOf(host.room, "markers")).toHaveLength(1);
    expect(d.heard("marker")).toEqual([]);
  });

  it("[MK4] unknown takes and takes recorded alone have none; a title's rules hold for the text", async () => {
    const { host, a, b } = await company();
    const { take, zeroRoomUs } = await rolling(a);
    const alone = newTake();
    const json = { startedMs: Date.now(), alone: true };
    await (await call(`/api/rooms/${host.room}/takes/${alone}`, { method: "PUT", token: host.token, json })).text();
    for (const one of [newTake(), alone]) {
      b.send(marker(one, zeroRoomUs));
      expect((await b.next("refused")).reason).toBe("no-such-take");
    }
    b.send(marker(take, zeroRoomUs, "x".repeat(121)));
    expect((await b.next("refused")).reason).toBe("bad-message");
    b.send(marker(take, zeroRoomUs, " <img src=x>\u202E\u2066 "));
    expect((await b.next("marker")).marker.text).toBe("<img src=x>");
  });

  it("[MK5] a guest sets at most a hundred in a take, the host still can", async () => {
    const { a, b } = await company();
    const { take, zeroRoomUs } = await rolling(a);
    for (let at = 0; at < 100; at += 1) {
      vi.setSystemTime(Date.now() + 1000);
      b.send(marker(take, zeroRoomUs + at));
      await b.next("marker");
    }
    vi.setSystemTime(Date.now() + 1000);
    b.send(marker(take, zeroRoomUs));
    expect((await b.next("refused")).reason).toBe("too-many");
    a.send(marker(take, zeroRoomUs, "Host's"));
    await a.next("marker", ({ marker: { text } }) => text === "Host's");
  });

  it("[MK6] all of them go to the render service by time, new ones are delivered anew, and go with the take", async () => {
    const render = new FakeRender();
    const { host, a, b, c, d } = await company();
    const { take, zeroRoomUs } = await rolling(a);
    b.send(marker(take, zeroRoomUs + 9, "Second"));
    a.send(marker(take, zeroRoomUs + 3, "First"));
    await a.next("marker", ({ marker: { text } }) => text === "First");
    await b.next("marker");
    await finishTake(host, a, [b, c, d], take);
    const job = await render.nextJob();
    expect(job.markers.map(({ text, atUs }) => [text, atUs])).toEqual([
      ["First", 3],
      ["Second", 9],
    ]);
    b.send(marker(take, zeroRoomUs + 5, "Late"));
    await b.next("marker");
    const done = await call(`${new URL(job.api).pathname}/finished`, { token: job.token, json: { files: [] } });
    expect(done.status).toBe(204);
    expect((await render.nextJob()).markers).toHaveLength(3);
    await call(`/api/rooms/${host.room}/takes/${take}`, { method: "DELETE", token: host.token });
    expect(await rowsOf(host.room, "markers")).toEqual([]);
  });

  it("[MK6] they survive the object's sleep", async () => {
    const { host, a, guest } = await company();
    const { take, zeroRoomUs } = await rolling(a);
    a.send(marker(take, zeroRoomUs, "Note"));
    await a.next("marker");
    await evictDurableObject(stubOf(host.room));
    expect((await connect(host)).welcome.room.markers).toMatchObject([{ text: "Note" }]);
    expect((await connect(guest)).welcome.room.markers).toEqual([]);
  });
});

/** The host records one epoch; the others say that they do not. */
async function finishTake(
  host: HostSeat,
  a: RoomSocket,
  others: readonly RoomSocket[],
  take: ReturnType<typeof newTake>,
) {
  for (const socket of others) {
    socket.send({ type: "not-recording", take, why: "no-devices" });
    await socket.settled();
  }
  const track = await uploadTrack(host, take, 1);
  await (await sealTrack(host, take, track, 1)).text();
  a.send({ type: "stop-take", take });
  await a.next("take", (message) => message.take.state === "stopped");
  expect((await takesOf(host))[0]?.complete).toBe(true);
}
