import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { randomId } from "../../worker-backend/auth/secrets.ts";
import { type Claims, signToken } from "../../worker-backend/auth/tokens.ts";
import { admittedGuest, call, hostedRoom, newTake, putEpoch, someBytes, statusAndReason } from "./rig/api.ts";
import { guardedCalls, stateOf, target } from "./rig/attacks.ts";

const base64Url = (text: string): string => btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const soon = (): number => Math.floor(Date.now() / 1000) + 600;

describe("tokens", () => {
  it("[HA11] every flipped byte of a token is refused", async () => {
    const { host, take, track } = await target();
    const before = await stateOf(host);
    for (let at = 0; at < host.token.length; at += 1) {
      const code = host.token.charCodeAt(at);
      for (const other of [code ^ 1, code ^ 2, code ^ 0x20]) {
        const token = host.token.slice(0, at) + String.fromCharCode(other) + host.token.slice(at + 1);
        if (/[^\x21-\x7e]/.test(token)) continue;
        const response = await putEpoch({ ...host, token }, { take, track, seq: 0, bytes: someBytes(1) });
        expect(response.status, `byte ${at} as ${other}`).toBe(401);
        await response.text();
      }
    }
    expect(await stateOf(host)).toEqual(before);
  });

  it("[HA11] so are forgeries of every style, on every call", async () => {
    const { host, take, track } = await target();
    const before = await stateOf(host);
    const [payload = "", mac = ""] = host.token.split(".");
    const claims = {
      aud: "participant",
      room: host.room,
      participant: host.participant,
      role: "host",
      version: 1,
      exp: soon(),
    };
    const body = base64Url(JSON.stringify(claims));
    const forged = [
      payload,
      `${payload}.`,
      `.${mac}`,
      `${body}.${mac}`,
      `${body}.${base64Url("\0".repeat(32))}`,
      `${payload}.${mac}=`,
      `${payload}.${mac}.${mac}`,
      `${base64Url('{"alg":"none","typ":"JWT"}')}.${body}.`,
      `${base64Url('{"alg":"none"}')}.${body}`,
      `${base64Url('{"alg":"HS256"}')}.${payload}.${mac}`,
      await signToken("another secret, which is long enough too", claims as Claims<"participant">),
      "x".repeat(5000),
    ];
    for (const token of forged) {
      for (const { path, ...request } of guardedCalls(host.room, take, track)) {
        const response = await call(path, { ...request, token });
        expect(await statusAndReason(response), `${request.method} ${path} ${token}`).toEqual([401, "token-refused"]);
      }
    }
    expect(await stateOf(host)).toEqual(before);
  });

  it("[HA12] an expired token is told apart, and without a token nothing opens", async () => {
    const { host, take, track } = await target();
    const before = await stateOf(host);
    const claims = { aud: "participant", room: host.room, participant: host.participant, role: "host", version: 1 };
    const expired = await signToken(env.SIGNING_SECRET, { ...claims, exp: soon() - 601 } as Claims<"participant">);
    for (const { path, ...request } of guardedCalls(host.room, take, track)) {
      const late = await call(path, { ...request, token: expired });
      expect(await statusAndReason(late), path).toEqual([401, "token-expired"]);
      const bare = await call(path, request);
      expect(await statusAndReason(bare), path).toEqual([401, "token-missing"]);
      expect(bare.headers.get("WWW-Authenticate")).toBe("Bearer");
    }
    const late = await putEpoch({ ...host, token: expired }, { take, track, seq: 0, bytes: someBytes(1) });
    expect(await statusAndReason(late)).toEqual([401, "token-expired"]);
    expect(await stateOf(host)).toEqual(before);
  });

  it("[HA13] a token of another room opens nothing here", async () => {
    const { host, take, track } = await target();
    const other = await hostedRoom();
    const before = await stateOf(host);
    for (const { path, ...request } of guardedCalls(host.room, take, track)) {
      const response = await call(path, { ...request, token: other.token });
      expect(await statusAndReason(response), path).toEqual([401, "token-refused"]);
    }
    const foreign = { room: host.room, token: other.token };
    const put = await putEpoch(foreign, { take, track, seq: 0, bytes: someBytes(1) });
    expect(await statusAndReason(put)).toEqual([401, "token-refused"]);
    expect(await stateOf(host)).toEqual(before);
  });

  it("[HA14] a token of another purpose, or with claims of another shape, opens nothing", async () => {
    const { host, take, track } = await target();
    const before = await stateOf(host);
    const { room, participant } = host;
    const strange = [
      { aud: "job", room, take, job: randomId(), exp: soon() },
      { aud: "exports", room, by: { as: "host", participant, version: 1 }, exp: soon() },
      { aud: "participant", room, participant, role: "owner", version: 1, exp: soon() },
      { aud: "participant", room, participant, role: "host", version: 1, exp: soon(), more: true },
      { aud: "participant", room, participant, role: "host", version: 1 },
      { aud: "participant", room, participant, role: "host", version: 2, exp: soon() },
      { aud: "participant", room, participant: randomId(), role: "host", version: 1, exp: soon() },
    ];
    for (const claims of strange) {
      const token = await signToken(env.SIGNING_SECRET, claims as Claims<"participant">);
      for (const { path, ...request } of guardedCalls(room, take, track)) {
        const response = await call(path, { ...request, token });
        expect(await statusAndReason(response), `${path} ${JSON.stringify(claims)}`).toEqual([401, "token-refused"]);
      }
    }
    expect(await stateOf(host)).toEqual(before);
  });

  it("[HA15] a guest is no host, and a guest's token with the host's role is none", async () => {
    const { host, take } = await target();
    const guest = await admittedGuest(host, "Bob");
    const before = await stateOf(host);
    const hostsOnly = [
      { path: `/api/rooms/${host.room}/takes/${newTake()}`, method: "PUT", json: { startedMs: 1 } },
      { path: `/api/rooms/${host.room}/takes/${take}/demux`, method: "POST", json: { deliver: "complete" } },
      { path: `/api/rooms/${host.room}/takes/${take}`, method: "DELETE" },
      { path: `/api/rooms/${host.room}/editor-links`, method: "POST", json: { days: 1 } },
      { path: `/api/rooms/${host.room}/editor-links`, method: "GET" },
      { path: `/api/rooms/${host.room}/editor-links/${randomId()}`, method: "DELETE" },
      { path: `/api/rooms/${host.room}/exports-access`, method: "POST" },
      { path: `/api/rooms/${host.room}/takes/${take}/exports/A.mkv`, method: "GET" },
      { path: `/api/rooms/${host.room}`, method: "DELETE" },
    ];
    const claims = {
      aud: "participant",
      room: host.room,
      participant: guest.participant,
      role: "host",
      version: 1,
      exp: soon(),
    };
    const raised = await signToken(env.SIGNING_SECRET, claims as Claims<"participant">);
    for (const { path, ...request } of hostsOnly) {
      const asGuest = await call(path, { ...request, token: guest.token });
      expect(await statusAndReason(asGuest), path).toEqual([403, "not-host"]);
      const asRaised = await call(path, { ...request, token: raised });
      expect(await statusAndReason(asRaised), path).toEqual([401, "token-refused"]);
    }
    expect(await stateOf(host)).toEqual(before);
  });
});
