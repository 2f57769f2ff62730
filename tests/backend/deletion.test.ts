import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import * as v from "valibot";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CLOSE } from "#protocol/room-messages.ts";
import {
  call,
  declareTake,
  declareTrack,
  digestHeader,
  type HostSeat,
  hashOf,
  hostedRoom,
  keysOf,
  newTrack,
  putEpoch,
  sealTrack,
  someBytes,
  statusAndReason,
  storedSeat,
  stubOf,
  takesOf,
  uploadTrack,
} from "./rig/api.ts";
import { FakeRender, finish, report } from "./rig/render.ts";
import { connect } from "./rig/socket.ts";
import { callWith, faultyBucket } from "./rig/with-env.ts";

const DAY_MS = 86_400_000;
let render: FakeRender;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
  render = new FakeRender();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A take with epochs and exports. */
async function deliveredTake(host: HostSeat) {
  const take = await declareTake(host);
  const track = await uploadTrack(host, take, 3);
  await (await sealTrack(host, take, track, 3)).text();
  const job = await render.nextJob();
  await (await finish(job, { "Alice.mkv": someBytes(9) })).text();
  return { take, track, job };
}

/** Rows of the room that name the take. */
const rowsOf = (room: string, take: string) =>
  runInDurableObject(stubOf(room), (_, { storage }) =>
    ["takes", "tracks", "epochs"].flatMap((table) =>
      storage.sql
        .exec(`SELECT * FROM ${table}`)
        .toArray()
        .filter((row) => JSON.stringify(row).includes(take)),
    ),
  );

/** The alarm rings at a later time; a token from before has expired, the room has not. */
async function ringAfter(host: HostSeat, ms: number): Promise<void> {
  vi.setSystemTime(Date.now() + ms);
  await runDurableObjectAlarm(stubOf(host.room));
}

async function renewed(host: HostSeat): Promise<HostSeat> {
  const json = { refreshSecret: host.refreshSecret };
  const response = await call(`/api/rooms/${host.room}/participants/${host.participant}/token`, { json });
  return { ...host, token: (await response.json<{ token: string }>()).token };
}

describe("retention", () => {
  it("[HA70] a take goes after 7 days, with every object and row", async () => {
    const host = await hostedRoom();
    const { take } = await deliveredTake(host);
    expect(await keysOf(host.room)).toHaveLength(4);
    expect((await takesOf(host))[0]?.expiresMs).toBe(Date.now() + 7 * DAY_MS);
    await ringAfter(host, 7 * DAY_MS - 1000);
    expect(await keysOf(host.room)).toHaveLength(4);
    await ringAfter(host, 1001);
    expect(await keysOf(host.room)).toEqual([]);
    expect(await rowsOf(host.room, take)).toEqual([]);
    expect(await takesOf(await renewed(host))).toEqual([]);
  });

  it("[HA70] counts from the last delivery, and other takes stay", async () => {
    const host = await hostedRoom();
    const old = await declareTake(host);
    await uploadTrack(host, old, 1);
    const kept = await declareTake(host);
    const track = await declareTrack(host, kept);
    vi.setSystemTime(Date.now() + 5 * DAY_MS);
    const later = await renewed(host);
    await (await putEpoch(later, { take: kept, track, seq: 0, bytes: someBytes(0) })).text();
    await ringAfter(host, 2 * DAY_MS + 1);
    const left = await keysOf(host.room);
    expect(left).toEqual([`rooms/${host.room}/takes/${kept}/tracks/${track}/epochs/000000.mp4`]);
    expect((await takesOf(await renewed(host))).map((one) => one.take)).toEqual([kept]);
  });

  it("[HA70] more objects than one page of a listing go too", async () => {
    const host = await hostedRoom();
    const take = await declareTake(host);
    const prefix = `rooms/${host.room}/takes/${take}/tracks/${newTrack()}/epochs/`;
    for (let at = 0; at < 1100; at += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, one) => env.BUCKET.put(`${prefix}${at + one}.mp4`, "x")));
    }
    expect((await call(`/api/rooms/${host.room}/takes/${take}`, { method: "DELETE", token: host.token })).status).toBe(
      204,
    );
    expect(await keysOf(host.room)).toEqual([]);
  });
});

