import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MAX_SESSIONS } from "../../worker-backend/room/step-talk.ts";
import { admittedGuest, hostedRoom, newTake, stubOf } from "./rig/api.ts";
import { cameraOf, callOf, FakeRealtime, newSession, publish } from "./rig/realtime.ts";
import { connect, type RoomSocket, status } from "./rig/socket.ts";

beforeEach(() => {
  new FakeRealtime();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function pair() {
  const host = await hostedRoom();
  const { socket: a } = await connect(host);
  const guest = await admittedGuest(host, "Bob");
  const { socket: b } = await connect(guest);
  await a.next("participant");
  return { host, a, guest, b };
}

/** What is told of a participant, once `holds` holds. */
const viewOf = async (socket: RoomSocket, holds: (view: { call: unknown; handMs: unknown }) => boolean) =>
  (await socket.next("participant", ({ participant }) => holds(participant))).participant;

describe("the call in the room", () => {
  it("[RM40] what somebody publishes is told to the others, and to whoever comes later", async () => {
    const { host, a, guest, b } = await pair();
    const track = await publish(guest, b);
    const view = await viewOf(a, ({ call }) => call !== null);
    expect(view).toMatchObject({ participant: guest.participant, call: { tracks: [track], muted: false } });
    const { welcome } = await connect(await admittedGuest(host, "Late"));
    const bob = welcome.room.participants.find(({ name }) => name === "Bob");
    expect(bob?.call?.tracks).toEqual([track]);
    await b.settled();
    expect(b.heard("participant").filter(({ participant }) => participant.name === "Bob")).toEqual([]);
  });

  it("[RM41] a session that was not made for them is refused, and nothing is told", async () => {
    const { a, guest, b } = await pair();
    const foreign = await publish(guest, b);
    await viewOf(a, ({ call }) => call !== null);
    for (const session of [foreign.session, "f".repeat(32)]) {
      a.send(callOf([cameraOf(session)]));
      expect(await a.next("refused")).toMatchObject({ what: "call", reason: "not-there" });
    }
    for (const session of ["x/../../apps", "", "é".repeat(20)]) {
      a.send({ type: "call", call: { tracks: [{ ...foreign, session }], muted: false, cameraOff: false } });
      expect(await a.next("refused")).toMatchObject({ reason: "bad-message" });
    }
    await b.settled();
    expect(b.heard("participant").filter(({ participant }) => participant.call)).toEqual([]);
  });

  it("[RM42] it ends with the socket, and comes again with the next one", async () => {
    const { a, guest, b } = await pair();
    const track = await publish(guest, b);
    await viewOf(a, ({ call }) => call !== null);
    b.close();
    expect((await viewOf(a, ({ call }) => call === null)).connected).toBe(false);
    const { socket } = await connect(guest);
    socket.send(callOf([track]));
    expect((await viewOf(a, ({ call }) => call !== null)).call?.tracks).toEqual([track]);
  });

  it("[RM42] leaving forgets the sessions, so that no later page can speak of them", async () => {
    const { a, guest, b } = await pair();
    const track = await publish(guest, b);
    b.send({ type: "leave" });
    await a.next("participant-left");
    const { socket } = await connect(guest);
    socket.send(callOf([track]));
    expect((await socket.next("refused")).reason).toBe("not-there");
  });

  it("[RM43] the newest sessions count", async () => {
    const { guest, b } = await pair();
    const first = await newSession(guest);
    const others: string[] = [];
    for (let at = 0; at < MAX_SESSIONS; at += 1) others.push(await newSession(guest));
    b.send(callOf([cameraOf(first)]));
    expect((await b.next("refused")).reason).toBe("not-there");
    b.send(callOf([cameraOf(others[0] ?? "")]));
    await b.settled();
    expect(b.heard("refused")).toEqual([]);
  });

  it("[RM44] call, hand and the longest status fit with the socket, and survive the object's sleep", async () => {
    const { host, a, guest, b } = await pair();
    const sessions = [await newSession(guest), await newSession(guest)];
    const sources = ["camera", "microphone", "screen", "screen-audio"] as const;
    const tracks = sources.map((source, at) => ({
      ...cameraOf(sessions[at % 2] ?? "", `${source}-`.padEnd(64, "x")),
      source,
    }));
    const problem = { reason: "gap", sinceMs: Date.now(), message: "字".repeat(300) };
    const newestGaps = Array.from({ length: 20 }, (_, at) => ({ atMs: at * 1000.5, lengthMs: 20.25 }));
    const numbers = { bytesLeft: 2 ** 50, bytesSealed: 2 ** 50, bytesUploaded: 2 ** 50, bytesPerSecond: 2 ** 40 };
    b.send(status({ recording: "recording", take: newTake(), sources, problem, newestGaps, ...numbers, gapUs: 1.5 }));
    b.send(callOf(tracks));
    b.send({ type: "hand", up: true });
    await viewOf(a, ({ handMs }) => handMs !== null);
    await evictDurableObject(stubOf(host.room));
    const { welcome } = await connect(await admittedGuest(host, "Late"));
    const bob = welcome.room.participants.find(({ name }) => name === "Bob");
    expect(bob).toMatchObject({
      connected: true,
      call: { tracks },
      handMs: expect.any(Number),
      status: { ...numbers, problem },
    });
  });

  it("[RM45] a status, a hand, a reaction and a call state write nothing to the store", async () => {
    const { host, a, guest, b } = await pair();
    const track = await publish(guest, b);
    const dump = () =>
      runInDurableObject(stubOf(host.room), (_, { storage }) => [
        storage.sql.exec("SELECT total_changes() AS n").toArray(),
        storage.sql.exec("SELECT * FROM participants ORDER BY id").toArray(),
      ]);
    const before = await dump();
    b.send(status({ epochsLeft: 7 }));
    b.send({ type: "hand", up: true });
    b.send({ type: "react", kind: "clap" });
    b.send(callOf([track]));
    await b.settled();
    await a.next("reaction");
    expect(await dump()).toEqual(before);
  });
});

describe("hands and reactions", () => {
  it("[RM50] a hand is told to everybody with the time since when it is up; said again nothing is", async () => {
    const { a, guest, b } = await pair();
    b.send({ type: "hand", up: true });
    const [seen, own] = await Promise.all([a, b].map((socket) => viewOf(socket, ({ handMs }) => handMs !== null)));
    expect(seen).toMatchObject({ participant: guest.participant, handMs: own?.handMs });
    b.send({ type: "hand", up: true });
    await b.settled();
    await a.settled();
    expect([...a.heard("participant"), ...b.heard("participant")]).toEqual([]);
    b.send({ type: "hand", up: false });
    await viewOf(a, ({ handMs }) => handMs === null);
  });

  it("[RM50] it stays up over a blip of the network, and not over a break", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const { a, guest, b } = await pair();
    b.send({ type: "hand", up: true });
    const { handMs } = await viewOf(a, (view) => view.handMs !== null);
    b.close();
    await viewOf(a, (view) => view.handMs === null);
    vi.setSystemTime(Date.now() + 30_000);
    const again = await connect(guest);
    expect((await viewOf(a, (view) => view.handMs !== null)).handMs).toBe(handMs);
    again.socket.close();
    await viewOf(a, (view) => view.handMs === null);
    vi.setSystemTime(Date.now() + 61_000);
    await connect(guest);
    const isBack = ({ participant }: { participant: { connected: boolean } }) => participant.connected;
    expect((await a.next("participant", isBack)).participant.handMs).toBeNull();
  });

  it("[RM51] a reaction reaches everybody, the sender too, at most five a second", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const { a, guest, b } = await pair();
    for (let at = 0; at < 8; at += 1) b.send({ type: "react", kind: "heart" });
    await b.settled();
    await a.settled();
    expect(a.heard("reaction")).toHaveLength(5);
    expect(b.heard("reaction")).toEqual(a.heard("reaction"));
    expect(a.heard("reaction")[0]).toMatchObject({ participant: guest.participant, kind: "heart" });
    expect(b.heard("refused").map(({ what, reason }) => `${what} ${reason}`)).toEqual(Array(3).fill("react too-fast"));
    b.send({ type: "react", kind: "<b>" });
    expect((await b.next("refused", ({ reason }) => reason !== "too-fast")).reason).toBe("bad-message");
  });
});
