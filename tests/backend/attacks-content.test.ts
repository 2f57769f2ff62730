import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EPOCH_MAX_BYTES } from "#protocol/epoch-format.ts";
import { randomId } from "../../worker-backend/auth/secrets.ts";
import {
  admittedGuest,
  call,
  digestHeader,
  hostedRoom,
  keysOf,
  newInvite,
  newTake,
  newTrack,
  putEpoch,
  someBytes,
  statusAndReason,
  takesOf,
  uploadTrack,
} from "./rig/api.ts";
import { guardedCalls, target } from "./rig/attacks.ts";
import { FakeRender } from "./rig/render.ts";
import { connect, openSocket, status } from "./rig/socket.ts";
import { callWith } from "./rig/with-env.ts";

beforeEach(() => {
  // Nothing that is meant for the render service goes anywhere else.
  new FakeRender();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("floods", () => {
  it("[HA6] 1,000 rooms from one address: most are 429; another address is not touched", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const make = (address: string) =>
      callWith({ RATE_LIMIT_ROOMS: "" }, "/api/rooms", {
        method: "POST",
        body: "{}",
        headers: { "CF-Connecting-IP": address },
      });
    const statuses: number[] = [];
    for (let at = 0; at < 1000; at += 1) {
      const response = await make("198.51.100.7");
      statuses.push(response.status);
      await response.body?.cancel();
    }
    expect(statuses.filter((status) => status === 201).length).toBeLessThanOrEqual(130);
    expect(statuses.at(-1)).toBe(429);
    expect((await make("198.51.100.8")).status).toBe(201);
  });

  it("[HA24] an epoch of 17 MB is 413, whatever it says of its length, and nothing is stored", async () => {
    const { host, take, track } = await target();
    const bytes = new Uint8Array(17 * 1024 * 1024);
    expect(bytes.byteLength).toBeGreaterThan(EPOCH_MAX_BYTES);
    expect(await statusAndReason(await putEpoch(host, { take, track, seq: 0, bytes }))).toEqual([413, "too-large"]);
    const lie = await putEpoch(host, { take, track, seq: 0, bytes, headers: { "Content-Length": "1000" } });
    expect([413, 422]).toContain(lie.status);
    await lie.body?.cancel();
    expect(await keysOf(host.room)).toEqual([]);
  });

  it("[RM20] a message of 33 MB ends its socket, and nobody else's", async () => {
    const host = await hostedRoom();
    const { socket: calm } = await connect(host);
    const { socket } = await connect(await admittedGuest(host, "Bob"));
    socket.send("x".repeat(33 * 1024 * 1024));
    expect([1006, 1009]).toContain((await socket.closed).code);
    await calm.settled();
  });

  it("[RM21] JSON that is 10,000 deep is refused, on the socket and over HTTP", async () => {
    const host = await hostedRoom();
    const { socket } = await connect(host);
    const deep = '{"type":"chat","envelope":'.padEnd(26) + "[".repeat(10_000) + "]".repeat(10_000) + "}";
    socket.send(deep);
    expect((await socket.next("refused")).reason).toBe("bad-message");
    const http = await call(`/api/rooms/${host.room}/participants`, { body: deep });
    expect(await statusAndReason(http)).toEqual([400, "bad-json"]);
  });

  it("[HA6] a sender that never ends its body holds up nobody else", async () => {
    const { host, take, track } = await target();
    const slow = new TransformStream<Uint8Array, Uint8Array>();
    const writer = slow.writable.getWriter();
    const headers = { "Content-Length": "1000", "Content-Digest": await digestHeader(someBytes(1)) };
    const path = `/api/rooms/${host.room}/takes/${take}/tracks/${track}/epochs/0`;
    const hanging = call(path, { method: "PUT", token: host.token, headers, body: slow.readable });
    await writer.write(someBytes(1).slice(0, 1));
    const { socket } = await connect(host);
    for (let at = 0; at < 20; at += 1) await socket.settled();
    expect((await putEpoch(host, { take, track, seq: 1, bytes: someBytes(1) })).status).toBe(201);
    await writer.write(someBytes(1).slice(1));
    await writer.close();
    expect((await hanging).status).toBe(201);
  });
});

describe("what is told to those outside", () => {
  it("[HA4] without a good token a known and an unknown room answer alike, byte for byte", async () => {
    const { host, take, track } = await target();
    const other = await hostedRoom();
    const unknown = randomId();
    const known = guardedCalls(host.room, take, track);
    for (const [at, { path, ...request }] of guardedCalls(unknown, take, track).entries()) {
      for (const token of [other.token, "x.y"]) {
        const asked = [call(known[at]?.path ?? "", { ...request, token }), call(path, { ...request, token })];
        const [a, b] = await Promise.all(asked.map(async (one) => `${(await one).status} ${await (await one).text()}`));
        expect(a, path).toBe(b);
      }
    }
  });

  it("[HA4] nor does the time tell them apart", async () => {
    const { room } = await hostedRoom();
    const time = async (id: string) => {
      const before = performance.now();
      await (await call(`/api/rooms/${id}/takes`, { token: "x.y" })).text();
      return performance.now() - before;
    };
    const known: number[] = [];
    const unknown: number[] = [];
    for (let at = 0; at < 50; at += 1) {
      known.push(await time(room));
      unknown.push(await time(randomId()));
    }
    expect(Math.min(...known)).toBeLessThanOrEqual(Math.max(...unknown));
    expect(Math.min(...unknown)).toBeLessThanOrEqual(Math.max(...known));
  });

  it("[HA80] no token, secret or room stands in any log", async () => {
    const spies = (["log", "info", "warn", "error", "debug"] as const).map((name) => vi.spyOn(console, name));
    const { host, take, track } = await target();
    const invite = await newInvite(host);
    const guest = await admittedGuest(host, "Bob");
    for (const token of [host.token, `${host.token}x`, "x.y"]) {
      for (const { path, ...request } of guardedCalls(host.room, newTake(), newTrack())) {
        if (request.method === "DELETE") continue;
        await (await call(`${path}?token=${token}`, { ...request, token })).text();
      }
    }
    const { socket } = await connect(guest);
    socket.send(status());
    const stranger = await openSocket(host.room);
    stranger.send({ type: "hello", protocol: 2, token: `${guest.token}x` });
    await stranger.closed;
    const failing = { BUCKET: undefined } as unknown as Parameters<typeof callWith>[0];
    const digest = await digestHeader(someBytes(1, 1));
    const headers = { Authorization: `Bearer ${host.token}`, "Content-Length": "1", "Content-Digest": digest };
    const path = `/api/rooms/${host.room}/takes/${take}/tracks/${track}/epochs/0`;
    const failed = await callWith(failing, path, { method: "PUT", headers, body: someBytes(1, 1) });
    expect(failed.status).toBeGreaterThanOrEqual(500);
    await failed.text();
    const logged = JSON.stringify(spies.flatMap((spy) => spy.mock.calls.map((args) => args.map(String))));
    for (const secret of [host.token, host.hostSecret, host.refreshSecret, guest.token, invite, host.room]) {
      expect(logged).not.toContain(secret);
    }
    for (const spy of spies) spy.mockRestore();
  });
});

describe("consent and deletion", () => {
  it("[HA9] without consent there is no seat, without a seat no byte is stored", async () => {
    const { host, take, track } = await target();
    for (const consent of [false, null, "yes", undefined]) {
      const join = await call(`/api/rooms/${host.room}/participants`, { json: { name: "Eve", consent } });
      expect(await statusAndReason(join)).toEqual([400, "bad-json"]);
    }
    const put = await putEpoch({ room: host.room, token: "" }, { take, track, seq: 0, bytes: someBytes(1) });
    expect(put.status).toBe(401);
    await put.body?.cancel();
    expect(await keysOf(host.room)).toEqual([]);
  });

  it("[HA71] consent withdrawn in mid-take: the take is deleted, nothing of it is left or comes back", async () => {
    const host = await hostedRoom();
    const { socket } = await connect(host);
    const guest = await admittedGuest(host, "Bob");
    const { socket: b } = await connect(guest);
    const take = newTake();
    socket.send({ type: "start-take", take });
    await b.next("take");
    const track = await uploadTrack(guest, take, 2);
    expect(await keysOf(host.room)).toHaveLength(2);
    const deleted = await call(`/api/rooms/${host.room}/takes/${take}`, { method: "DELETE", token: host.token });
    expect(deleted.status).toBe(204);
    expect((await b.next("take")).take.state).toBe("stopped");
    expect([await keysOf(host.room), await takesOf(host)]).toEqual([[], []]);
    const late = await putEpoch(guest, { take, track, seq: 2, bytes: someBytes(2) });
    expect(await statusAndReason(late)).toEqual([410, "take-deleted"]);
    expect(await keysOf(host.room)).toEqual([]);
  });
});
