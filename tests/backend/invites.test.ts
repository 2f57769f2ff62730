import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { INVITE_LIFETIME_MS } from "#protocol/http-api.ts";
import { randomSecret } from "../../worker-backend/auth/secrets.ts";
import { MAX_INVITES } from "../../worker-backend/room/step-waiting.ts";
import {
  admittedGuest,
  call,
  hostedRoom,
  joinRoom,
  newInvite,
  statusAndReason,
  stubOf,
  waitingSeat,
} from "./rig/api.ts";
import { connect } from "./rig/socket.ts";

afterEach(() => vi.useRealTimers());

const redeem = (room: string, invite: string, name = "Bob") =>
  call(`/api/rooms/${room}/participants`, { json: { name, consent: true, invite } });

describe("one-time links", () => {
  it("[IV1] the host makes one; it lets one person past the waiting room", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const host = await hostedRoom();
    const response = await call(`/api/rooms/${host.room}/invites`, { method: "POST", token: host.token });
    const { invite, expiresMs } = await response.json<{ invite: string; expiresMs: number }>();
    expect(response.status).toBe(201);
    expect(expiresMs).toBe(Date.now() + INVITE_LIFETIME_MS);
    const guest = await joinRoom(host.room, "Bob", { invite });
    expect(guest.admission).toBe("admitted");
    await connect(guest);
  });

  it("[IV1] a guest, somebody who waits, and nobody at all make none", async () => {
    const host = await hostedRoom();
    const make = (token?: string) =>
      call(`/api/rooms/${host.room}/invites`, { method: "POST", ...(token === undefined ? {} : { token }) });
    const guest = await admittedGuest(host, "Bob");
    expect(await statusAndReason(await make(guest.token))).toEqual([403, "not-host"]);
    const waiting = await waitingSeat(host.room, "Eve");
    expect(await statusAndReason(await make(waiting.token))).toEqual([403, "waiting"]);
    expect(await statusAndReason(await make())).toEqual([401, "token-missing"]);
  });

  it("[IV2] 50 parallel tries: exactly one gets in, and none after a restart", async () => {
    const host = await hostedRoom();
    const invite = await newInvite(host);
    const tries = await Promise.all(Array.from({ length: 50 }, (_, at) => redeem(host.room, invite, `T${at}`)));
    const statuses = tries.map(({ status }) => status).sort((a, b) => a - b);
    await Promise.all(tries.map((one) => one.text()));
    expect(statuses).toEqual([201, ...Array.from({ length: 49 }, () => 403)]);
    await evictDurableObject(stubOf(host.room));
    expect(await statusAndReason(await redeem(host.room, invite))).toEqual([403, "invite-used"]);
    const { welcome } = await connect(host);
    expect(welcome.room.knocking).toEqual([]);
  });

  it("[IV3] used, unknown and expired are one answer, and leave nobody in the waiting room", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const host = await hostedRoom();
    const other = await hostedRoom();
    const [used, expired] = [await newInvite(host), await newInvite(host)];
    await (await redeem(host.room, used)).text();
    const foreign = await newInvite(other);
    vi.setSystemTime(Date.now() + INVITE_LIFETIME_MS + 1);
    const answers = await Promise.all([used, expired, randomSecret(), foreign].map((one) => redeem(host.room, one)));
    const said = new Set(await Promise.all(answers.map(async (one) => `${one.status} ${await one.text()}`)));
    expect([...said]).toEqual([expect.stringContaining('403 {"error":{"reason":"invite-used"')]);
    const seats = await runInDurableObject(stubOf(host.room), (_, { storage }) =>
      storage.sql.exec("SELECT id FROM participants").toArray(),
    );
    expect(seats).toHaveLength(2);
    expect(await statusAndReason(await redeem(host.room, "short"))).toEqual([400, "bad-json"]);
  });

  it("[IV4] only its hash is stored, and goes when it is used or has expired", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const host = await hostedRoom();
    const [first, second] = [await newInvite(host), await newInvite(host)];
    const rows = () =>
      runInDurableObject(stubOf(host.room), (_, { storage }) =>
        storage.sql.exec("SELECT id, body FROM invites").toArray(),
      );
    const before = await rows();
    expect(before).toHaveLength(2);
    for (const secret of [first, second]) expect(JSON.stringify(before)).not.toContain(secret);
    await (await redeem(host.room, first)).text();
    expect(await rows()).toHaveLength(1);
    vi.setSystemTime(Date.now() + INVITE_LIFETIME_MS + 1);
    await runDurableObjectAlarm(stubOf(host.room));
    expect(await rows()).toEqual([]);
  });

  it("[IV5] at most so many are open", async () => {
    const host = await hostedRoom();
    await Promise.all(Array.from({ length: MAX_INVITES }, () => newInvite(host)));
    const more = await call(`/api/rooms/${host.room}/invites`, { method: "POST", token: host.token });
    expect(await statusAndReason(more)).toEqual([409, "too-many"]);
  });

  it("[IV6] a full room keeps the link good", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const host = await hostedRoom();
    await Promise.all(Array.from({ length: 19 }, (_, at) => admittedGuest(host, `G${at}`)));
    const invite = await newInvite(host);
    expect(await statusAndReason(await redeem(host.room, invite))).toEqual([409, "room-full"]);
    vi.setSystemTime(Date.now() + 11 * 60_000);
    expect((await joinRoom(host.room, "Bob", { invite })).admission).toBe("admitted");
  });
});
