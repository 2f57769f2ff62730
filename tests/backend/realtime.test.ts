import { env } from "cloudflare:workers";
import * as v from "valibot";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { iceServers, TURN_LIFETIME_S } from "#protocol/call.ts";
import { MAX_REALTIME_BYTES, MAX_REALTIME_REQUESTS_PER_S } from "#protocol/realtime-api.ts";
import { type Seat, statusAndReason } from "./rig/api.ts";
import { APP, FakeRealtime, hostAndGuest, OFFER, post, pullOf, PUSH, put, realtime } from "./rig/realtime.ts";
import { callWith } from "./rig/with-env.ts";

let sfu: FakeRealtime;

beforeEach(() => {
  sfu = new FakeRealtime();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const inCall = () => hostAndGuest(sfu);

describe("the way to the Realtime API", () => {
  it("[RT1] each operation of the list goes to the app, with its secret, and back", async () => {
    const { guest, track, session } = await inCall();
    const answers = [
      await realtime(guest, "sessions/new", { method: "POST" }),
      await realtime(guest, `sessions/${session}/tracks/new`, post(PUSH)),
      await realtime(guest, `sessions/${session}/tracks/new`, post(pullOf(track))),
      await realtime(
        guest,
        `sessions/${session}/renegotiate`,
        put({ sessionDescription: { ...OFFER, type: "answer" } }),
      ),
      await realtime(
        guest,
        `sessions/${session}/tracks/update`,
        put({ tracks: [{ ...pullOf(track).tracks[0], mid: "1" }] }),
      ),
      await realtime(guest, `sessions/${session}/tracks/close`, put({ tracks: [{ mid: "1" }], force: true })),
      await realtime(guest, `sessions/${session}`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 200, 200, 200, 200, 200]);
    expect(sfu.paths()).toEqual([
      "POST sessions/new",
      `POST sessions/${session}/tracks/new`,
      `POST sessions/${session}/tracks/new`,
      `PUT sessions/${session}/renegotiate`,
      `PUT sessions/${session}/tracks/update`,
      `PUT sessions/${session}/tracks/close`,
      `GET sessions/${session}`,
    ]);
    const secret = `Bearer ${env.REALTIME_APP_SECRET}`;
    expect(sfu.asked.every(({ authorization }) => authorization === secret)).toBe(true);
    const bodies = await Promise.all(answers.map((answer) => answer.text()));
    expect(bodies.join()).not.toContain(env.REALTIME_APP_SECRET);
    expect(JSON.parse(bodies[6] ?? "")).toMatchObject({ tracks: [{ mid: "0", status: "active" }, { mid: "1" }] });
  });

  it("[RT2] the query and fields that the API does not know are not passed on", async () => {
    const { guest, track, session } = await inCall();
    const pull = { ...pullOf(track).tracks[0], mid: "4", extra: 1, simulcast: { preferredRid: "h", evil: true } };
    await realtime(
      guest,
      `sessions/${session}/tracks/new?thirdparty=true`,
      post({ tracks: [pull], autoDiscover: true }),
    );
    expect(sfu.asked).toEqual([
      expect.objectContaining({
        url: `${APP}/sessions/${session}/tracks/new`,
        body: { tracks: [{ ...pullOf(track).tracks[0], simulcast: { preferredRid: "h" } }] },
      }),
    ]);
    sfu.answer = () => Response.json({ tracks: [{ mid: "0", secret: "x" }], other: "y" });
    const answer = await realtime(guest, `sessions/${session}/tracks/new`, post(PUSH));
    expect(await answer.json()).toEqual({ requiresImmediateRenegotiation: false, tracks: [{ mid: "0" }] });
  });

  it("[RT3] errors of single tracks and the documented refusals come back as they are", async () => {
    const { guest, track, session } = await inCall();
    const failed = { tracks: [{ errorCode: "not_found_track_error", errorDescription: "gone" }] };
    sfu.answer = () => Response.json(failed);
    const pulled = await realtime(guest, `sessions/${session}/tracks/new`, post(pullOf(track)));
    expect([pulled.status, await pulled.json()]).toEqual([200, expect.objectContaining(failed)]);
    for (const status of [400, 404, 406, 410, 425, 429]) {
      const body = { errorCode: "some_error", errorDescription: "Some words." };
      sfu.answer = () => Response.json({ ...body, more: "x" }, { status });
      const answer = await realtime(guest, `sessions/${session}/tracks/new`, post(PUSH));
      expect([answer.status, await answer.json()]).toEqual([status, body]);
    }
  });

  it("[RT4] what cannot be handed on is 502, what takes too long 504; never the app's secret", async () => {
    const { guest, session } = await inCall();
    const strange = [
      () => Response.json({ errorCode: "forbidden" }, { status: 401 }),
      () => Response.json({}, { status: 403 }),
      () => new Response("oops", { status: 500 }),
      () => new Response("<html>"),
      () => Response.json({ tracks: "none" }),
      () => new Response(null, { status: 302, headers: { Location: "https://evil.example/" } }),
      () => Response.json({ tracks: [{ errorCode: env.REALTIME_APP_SECRET }] }),
      () => new Response("x".repeat(2 * 1024 * 1024)),
      () => Promise.reject(new TypeError(`cannot reach ${APP} with ${env.REALTIME_APP_SECRET}`)),
    ];
    const warned = vi.spyOn(console, "warn");
    for (const [at, answer] of strange.entries()) {
      sfu.answer = answer;
      const got = await realtime(guest, `sessions/${session}/tracks/new`, post(PUSH));
      const text = await got.text();
      expect([got.status, text], `answer ${at}`).toEqual([502, expect.stringContaining('"call-unavailable"')]);
      expect(text).not.toContain(env.REALTIME_APP_SECRET);
    }
    expect(JSON.stringify(warned.mock.calls)).not.toContain(env.REALTIME_APP_SECRET);
    warned.mockRestore();
  });

  it("[RT4] an answer that does not come is given up", async () => {
    const { guest, session } = await inCall();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    vi.stubGlobal("fetch", (_: string, { signal }: { signal: AbortSignal }) => {
      const given = new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      vi.advanceTimersByTime(10_000);
      return given;
    });
    const answer = await realtime(guest, `sessions/${session}/tracks/new`, post(PUSH));
    expect(await statusAndReason(answer)).toEqual([504, "call-timeout"]);
  });

  it("[RT5] without an app there is no call, whoever asks", async () => {
    const { guest, host, session } = await inCall();
    const ask = async (change: object, { room, token }: Pick<Seat, "room" | "token">, path: string) => {
      const headers = { Authorization: `Bearer ${token}` };
      const response = await callWith(change, `/api/rooms/${room}/realtime/${path}`, { method: "POST", headers });
      return `${response.status} ${await response.text()}`;
    };
    const said = new Set<string>();
    for (const change of [{ REALTIME_APP_ID: "" }, { REALTIME_APP_SECRET: "" }]) {
      said.add(await ask(change, guest, "sessions/new"));
      said.add(await ask(change, host, `sessions/${session}/tracks/new`));
      said.add(await ask(change, { room: guest.room, token: "x.y" }, "generate-ice-servers"));
      said.add(await ask(change, guest, "datachannels/new"));
    }
    expect([...said]).toEqual([expect.stringContaining('503 {"error":{"reason":"no-call"')]);
    expect(sfu.asked).toEqual([]);
  });

  it("[RT6] fifty requests a second, no more; others are not touched", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const { guest, host, session } = await inCall();
    vi.setSystemTime(Date.now() + 1000);
    const asked = MAX_REALTIME_REQUESTS_PER_S + 10;
    const answers = await Promise.all(Array.from({ length: asked }, () => realtime(guest, `sessions/${session}`)));
    const late = answers.filter(({ status }) => status === 429);
    expect([late.length, late[0]?.headers.get("Retry-After")]).toEqual([10, "1"]);
    expect(sfu.asked).toHaveLength(MAX_REALTIME_REQUESTS_PER_S);
    expect((await realtime(host, "sessions/new", { method: "POST" })).status).toBe(201);
    vi.setSystemTime(Date.now() + 1000);
    expect((await realtime(guest, `sessions/${session}`)).status).toBe(200);
  });

  it("[RT7] a body that is none of the API's is 400 or 413, and nothing is passed on", async () => {
    const { guest, track, session } = await inCall();
    const [pull] = pullOf(track).tracks;
    const path = `sessions/${session}/tracks`;
    const bad = [
      [`${path}/new`, post({})],
      [`${path}/new`, post({ tracks: [] })],
      [`${path}/new`, post({ sessionDescription: OFFER, tracks: [pull] })],
      [`${path}/new`, post({ tracks: PUSH.tracks })],
      [`${path}/new`, post({ tracks: [pull, PUSH.tracks[0]] })],
      [`${path}/new`, post({ tracks: Array(65).fill(pull) })],
      [`${path}/new`, { method: "POST", body: "{" }],
      [`${path}/update`, put({ tracks: [{ ...pull, location: "local", mid: "0" }] })],
      [`${path}/close`, put({ tracks: [{ mid: "../x y" }] })],
      [`sessions/${session}/renegotiate`, put({ sessionDescription: OFFER })],
    ] as const;
    for (const [where, options] of bad) {
      const answer = await realtime(guest, where, options);
      expect(await statusAndReason(answer), JSON.stringify(options)).toEqual([400, "bad-json"]);
    }
    const long = post({ ...PUSH, sessionDescription: { type: "offer", sdp: "x".repeat(MAX_REALTIME_BYTES) } });
    expect(await statusAndReason(await realtime(guest, `${path}/new`, long))).toEqual([413, "too-large"]);
    expect(sfu.asked).toEqual([]);
  });
});

describe("TURN", () => {
  const ask = async (seat: Seat, change: object) => {
    const headers = { Authorization: `Bearer ${seat.token}` };
    const path = `/api/rooms/${seat.room}/realtime/generate-ice-servers`;
    const response = await callWith(change, path, { headers });
    const text = await response.text();
    expect(response.status).toBe(200);
    return { ...v.parse(iceServers, JSON.parse(text)), text };
  };
  const keys = { TURN_KEY_ID: "key/../1", TURN_KEY_API_TOKEN: "opens the key" };

  it("[RT10] without keys there are no servers, and nobody is asked", async () => {
    const { guest } = await inCall();
    expect((await ask(guest, {})).iceServers).toEqual([]);
    expect(sfu.asked).toEqual([]);
  });

  it("[RT10] Cloudflare's are handed on, but for ports that browsers block", async () => {
    const { guest } = await inCall();
    const turn = { username: "u", credential: "c" };
    const urls = ["stun:stun.cloudflare.com:3478", "stun:stun.cloudflare.com:53"];
    const relays = ["turn:turn.cloudflare.com:3478?transport=udp", "turn:turn.cloudflare.com:53?transport=udp"];
    sfu.answer = () =>
      Response.json({ iceServers: [{ urls }, { urls: [...relays, "javascript:x"], ...turn, more: 1 }] });
    const { iceServers: servers, text } = await ask(guest, keys);
    expect(servers).toEqual([{ urls: [urls[0]] }, { urls: [relays[0]], ...turn }]);
    expect(sfu.asked).toEqual([
      {
        method: "POST",
        url: "https://rtc.live.cloudflare.com/v1/turn/keys/key%2F..%2F1/credentials/generate-ice-servers",
        authorization: "Bearer opens the key",
        body: { ttl: TURN_LIFETIME_S },
      },
    ]);
    expect(text).not.toContain("opens the key");
  });

  it("[RT10] when they cannot be had, the call goes on without", async () => {
    const { guest } = await inCall();
    for (const answer of [
      () => Response.json({ error: "x" }, { status: 401 }),
      () => new Response("<html>", { status: 500 }),
      () => Promise.reject(new TypeError("unreachable")),
    ]) {
      sfu.answer = answer;
      expect((await ask(guest, keys)).iceServers).toEqual([]);
    }
  });

  it("[RT11] own servers get a name that ends and its HMAC", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const { guest } = await inCall();
    const change = { TURN_URLS: "turn:turn.example:3478, turns:turn.example:5349", TURN_SECRET: "shared" };
    const [server] = (await ask(guest, change)).iceServers;
    expect(server?.urls).toEqual(["turn:turn.example:3478", "turns:turn.example:5349"]);
    const [until = ""] = server?.username?.split(":") ?? [];
    expect(Math.abs(Number(until) - Date.now() / 1000 - TURN_LIFETIME_S)).toBeLessThanOrEqual(1);
    const bytes = (text: string) => new TextEncoder().encode(text);
    const key = await crypto.subtle.importKey("raw", bytes("shared"), { name: "HMAC", hash: "SHA-1" }, false, ["sign"]);
    const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes(server?.username ?? "")));
    expect(server?.credential).toBe(btoa(String.fromCharCode(...mac)));
  });
});
