import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  admittedGuest,
  call,
  declareTake,
  declareTrack,
  hostedRoom,
  makeRoom,
  putEpoch,
  sealTrack,
  someBytes,
  statusAndReason,
  uploadTrack,
  waitingSeat,
} from "./rig/api.ts";
import { finish, FakeRender, report } from "./rig/render.ts";
import { connect, knock } from "./rig/socket.ts";

let render: FakeRender;

beforeEach(() => {
  render = new FakeRender();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("headers", () => {
  const paths = ["/api/health", "/api/rooms/x", "/api/nothing", "/api", "/", "/r/x", "/%zz", "/sw.js"];

  it("[HA5] every answer has them: API, errors, pages, downloads, refusals of the socket", async () => {
    const host = await hostedRoom();
    const take = await declareTake(host);
    const track = await uploadTrack(host, take, 1);
    await (await sealTrack(host, take, track, 1)).text();
    await (await finish(await render.nextJob(), { "Alice.mkv": someBytes(1) })).text();
    const { token } = host;
    const answers = [
      ...(await Promise.all(paths.map((path) => call(path)))),
      await call(`/api/rooms/${host.room}/takes/${take}/exports/Alice.mkv`, { token }),
      await call(`/api/rooms/${host.room}/takes/${take}/exports.zip`, { token }),
      await call(`/api/rooms/${host.room}/takes/${take}/exports/Alice.mkv`, {
        token,
        headers: { Range: "bytes=9999-" },
      }),
      await call(`/api/rooms/${host.room}/takes`),
      await call(`/api/rooms/${host.room}/socket`),
      await call(`/api/rooms/${host.room}/realtime/sessions/new`, { method: "POST" }),
      await call("/api/rooms", { body: "{" }),
    ];
    expect(new Set(answers.map((answer) => answer.status)).size).toBeGreaterThan(4);
    for (const answer of answers) {
      await answer.body?.cancel();
      const of = (name: string) => answer.headers.get(name) ?? "";
      const where = `${answer.status} ${answer.url}`;
      expect(of("X-Content-Type-Options"), where).toBe("nosniff");
      expect(of("Referrer-Policy"), where).toBe("no-referrer");
      expect(of("Cross-Origin-Opener-Policy"), where).toBe("same-origin");
      expect(of("Cross-Origin-Embedder-Policy"), where).toBe("require-corp");
      expect(of("Cross-Origin-Resource-Policy"), where).toBe("same-origin");
      expect(of("Strict-Transport-Security"), where).toMatch(/^max-age=\d{8}/);
      const policy = of("Content-Security-Policy");
      expect(policy, where).toContain("script-src 'self';");
      expect(policy, where).toContain("frame-ancestors 'none'");
      expect(policy, where).toContain("object-src 'none'");
      expect(policy, where).toContain("require-trusted-types-for 'script'; trusted-types default");
      expect(policy, where).toContain("connect-src 'self' ws://studio.test wss://studio.test;");
      expect(policy, where).not.toMatch(/unsafe|\*/);
    }
  });

  it("[HA5] allows exactly the features that the studio uses", async () => {
    const policy = (await call("/api/health")).headers.get("Permissions-Policy") ?? "";
    const features = policy.split(", ").map((part) => part.split("="));
    const allowed = features.flatMap(([name, who]) => (who === "(self)" ? [name] : []));
    const used = ["camera", "display-capture", "fullscreen", "microphone", "picture-in-picture", "screen-wake-lock"];
    expect(new Set(allowed)).toEqual(new Set(used));
    expect(features.filter(([, who]) => who !== "(self)").every(([, who]) => who === "()")).toBe(true);
  });
});

describe("names and stored bytes", () => {
  const NAMES = [
    ["<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"],
    ["javascript:alert(1)", "javascript:alert(1)"],
    ["Bob\u202Eecila", "Bobecila"],
    ["\u2066A\u2069\u061Cl\u200Fi\u200Ec\u2028e\u2029\u200B\u00AD\u{E0041}", "Alice"],
    ["A\u0000\u0007\u001B[31m", "A[31m"],
    ["\uD800x\uDFFF", "\uFFFDx\uFFFD"],
    ["👩\u200D🔧", "👩\u200D🔧"],
  ] as const;

  it("[HA2] a name loses what is not to be seen, wherever it comes in, and is text wherever it goes out", async () => {
    const host = await hostedRoom();
    const { socket } = await connect(host);
    const guest = await admittedGuest(host, "Bob");
    await connect(guest);
    await socket.next("participant");
    for (const [said, shown] of NAMES) {
      const eve = await waitingSeat(host.room, said);
      await knock(eve);
      expect((await socket.next("knock")).knocker.name).toBe(shown);
      const json = { refreshSecret: guest.refreshSecret, name: said };
      await (await call(`/api/rooms/${host.room}/participants/${guest.participant}/token`, { json })).text();
      expect((await socket.next("participant")).participant.name).toBe(shown);
      const room = await makeRoom(said);
      const lobby = await call(`/api/rooms/${room.room}`);
      expect(lobby.headers.get("Content-Type")).toContain("application/json");
      expect(await lobby.json()).toMatchObject({ title: shown });
    }
  });

  it("[HA2] nobody is called nothing, or a megabyte", async () => {
    const { room } = await makeRoom();
    const join = (name: unknown) => call(`/api/rooms/${room}/participants`, { json: { name, consent: true } });
    for (const name of ["", " ", "\u202E\u200B", "\u200D", "\u3164", "\u2800", "x".repeat(81)]) {
      expect(await statusAndReason(await join(name)), JSON.stringify(name)).toEqual([400, "bad-json"]);
    }
    expect(await statusAndReason(await join("x".repeat(1_000_000)))).toEqual([413, "too-large"]);
  });

  it("[HA51] HTML that is uploaded as an epoch or a file comes back as bytes to be saved, never as a page", async () => {
    const html = new TextEncoder().encode("<!doctype html><script>alert(1)</script>");
    const host = await hostedRoom();
    const take = await declareTake(host);
    const track = await declareTrack(host, take);
    const put = await putEpoch(host, { take, track, seq: 0, bytes: html, headers: { "Content-Type": "text/html" } });
    expect(put.status).toBe(201);
    const digest = await crypto.subtle.digest("SHA-256", html);
    const chain = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
    await (await sealTrack(host, take, track, 1, { chain })).text();
    const job = await render.nextJob();
    const epoch = await report(job, `/tracks/${track}/epochs/0`);
    await (await finish(job, { "page.html": html })).text();
    const file = await call(`/api/rooms/${host.room}/takes/${take}/exports/page.html`, { token: host.token });
    for (const answer of [epoch, file]) {
      expect(answer.status).toBe(200);
      expect(answer.headers.get("Content-Type")).toBe("application/octet-stream");
      expect(answer.headers.get("Content-Disposition")).toMatch(/^attachment/);
      expect(answer.headers.get("X-Content-Type-Options")).toBe("nosniff");
      expect(new Uint8Array(await answer.arrayBuffer())).toEqual(html);
    }
  });
});
