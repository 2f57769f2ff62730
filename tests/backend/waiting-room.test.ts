import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CLOSE } from "#protocol/room-messages.ts";
import { KNOCK_GONE_MS, MAX_WAITING } from "../../worker-backend/room/step-waiting.ts";
import {
  admittedGuest,
  call,
  hostedRoom,
  joinRoom,
  makeRoom,
  newTake,
  type Seat,
  statusAndReason,
  storedSeat,
  stubOf,
  takesOf,
  waitingSeat,
} from "./rig/api.ts";
import { connect, knock, openSocket, type RoomSocket } from "./rig/socket.ts";

afterEach(() => vi.useRealTimers());

/** A host in a room, and somebody who knocks. */
async function knocked() {
  const host = await hostedRoom("The show");
  const { socket: watching } = await connect(host);
  const guest = await waitingSeat(host.room, "Bob");
  const { socket, waiting } = await knock(guest);
  const { knocker } = await watching.next("knock");
  return { host, watching, guest, socket, waiting, knocker };
}

const renew = (seat: { room: string; participant: string; refreshSecret: string }, name?: string) =>
  call(`/api/rooms/${seat.room}/participants/${seat.participant}/token`, {
    json: { refreshSecret: seat.refreshSecret, ...(name === undefined ? {} : { name }) },
  });

describe("knocking", () => {
  it("[WR1] who joins with nothing waits; the host does not", async () => {
    const host = await hostedRoom();
    expect((await waitingSeat(host.room, "Bob")).admission).toBe("waiting");
    const json = { name: "Alice", consent: true, hostSecret: host.hostSecret };
    const again = await call(`/api/rooms/${host.room}/participants`, { json });
    expect(await again.json()).toMatchObject({ role: "host", admission: "admitted" });
  });

  it("[WR2] hello knocks: the host is told who, the knocker who can let them in", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const { guest, waiting, knocker } = await knocked();
    expect(waiting).toMatchObject({ participant: guest.participant, title: "The show", hostName: "Alice" });
    expect(knocker).toMatchObject({ participant: guest.participant, name: "Bob", sinceMs: Date.now() });
  });

  it("[WR2] without a host the knocker waits, and hears when one comes and goes", async () => {
    const { room, hostSecret } = await makeRoom("The show");
    const { socket, waiting } = await knock(await waitingSeat(room, "Bob"));
    expect(waiting.hostName).toBeNull();
    const { socket: host, welcome } = await connect(await joinRoom(room, "Alice", { hostSecret }));
    expect(welcome.room.knocking).toMatchObject([{ name: "Bob" }]);
    expect((await socket.next("waiting")).hostName).toBe("Alice");
    host.close();
    expect((await socket.next("waiting")).hostName).toBeNull();
  });

  it("[WR3] guests are told of no knock, neither in welcome nor later", async () => {
    const host = await hostedRoom();
    await connect(host);
    const { socket: early } = await connect(await admittedGuest(host, "Early"));
    const bob = await waitingSeat(host.room, "Bob");
    await knock(bob);
    const { welcome } = await connect(await admittedGuest(host, "Late"));
    expect(welcome.room.knocking).toEqual([]);
    expect(welcome.room.participants.map(({ name }) => name).sort()).toEqual(["Alice", "Early", "Late"]);
    await early.settled();
    expect(early.heard("knock")).toEqual([]);
    expect(early.heard("participant").map(({ participant }) => participant.name)).not.toContain("Bob");
  });

  it("[WR4] a knock whose socket is gone ends after 10 s, and comes again with the next hello", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const { host, watching, guest, socket } = await knocked();
    await outOfReach(guest, socket);
    expect((await connect(await coHost(host, watching))).welcome.room.knocking).toHaveLength(1);
    expect(watching.heard("knock-ended")).toEqual([]);
    vi.setSystemTime(Date.now() + KNOCK_GONE_MS + 1);
    await runDurableObjectAlarm(stubOf(host.room));
    expect((await watching.next("knock-ended")).participant).toBe(guest.participant);
    await knock(guest);
    expect((await watching.next("knock")).knocker.name).toBe("Bob");
  });

  it("[WR4] a blip is not told, and the place in the queue stays", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const { watching, guest, socket, knocker } = await knocked();
    await outOfReach(guest, socket);
    vi.setSystemTime(Date.now() + KNOCK_GONE_MS / 2);
    const again = await knock(guest);
    await again.socket.settled();
    await watching.settled();
    expect(watching.heard("knock-ended")).toEqual([]);
    expect(watching.heard("knock")).toEqual([]);
    expect(knocker.sinceMs).toBeLessThan(Date.now());
  });

  it("[WR4] the knock survives the object's sleep, and ends for whoever is gone by then", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const { host, watching, guest, socket } = await knocked();
    await evictDurableObject(stubOf(host.room));
    watching.send({ type: "admit", participant: guest.participant });
    await socket.next("welcome");
    await watching.next("knock-ended");
  });

  it("[WR5] renewing the own token works while waiting; a new name reaches the host", async () => {
    const { watching, guest } = await knocked();
    const renewed = await renew(guest, "Robert");
    expect(renewed.status).toBe(200);
    await renewed.text();
    expect((await watching.next("knock")).knocker).toMatchObject({ participant: guest.participant, name: "Robert" });
  });

  it("[WR6] there are at most so many, those who are gone make place, and they do not fill the room", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const host = await hostedRoom();
    const first = await waitingSeat(host.room, "First");
    const { socket } = await knock(first);
    await Promise.all(Array.from({ length: MAX_WAITING - 1 }, (_, at) => waitingSeat(host.room, `W${at}`)));
    const json = { name: "One more", consent: true };
    const more = () => call(`/api/rooms/${host.room}/participants`, { json });
    expect(await statusAndReason(await more())).toEqual([409, "room-full"]);
    expect(await (await call(`/api/rooms/${host.room}`)).json()).toMatchObject({ full: false });
    await connect(await admittedGuest(host, "Invited"));
    vi.setSystemTime(Date.now() + 61_000);
    expect((await more()).status).toBe(201);
    await socket.settled();
    expect((await renew(first)).status).toBe(200);
  });
});

