import { runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { STUDIO_KEY_HEADER, TOKEN_LIFETIME_S } from "#protocol/http-api.ts";
import { randomId } from "../../worker-backend/auth/secrets.ts";
import { REFUSALS } from "../../worker-backend/refusals.ts";
import { call, hostedRoom, admittedGuest, makeRoom, statusAndReason, stubOf, takesOf } from "./rig/api.ts";
import { callWith } from "./rig/with-env.ts";
import spec from "../../docs/spec/http-api.md?raw";

afterEach(() => vi.useRealTimers());

describe("making and joining a room", () => {
  it("[HA8] a room is made, told apart by 128 random bits, and known to a lobby", async () => {
    const response = await call("/api/rooms", { json: { title: "Interview" } });
    expect(response.status).toBe(201);
    const { room } = await response.json<{ room: string }>();
    expect(room).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(await (await call(`/api/rooms/${room}`)).json()).toEqual({ room, title: "Interview", full: false });
  });

  it("[HA8] needs the studio key when one is set", async () => {
    const make = (headers: Record<string, string>) =>
      callWith({ STUDIO_KEY: "open sesame" }, "/api/rooms", { method: "POST", body: "{}", headers });
    expect(await statusAndReason(await make({}))).toEqual([403, "studio-key-wrong"]);
    expect(await statusAndReason(await make({ [STUDIO_KEY_HEADER]: "open" }))).toEqual([403, "studio-key-wrong"]);
    expect((await make({ [STUDIO_KEY_HEADER]: "open sesame" })).status).toBe(201);
  });

  it("[HA6] a flood of rooms or joins from one address is 429 with a time to wait", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const { room } = await makeRoom();
    const flood = async (path: string, json: unknown, address: string) => {
      const change = { RATE_LIMIT_ROOMS: "5", RATE_LIMIT_JOINS: "5" };
      const headers = { "CF-Connecting-IP": address };
      const init = { method: "POST", body: JSON.stringify(json), headers };
      const statuses: number[] = [];
      for (let at = 0; at < 8; at += 1) {
        const response = await callWith(change, path, init);
        statuses.push(response.status);
        if (response.status === 429) expect(Number(response.headers.get("Retry-After"))).toBeGreaterThan(0);
        await response.text();
      }
      return statuses;
    };
    const expected = [201, 201, 201, 201, 201, 429, 429, 429];
    expect(await flood("/api/rooms", {}, "203.0.113.1")).toEqual(expected);
    expect(await flood(`/api/rooms/${room}/participants`, { name: "x", consent: true }, "203.0.113.1")).toEqual(
      expected,
    );
    expect((await flood("/api/rooms", {}, "203.0.113.2"))[0]).toBe(201);
  });

  it("[HA7] without a signing secret nothing is signed or accepted", async () => {
    for (const SIGNING_SECRET of ["", "short"]) {
      const { room } = await makeRoom();
      const init = { method: "POST", body: JSON.stringify({ name: "x", consent: true }) };
      const joining = await callWith({ SIGNING_SECRET }, `/api/rooms/${room}/participants`, init);
      expect(await statusAndReason(joining)).toEqual([503, "not-configured"]);
      const headers = { Authorization: "Bearer x.y" };
      const reading = await callWith({ SIGNING_SECRET }, `/api/rooms/${room}/takes`, { headers });
      expect(await statusAndReason(reading)).toEqual([503, "not-configured"]);
    }
  });

  it("[HA9] joining needs consent; the host secret makes a host, a wrong one nobody", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const { room, hostSecret } = await makeRoom();
    const joinWith = (json: unknown) => call(`/api/rooms/${room}/participants`, { json });
    for (const consent of [false, "true", 1, undefined]) {
      expect(await statusAndReason(await joinWith({ name: "x", consent }))).toEqual([400, "bad-json"]);
    }
    const host = await joinWith({ name: "Alice", consent: true, hostSecret });
    expect([host.status, await host.json()]).toEqual([201, expect.objectContaining({ role: "host" })]);
    const guest = await joinWith({ name: "Bob", consent: true, role: "host" });
    const seat = await guest.json<{ role: string; tokenExpiresMs: number }>();
    expect(seat.role).toBe("guest");
    // A token counts whole seconds.
    expect(Math.abs(seat.tokenExpiresMs - Date.now() - TOKEN_LIFETIME_S * 1000)).toBeLessThan(1000);
    const wrong = await joinWith({ name: "Eve", consent: true, hostSecret: "A".repeat(43) });
    expect(await statusAndReason(wrong)).toEqual([403, "host-secret-wrong"]);
  });

  it("[HA16] a seat is renewed with its secret only; who it is stays", async () => {
    const host = await hostedRoom();
    const guest = await admittedGuest(host, "Bob");
    const renew = (participant: string, refreshSecret: string) =>
      call(`/api/rooms/${host.room}/participants/${participant}/token`, { json: { refreshSecret } });
    const renewed = await renew(guest.participant, guest.refreshSecret);
    const { role, token } = await renewed.json<{ role: string; token: string }>();
    expect([renewed.status, role]).toEqual([200, "guest"]);
    expect(await takesOf({ ...guest, token })).toEqual([]);
    const refused = await Promise.all([
      renew(guest.participant, host.refreshSecret),
      renew(host.participant, guest.refreshSecret),
      renew(randomId(), guest.refreshSecret),
      renew(guest.participant, host.hostSecret),
    ]);
    const said = new Set(await Promise.all(refused.map(async (one) => `${one.status} ${await one.text()}`)));
    expect([...said]).toEqual([expect.stringContaining('401 {"error":{"reason":"refresh-refused"')]);
  });

  it("[HA17] the host secret and refresh secrets are stored as hashes only", async () => {
    const host = await hostedRoom();
    const stored = await runInDurableObject(stubOf(host.room), (_, { storage }) =>
      JSON.stringify(["meta", "participants"].map((table) => storage.sql.exec(`SELECT * FROM ${table}`).toArray())),
    );
    expect(stored).toContain(host.participant);
    for (const secret of [host.hostSecret, host.refreshSecret, host.token]) expect(stored).not.toContain(secret);
  });
});

describe("the whole API", () => {
  it("[HA1] unknown paths and methods are the same JSON 404", async () => {
    const { room } = await makeRoom();
    for (const [method, path] of [
      ["GET", "/api"],
      ["GET", "/api/nothing"],
      ["POST", `/api/rooms/${room}`],
      ["PATCH", "/api/rooms"],
      ["DELETE", "/api/health"],
      ["GET", "/api/rooms"],
    ] as const) {
      expect(await statusAndReason(await call(path, { method })), `${method} ${path}`).toEqual([404, "not-found"]);
    }
  });

  it("[HA1] every reason is documented with its status", () => {
    for (const [reason, [status]] of Object.entries(REFUSALS)) {
      expect(spec, reason).toContain(`| ${status} | \`${reason}\` |`);
    }
  });

  it("[HA1] tells its health without a token", async () => {
    expect(await (await call("/api/health")).json()).toMatchObject({ ok: true });
  });
});
