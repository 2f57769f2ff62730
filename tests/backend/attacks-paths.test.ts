import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { randomId } from "../../worker-backend/auth/secrets.ts";
import { call, hostedRoom, keysOf, newTake, newTrack, putEpoch, someBytes, statusAndReason } from "./rig/api.ts";
import { stateOf, target } from "./rig/attacks.ts";

describe("paths", () => {
  const NASTY = [
    "..",
    ".",
    "%2e%2e",
    "%2e%2e%2f%2e%2e",
    "..%2f..%2fexports",
    "%252e%252e%252f",
    "..%5c..%5c",
    "%00",
    "a%00b",
    "%",
    "%zz",
    "%c0%ae%c0%ae",
    "%ff",
    "x",
    "A".repeat(23),
    `${"A".repeat(21)}%2f`,
    `${"A".repeat(21)}%0a`,
    "A".repeat(5000),
    "*",
    "__proto__",
    "'%20OR%201=1--",
    "%E2%80%AE".repeat(7),
  ];

  it("[HA3] traversal and nonsense in any part of a path is refused and changes nothing", async () => {
    const { host, take, track } = await target();
    const before = await stateOf(host);
    const { room, token } = host;
    const digest = { "Content-Length": "1000", "Content-Digest": `sha-256=:${btoa("\0".repeat(32))}:` };
    const put = { method: "PUT", body: someBytes(1), headers: digest };
    const requests = (bad: string) => [
      { path: `/api/rooms/${bad}`, method: "GET" },
      { path: `/api/rooms/${bad}/participants`, json: { name: "x", consent: true } },
      { path: `/api/rooms/${room}/participants/${bad}/token`, json: { refreshSecret: "A".repeat(43) } },
      {
        path: `/api/rooms/${bad}/socket`,
        method: "GET",
        headers: { Upgrade: "websocket", Origin: "http://studio.test" },
      },
      { path: `/api/rooms/${bad}/takes/${take}/tracks/${track}/epochs/0`, ...put },
      { path: `/api/rooms/${room}/takes/${bad}/tracks/${track}/epochs/0`, ...put },
      { path: `/api/rooms/${room}/takes/${take}/tracks/${bad}/epochs/0`, ...put },
      { path: `/api/rooms/${room}/takes/${take}/tracks/${track}/epochs/${bad}`, ...put },
      { path: `/api/rooms/${room}/takes/${bad}`, method: "PUT", json: { startedMs: 1 } },
      { path: `/api/rooms/${room}/takes/${take}/tracks/${bad}`, method: "PUT", json: { source: "camera", label: "" } },
      { path: `/api/rooms/${room}/takes/${take}/exports/${bad}`, method: "GET" },
      { path: `/api/rooms/${room}/editor-links/${bad}`, method: "DELETE" },
      { path: `/api/rooms/${room}/takes/${take}/jobs/${bad}/progress`, json: { stage: "reading", fraction: 0 } },
      { path: `/api/rooms/${room}/takes/${take}/jobs/${randomId()}/files/${bad}`, ...put },
    ];
    for (const bad of NASTY) {
      // A path that the URL itself folds away is another path, which a test of its own covers.
      if (bad === ".." || bad === "." || bad === "%2e%2e") continue;
      for (const { path, ...request } of requests(bad)) {
        const response = await call(path, { ...request, token });
        expect([400, 401, 404], `${path}: ${response.status}`).toContain(response.status);
        await response.text();
      }
    }
    expect(await stateOf(host)).toEqual(before);
  });

  it("[HA3] a path that folds away names something else, and nothing is stored there", async () => {
    const { host, take, track } = await target();
    const digest = { "Content-Length": "1000", "Content-Digest": `sha-256=:${btoa("\0".repeat(32))}:` };
    for (const part of ["..", "%2e%2e", "."]) {
      for (const path of [
        `/api/rooms/${host.room}/takes/${take}/tracks/${track}/epochs/${part}`,
        `/api/rooms/${host.room}/takes/${part}/tracks/${track}/epochs/0`,
        `/api/rooms/${part}/takes/${take}/tracks/${track}/epochs/0`,
      ]) {
        const response = await call(path, { method: "PUT", token: host.token, body: someBytes(1), headers: digest });
        expect([400, 401, 404], `${path}: ${response.status}`).toContain(response.status);
        await response.text();
      }
    }
    expect((await env.BUCKET.list()).objects.filter((object) => !/^rooms\/[\w-]{22}\//.test(object.key))).toEqual([]);
    expect(await keysOf(host.room)).toEqual([]);
  });

  it("[HA3] a sequence number is digits within bounds", async () => {
    const { host, take, track } = await target();
    for (const seq of ["-1", "1.5", "1e3", "0x1", "1000000", "99999999999999999999", "%20", "%2b1", "NaN", "１"]) {
      const response = await putEpoch(host, { take, track, seq, bytes: someBytes(1) });
      expect(await statusAndReason(response), seq).toEqual([400, "bad-number"]);
    }
    expect((await putEpoch(host, { take, track, seq: "000004", bytes: someBytes(4) })).status).toBe(201);
    expect(await keysOf(host.room)).toEqual([`rooms/${host.room}/takes/${take}/tracks/${track}/epochs/000004.mp4`]);
  });

  it("[HA4] an unknown room, a malformed one and a deleted one are the same answer", async () => {
    const host = await hostedRoom();
    expect((await call(`/api/rooms/${host.room}`, { method: "DELETE", token: host.token })).status).toBe(204);
    const answers = await Promise.all(
      [randomId(), "x", host.room].flatMap((room) => [
        call(`/api/rooms/${room}`),
        call(`/api/rooms/${room}/participants`, { json: { name: "x", consent: true } }),
        call(`/api/rooms/${room}/participants/${randomId()}/token`, { json: { refreshSecret: "A".repeat(43) } }),
      ]),
    );
    const said = new Set(await Promise.all(answers.map(async (answer) => `${answer.status} ${await answer.text()}`)));
    expect(said.size).toBe(1);
    expect([...said][0]).toContain('404 {"error":{"reason":"not-found"');
  });

  it("[HA4] looking for rooms leaves nothing behind", async () => {
    const { listDurableObjectIds, runInDurableObject } = await import("cloudflare:test");
    const room = randomId();
    await (await call(`/api/rooms/${room}`)).text();
    const known = (await listDurableObjectIds(env.ROOM)).some((id) => id.equals(env.ROOM.idFromName(room)));
    if (!known) return;
    const tables = await runInDurableObject(env.ROOM.getByName(room), (_, state) =>
      state.storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_%' ESCAPE '\\'").toArray(),
    );
    expect(tables).toEqual([]);
  });

  it("[HA25] a track of another take or room is unknown, never another's key", async () => {
    const { host, take, track } = await target();
    const elsewhere = await target();
    const cases = [
      { take, track: newTrack(), expected: [404, "unknown-track"] },
      { take: newTake(), track, expected: [404, "unknown-take"] },
      { take: elsewhere.take, track: elsewhere.track, expected: [404, "unknown-take"] },
      { take, track: elsewhere.track, expected: [404, "unknown-track"] },
    ];
    for (const { expected, ...names } of cases) {
      const response = await putEpoch(host, { ...names, seq: 0, bytes: someBytes(1) });
      expect(await statusAndReason(response)).toEqual(expected);
    }
    expect([...(await keysOf(host.room)), ...(await keysOf(elsewhere.host.room))]).toEqual([]);
  });
});

describe("bodies", () => {
  it("[HA2] anything that is not the expected JSON is 400, too much is 413, and nothing changes", async () => {
    const { host, take, track } = await target();
    const before = await stateOf(host);
    const deep = `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`;
    const bodies: { body: BodyInit; expected: [number, string] }[] = [
      ...["", "{", "null", "[]", '"x"', "1e999", deep, "[".repeat(60_000), "\u0000", "{}"].map((body) => ({
        body,
        expected: [400, "bad-json"] satisfies [number, string],
      })),
      { body: new Uint8Array([0x7b, 0xff, 0x7d]), expected: [400, "bad-json"] },
      { body: `{"name":"${"x".repeat(1_000_000)}"}`, expected: [413, "too-large"] },
    ];
    const ofTake = `/api/rooms/${host.room}/takes/${take}`;
    const calls = [
      { path: `/api/rooms/${host.room}/participants`, method: "POST" },
      { path: `/api/rooms/${host.room}/participants/${host.participant}/token`, method: "POST" },
      { path: `/api/rooms/${host.room}/takes/${newTake()}`, method: "PUT" },
      { path: `${ofTake}/tracks/${newTrack()}`, method: "PUT" },
      { path: `${ofTake}/demux`, method: "POST" },
      { path: `/api/rooms/${host.room}/editor-links`, method: "POST" },
    ];
    for (const { body, expected } of bodies) {
      for (const { path, method } of calls) {
        const response = await call(path, { method, body, token: host.token });
        expect(await statusAndReason(response), `${method} ${path} ${JSON.stringify(body).slice(0, 30)}`).toEqual(
          expected,
        );
      }
    }
    const seal = await call(`${ofTake}/tracks/${track}/seal`, {
      token: host.token,
      body: `{"x":"${"x".repeat(1_100_000)}"}`,
    });
    expect(await statusAndReason(seal)).toEqual([413, "too-large"]);
    expect(await stateOf(host)).toEqual(before);
  });

  it("[HA2] names are stripped of what is not to be seen, and are text", async () => {
    const host = await hostedRoom("  <img src=x onerror=alert(1)>\u202E ");
    const lobby = await (await call(`/api/rooms/${host.room}`)).json();
    expect(lobby).toEqual({ room: host.room, title: "<img src=x onerror=alert(1)>", full: false });
    for (const name of ["", "   ", "\u202E\u0000", "x".repeat(81), "x".repeat(60_000), 7, null, {}]) {
      const response = await call(`/api/rooms/${host.room}/participants`, { json: { name, consent: true } });
      expect(await statusAndReason(response), JSON.stringify(name)).toEqual([400, "bad-json"]);
    }
  });

  it("[HA5] every answer has the security headers, errors and pages that are none too", async () => {
    const { room } = await hostedRoom();
    const paths = ["/api/health", `/api/rooms/${room}`, "/api/rooms/x", "/api/nothing", "/api", "/", "/r/x", "/%zz"];
    for (const path of paths) {
      const response = await call(path);
      await response.text();
      const { headers } = response;
      expect(headers.get("X-Content-Type-Options"), path).toBe("nosniff");
      expect(headers.get("Referrer-Policy"), path).toBe("no-referrer");
      expect(headers.get("Permissions-Policy"), path).toContain(
        "camera=(self), microphone=(self), display-capture=(self)",
      );
      const policy = headers.get("Content-Security-Policy") ?? "";
      expect(policy).toContain("default-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("connect-src 'self' ws://studio.test wss://studio.test");
      expect(policy).not.toMatch(/unsafe|\*/);
      if (path.startsWith("/api/")) expect(headers.get("Cache-Control"), path).toBe("no-store");
    }
  });
});