/** Their socket closes, and the room knows. */
async function outOfReach(seat: Seat, socket: RoomSocket): Promise<void> {
  socket.close();
  const gone = { knock: { goneMs: expect.any(Number) } };
  const isGone = async () => expect(await storedSeat(seat.room, seat.participant)).toMatchObject(gone);
  await vi.waitFor(isGone, { timeout: 20_000 });
}

/** A co-host of the room, who is not connected. */
async function coHost(host: Seat, watching: RoomSocket) {
  const seat = await admittedGuest(host, "Cora");
  watching.send({ type: "set-role", participant: seat.participant, role: "cohost" });
  await watching.next("participant", ({ participant }) => participant.role === "cohost");
  return seat;
}

describe("admitting and denying", () => {
  it("[WR10] admit: welcome comes on the same socket, others hear of them, the knock ends", async () => {
    const { host, watching, guest, socket } = await knocked();
    const { socket: other } = await connect(await admittedGuest(host, "Early"));
    watching.send({ type: "admit", participant: guest.participant });
    const welcome = await socket.next("welcome");
    expect(welcome).toMatchObject({ participant: guest.participant, role: "guest" });
    expect(welcome.room.participants.map(({ name }) => name).sort()).toEqual(["Alice", "Bob", "Early"]);
    expect((await watching.next("knock-ended")).participant).toBe(guest.participant);
    const isBob = ({ participant }: { participant: { name: string } }) => participant.name === "Bob";
    expect((await other.next("participant", isBob)).participant.connected).toBe(true);
    expect(await takesOf(guest)).toEqual([]);
  });

  it("[WR10] whoever is let in while a take rolls is awaited; nobody waits for those who wait", async () => {
    const { host, watching, guest, socket } = await knocked();
    const take = newTake();
    watching.send({ type: "start-take", take });
    await watching.next("take");
    const waitedFor = async () => (await takesOf(host))[0]?.participants.map(({ name }) => name);
    expect(await waitedFor()).toEqual(["Alice"]);
    watching.send({ type: "admit", participant: guest.participant });
    expect((await socket.next("welcome")).room.take).toMatchObject({ take, state: "rolling" });
    expect(await waitedFor()).toEqual(["Alice", "Bob"]);
  });

  it("[WR11] whoever was let in once stays so: after a blip, a reload, a restart of the server", async () => {
    const { host, watching, guest, socket } = await knocked();
    watching.send({ type: "admit", participant: guest.participant });
    await socket.next("welcome");
    socket.close();
    await watching.next("participant", ({ participant }) => !participant.connected);
    await connect(guest);
    await evictDurableObject(stubOf(host.room));
    await connect(guest);
    const { token } = await (await renew(guest)).json<{ token: string }>();
    await connect({ ...guest, token });
    await watching.settled();
    expect(watching.heard("knock")).toEqual([]);
  });

  it("[WR11] let in while out of reach: the next hello is welcomed", async () => {
    const { watching, guest, socket } = await knocked();
    await outOfReach(guest, socket);
    watching.send({ type: "admit", participant: guest.participant });
    await watching.next("knock-ended");
    await connect(guest);
  });

  it("[WR12] deny closes the socket, and the seat is gone", async () => {
    const { watching, guest, socket } = await knocked();
    watching.send({ type: "deny", participant: guest.participant });
    expect((await socket.closed).code).toBe(CLOSE.denied);
    expect((await watching.next("knock-ended")).participant).toBe(guest.participant);
    const headers = await call(`/api/rooms/${guest.room}/takes`, { token: guest.token });
    expect(await statusAndReason(headers)).toEqual([401, "token-refused"]);
    expect(await statusAndReason(await renew(guest))).toEqual([401, "refresh-refused"]);
    const late = await openSocket(guest.room);
    late.send({ type: "hello", protocol: 2, token: guest.token });
    expect((await late.closed).code).toBe(CLOSE.badToken);
    watching.send({ type: "admit", participant: guest.participant });
    expect(await watching.next("refused")).toMatchObject({ what: "admit", reason: "not-there" });
  });

  it("[WR12] who leaves the waiting room is gone at once", async () => {
    const { watching, guest, socket } = await knocked();
    socket.send({ type: "leave" });
    expect((await socket.closed).code).toBe(1000);
    expect((await watching.next("knock-ended")).participant).toBe(guest.participant);
    expect(await statusAndReason(await renew(guest))).toEqual([401, "refresh-refused"]);
  });

  it("[WR13] a co-host may, a guest may not; nobody who is in is denied", async () => {
    const { host, watching, guest, socket } = await knocked();
    const cora = await coHost(host, watching);
    const { socket: helping } = await connect(cora);
    const { socket: early } = await connect(await admittedGuest(host, "Early"));
    for (const type of ["admit", "deny"]) {
      early.send({ type, participant: guest.participant });
      expect(await early.next("refused")).toMatchObject({ what: type, reason: "not-host" });
    }
    helping.send({ type: "admit", participant: guest.participant });
    await socket.next("welcome");
    helping.send({ type: "deny", participant: guest.participant });
    expect(await helping.next("refused")).toMatchObject({ what: "deny", reason: "not-there" });
    expect(watching.heard("refused")).toEqual([]);
    await socket.settled();
  });

  it("[WR14] when the room is full nobody more is let in", async () => {
    const { host, watching, guest, socket } = await knocked();
    await Promise.all(Array.from({ length: 19 }, (_, at) => admittedGuest(host, `G${at}`)));
    watching.send({ type: "admit", participant: guest.participant });
    expect(await watching.next("refused")).toMatchObject({ what: "admit", reason: "too-many" });
    await socket.settled();
    expect(socket.heard("welcome")).toEqual([]);
  });
});