describe("deleting a take", () => {
  it("[HA71] removes everything, and nothing brings it back", async () => {
    const host = await hostedRoom();
    const { take, track } = await deliveredTake(host);
    const path = `/api/rooms/${host.room}/takes/${take}`;
    expect((await call(path, { method: "DELETE", token: host.token })).status).toBe(204);
    expect(await keysOf(host.room)).toEqual([]);
    expect(await rowsOf(host.room, take)).toEqual([]);
    const json = { source: "camera", label: "A device" };
    const late = await Promise.all([
      putEpoch(host, { take, track, seq: 5, bytes: someBytes(5) }),
      call(path, { method: "PUT", token: host.token, json: { startedMs: 1, alone: true } }),
      call(`${path}/tracks/${newTrack()}`, { method: "PUT", token: host.token, json }),
      call(`${path}/tracks/${track}/epochs`, { token: host.token }),
      sealTrack(host, take, track, 3),
      call(`${path}/demux`, { token: host.token, json: { deliver: "what-is-there" } }),
      call(`${path}/exports/Alice.mkv`, { token: host.token }),
      call(path, { method: "DELETE", token: host.token }),
    ]);
    for (const response of late) expect(await statusAndReason(response)).toEqual([410, "take-deleted"]);
    expect(await keysOf(host.room)).toEqual([]);
  });

  it("[HA72] an upload that is on its way does not bring it back", async () => {
    const host = await hostedRoom();
    const take = await declareTake(host);
    const track = await declareTrack(host, take);
    const bytes = someBytes(1);
    // The take is deleted between the store and the ledger.
    const BUCKET = new Proxy(env.BUCKET, {
      get(bucket, name) {
        const member: unknown = Reflect.get(bucket, name, bucket);
        if (name !== "put") return typeof member === "function" ? member.bind(bucket) : member;
        return async (...args: Parameters<R2Bucket["put"]>) => {
          const stored = await bucket.put(...args);
          const deleted = await call(`/api/rooms/${host.room}/takes/${take}`, { method: "DELETE", token: host.token });
          expect(deleted.status).toBe(204);
          // And the put reaches the bucket only after the listing.
          await bucket.put(String(args[0]), bytes);
          return stored;
        };
      },
    });
    const response = await callWith({ BUCKET }, `/api/rooms/${host.room}/takes/${take}/tracks/${track}/epochs/0`, {
      method: "PUT",
      body: bytes,
      headers: {
        Authorization: `Bearer ${host.token}`,
        "Content-Length": "1000",
        "Content-Digest": await digestHeader(bytes),
      },
    });
    expect(await statusAndReason(response)).toEqual([410, "take-deleted"]);
    expect(await keysOf(host.room)).toEqual([]);
  });

  it("[HA72] an object that appears after the deletion goes with a second look", async () => {
    const host = await hostedRoom();
    const { take } = await deliveredTake(host);
    await (await call(`/api/rooms/${host.room}/takes/${take}`, { method: "DELETE", token: host.token })).text();
    await env.BUCKET.put(`rooms/${host.room}/takes/${take}/tracks/${newTrack()}/epochs/000000.mp4`, "late");
    await ringAfter(host, 16 * 60_000);
    expect(await keysOf(host.room)).toEqual([]);
  });

  it("[HA72] a job whose take is deleted can neither read, store nor finish", async () => {
    const host = await hostedRoom();
    const take = await declareTake(host);
    const track = await uploadTrack(host, take, 1);
    await (await sealTrack(host, take, track, 1)).text();
    const job = await render.nextJob();
    await (await call(`/api/rooms/${host.room}/takes/${take}`, { method: "DELETE", token: host.token })).text();
    const bytes = someBytes(1);
    const headers = { "Content-Length": "1000", "Content-Digest": await digestHeader(bytes) };
    const refused = await Promise.all([
      report(job, `/tracks/${track}/epochs/0`),
      report(job, "/files/Alice.mkv", { method: "PUT", body: bytes, headers }),
      report(job, "/progress", { json: { stage: "reading", fraction: 0 } }),
      report(job, "/finished", { json: { files: [] } }),
    ]);
    for (const response of refused) expect(await statusAndReason(response)).toEqual([410, "job-over"]);
    expect(await keysOf(host.room)).toEqual([]);
  });

  it("[HA71] a take that rolls is stopped on every device", async () => {
    const host = await hostedRoom();
    const { socket } = await connect(host);
    socket.send({ type: "start-take", take: newTrack() });
    const { take } = await socket.next("take");
    await (await call(`/api/rooms/${host.room}/takes/${take.take}`, { method: "DELETE", token: host.token })).text();
    expect((await socket.next("take")).take.state).toBe("stopped");
  });
});

describe("deleting a room", () => {
  it("[HA73] removes every object and row, closes sockets, and leaves the 404 of any unknown room", async () => {
    const host = await hostedRoom();
    const { take, track } = await deliveredTake(host);
    const { socket } = await connect(host);
    expect((await call(`/api/rooms/${host.room}`, { method: "DELETE", token: host.token })).status).toBe(204);
    expect((await socket.closed).code).toBe(CLOSE.roomGone);
    expect(await keysOf(host.room)).toEqual([]);
    expect(await rowsOf(host.room, take)).toEqual([]);
    const late = await putEpoch(host, { take, track, seq: 9, bytes: someBytes(9) });
    expect(await statusAndReason(late)).toEqual([404, "not-found"]);
    await env.BUCKET.put(`rooms/${host.room}/takes/${take}/late`, "late");
    await ringAfter(host, 16 * 60_000);
    expect(await keysOf(host.room)).toEqual([]);
    const tables = await runInDurableObject(stubOf(host.room), (_, { storage }) =>
      storage.sql
        .exec("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'")
        .toArray(),
    );
    expect(tables).toEqual([]);
  });
});

describe("a room that nobody uses", () => {
  it("[HA74] goes 90 days after somebody was last seen in it, not while it has a take", async () => {
    const host = await hostedRoom();
    await ringAfter(host, 80 * DAY_MS);
    const { token } = await renewed(host);
    const { socket } = await connect({ ...host, token });
    vi.setSystemTime(Date.now() + 1000);
    const leftMs = Date.now();
    socket.close();
    const isSeen = async () => {
      const seat = v.parse(v.object({ seenMs: v.number() }), await storedSeat(host.room, host.participant));
      expect(seat.seenMs).toBeGreaterThanOrEqual(leftMs);
    };
    await vi.waitFor(isSeen, { timeout: 20_000 });
    await ringAfter(host, 89 * DAY_MS);
    expect((await call(`/api/rooms/${host.room}`)).status).toBe(200);
    await ringAfter(host, DAY_MS + 1000);
    expect((await call(`/api/rooms/${host.room}`)).status).toBe(404);
  });
});

describe("a store that fails", () => {
  it.each(["before", "after"] as const)("[HA27] %s storing is 503, and trying again is acknowledged", async (fault) => {
    const host = await hostedRoom();
    const take = await declareTake(host);
    const track = await declareTrack(host, take);
    const bytes = someBytes(1);
    const path = `/api/rooms/${host.room}/takes/${take}/tracks/${track}/epochs/0`;
    const headers = {
      Authorization: `Bearer ${host.token}`,
      "Content-Length": "1000",
      "Content-Digest": await digestHeader(bytes),
    };
    const failed = await callWith({ BUCKET: faultyBucket(fault) }, path, { method: "PUT", body: bytes, headers });
    expect(failed.headers.get("Retry-After")).toBe("1");
    expect(await statusAndReason(failed)).toEqual([503, "store-unavailable"]);
    const again = await putEpoch(host, { take, track, seq: 0, bytes });
    expect(again.status).toBe(fault === "before" ? 201 : 200);
    expect(await again.json()).toMatchObject({ sha256: await hashOf(bytes) });
    const have = await call(`/api/rooms/${host.room}/takes/${take}/tracks/${track}/epochs`, { token: host.token });
    expect(await have.json()).toMatchObject({ ranges: [[0, 0]] });
  });

  it("[HA27] a room that does not answer after the bytes are stored is 503, and trying again is acknowledged", async () => {
    const host = await hostedRoom();
    const take = await declareTake(host);
    const track = await declareTrack(host, take);
    const bytes = someBytes(1);
    const ROOM = new Proxy(env.ROOM, {
      get(namespace, name) {
        if (name !== "getByName") return Reflect.get(namespace, name, namespace);
        return (room: string) => {
          const stub = namespace.getByName(room);
          return {
            mayUpload: (...args: Parameters<typeof stub.mayUpload>) => stub.mayUpload(...args),
            commitEpoch: () => Promise.reject(new Error("Durable Object reset because its code was updated.")),
          };
        };
      },
    });
    const failed = await callWith({ ROOM }, `/api/rooms/${host.room}/takes/${take}/tracks/${track}/epochs/0`, {
      method: "PUT",
      body: bytes,
      headers: {
        Authorization: `Bearer ${host.token}`,
        "Content-Length": "1000",
        "Content-Digest": await digestHeader(bytes),
      },
    });
    expect(await statusAndReason(failed)).toEqual([503, "room-unavailable"]);
    expect((await putEpoch(host, { take, track, seq: 0, bytes })).status).toBe(200);
  });
});
