import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  call,
  declareTake,
  hashOf,
  type HostSeat,
  hostedRoom,
  admittedGuest,
  sealTrack,
  someBytes,
  statusAndReason,
  uploadTrack,
} from "./rig/api.ts";
import { FakeRender, finish } from "./rig/render.ts";

let render: FakeRender;
const FILE = someBytes(9, 5000);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
  render = new FakeRender();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function delivered() {
  const host = await hostedRoom();
  const take = await declareTake(host);
  const track = await uploadTrack(host, take, 1);
  await (await sealTrack(host, take, track, 1)).text();
  await (await finish(await render.nextJob(), { "Alice.mkv": FILE, SHA256SUMS: someBytes(3, 70) })).text();
  return { host, take, path: `/api/rooms/${host.room}/takes/${take}/exports/Alice.mkv` };
}

async function access(room: string, token: string) {
  const response = await call(`/api/rooms/${room}/exports-access`, { method: "POST", token });
  const setCookie = response.headers.get("Set-Cookie") ?? "";
  return { response, setCookie, cookie: { Cookie: setCookie.split(";")[0] ?? "" } };
}

async function editorLink(host: HostSeat, days = 7) {
  const response = await call(`/api/rooms/${host.room}/editor-links`, { token: host.token, json: { days } });
  return response.json<{ link: string; key: string; createdMs: number; expiresMs: number }>();
}

const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());

describe("reading exports", () => {
  it("[HA50] a host's token is exchanged for a cookie that reads this room's exports and nothing else", async () => {
    const { host, take, path } = await delivered();
    const { response, setCookie, cookie } = await access(host.room, host.token);
    expect(await response.json()).toMatchObject({ as: "host" });
    expect(setCookie).toContain(`Path=/api/rooms/${host.room}`);
    expect(setCookie).toContain("HttpOnly");
    expect(setCookie).toContain("SameSite=Strict");
    expect(await bytesOf(await call(path, { headers: cookie }))).toEqual(FILE);
    expect((await call(`/api/rooms/${host.room}/takes`, { headers: cookie })).status).toBe(200);
    for (const [method, other] of [
      ["POST", `/api/rooms/${host.room}/editor-links`],
      ["DELETE", `/api/rooms/${host.room}/takes/${take}`],
      ["POST", `/api/rooms/${host.room}/takes/${take}/demux`],
      ["POST", `/api/rooms/${host.room}/exports-access`],
      ["DELETE", `/api/rooms/${host.room}`],
    ] as const) {
      const refused = await call(other, { method, headers: cookie, json: {} });
      expect(await statusAndReason(refused), other).toEqual([401, "token-missing"]);
    }
  });

  it("[HA50] without, with a guest's token, another room's cookie or an old one, nothing is read", async () => {
    const { host, path } = await delivered();
    const other = await delivered();
    const guest = await admittedGuest(host, "Bob");
    expect(await statusAndReason(await call(path))).toEqual([401, "token-missing"]);
    expect(await statusAndReason(await call(path, { token: guest.token }))).toEqual([403, "not-host"]);
    const { cookie: foreign } = await access(other.host.room, other.host.token);
    expect(await statusAndReason(await call(path, { headers: foreign }))).toEqual([401, "token-refused"]);
    expect(await statusAndReason(await call(path, { headers: { Cookie: "tapesync-exports=x.y" } }))).toEqual([
      401,
      "token-refused",
    ]);
    const { cookie } = await access(host.room, host.token);
    vi.setSystemTime(Date.now() + 12 * 3_600_000 + 1000);
    expect(await statusAndReason(await call(path, { headers: cookie }))).toEqual([401, "token-expired"]);
  });

  it("[HA51] a file is an attachment of unknown type, with its hash as ETag", async () => {
    const { host, path } = await delivered();
    const response = await call(path, { token: host.token });
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Disposition")).toBe('attachment; filename="Alice.mkv"');
    expect(response.headers.get("Content-Type")).toBe("application/octet-stream");
    expect(response.headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(response.headers.get("Accept-Ranges")).toBe("bytes");
    expect(response.headers.get("Content-Length")).toBe("5000");
    expect(response.headers.get("ETag")).toBe(`"${await hashOf(FILE)}"`);
    await response.text();
    const head = await call(path, { method: "HEAD", token: host.token });
    expect([head.status, head.headers.get("Content-Length")]).toEqual([200, "5000"]);
  });

  it("[HA52] one range is 206, none of the file 416, what is not understood the whole file", async () => {
    const { host, path } = await delivered();
    const ask = (Range: string, more: Record<string, string> = {}) =>
      call(path, { token: host.token, headers: { Range, ...more } });
    const parts: [string, number, number][] = [
      ["bytes=0-0", 0, 1],
      ["bytes=100-199", 100, 200],
      ["bytes=4990-", 4990, 5000],
      ["bytes=-10", 4990, 5000],
      ["bytes=-99999", 0, 5000],
      ["bytes=4000-99999", 4000, 5000],
      ["Bytes = 1-2", 1, 3],
    ];
    for (const [range, from, to] of parts) {
      const response = await ask(range);
      expect(response.status, range).toBe(206);
      expect(response.headers.get("Content-Range")).toBe(`bytes ${from}-${to - 1}/5000`);
      expect(response.headers.get("Content-Length")).toBe(String(to - from));
      expect(await bytesOf(response)).toEqual(FILE.subarray(from, to));
    }
    for (const range of ["bytes=5000-", "bytes=99999-", "bytes=-0"]) {
      const response = await ask(range);
      expect(response.headers.get("Content-Range"), range).toBe("bytes */5000");
      expect(await statusAndReason(response), range).toEqual([416, "range-refused"]);
    }
    for (const range of ["bytes=", "bytes=-", "bytes=5-4", "bytes=0-1,3-4", "items=0-1", "bytes=a-b", "x"]) {
      const response = await ask(range);
      expect(response.status, range).toBe(200);
      expect(await bytesOf(response)).toEqual(FILE);
    }
  });

  it("[HA52] a download is resumed only while the file is the same", async () => {
    const { host, path } = await delivered();
    const etag = `"${await hashOf(FILE)}"`;
    const ask = (headers: Record<string, string>) => call(path, { token: host.token, headers });
    const same = await ask({ Range: "bytes=10-19", "If-Range": etag });
    expect([same.status, await bytesOf(same)]).toEqual([206, FILE.subarray(10, 20)]);
    const other = await ask({ Range: "bytes=10-19", "If-Range": '"other"' });
    expect([other.status, (await bytesOf(other)).byteLength]).toEqual([200, 5000]);
    for (const match of [etag, `W/${etag}`, "*", `"x", ${etag}`]) {
      const response = await ask({ "If-None-Match": match });
      expect([response.status, await response.text()], match).toEqual([304, ""]);
    }
    expect((await ask({ "If-None-Match": '"other"' })).status).toBe(200);
  });

  it("[HA53] everything comes as one ZIP, stored, with its length", async () => {
    const { host, take } = await delivered();
    const response = await call(`/api/rooms/${host.room}/takes/${take}/exports.zip`, { token: host.token });
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Disposition")).toMatch(/^attachment; filename="A_take_\d{4}-\d\d-\d\d\.zip"$/);
    const zip = await bytesOf(response);
    expect(response.headers.get("Content-Length")).toBe(String(zip.byteLength));
    const view = new DataView(zip.buffer);
    expect(view.getUint32(0, true)).toBe(0x04034b50);
    expect(view.getUint16(8, true)).toBe(0);
    const name = "Alice.mkv";
    expect(new TextDecoder().decode(zip.subarray(30, 30 + name.length))).toBe(name);
    expect(zip.subarray(30 + name.length, 30 + name.length + FILE.byteLength)).toEqual(FILE);
    expect(view.getUint16(zip.byteLength - 12, true)).toBe(2);
  });

  it("[HA53] there is no ZIP of a take that is not delivered", async () => {
    const host = await hostedRoom();
    const take = await declareTake(host);
    const response = await call(`/api/rooms/${host.room}/takes/${take}/exports.zip`, { token: host.token });
    expect(await statusAndReason(response)).toEqual([404, "not-found"]);
  });
});

describe("editor links", () => {
  it("[HA54] a link's key reads exports, without a seat in the room", async () => {
    const { host, take, path } = await delivered();
    const { key, link, expiresMs, createdMs } = await editorLink(host, 3);
    expect(Math.abs(expiresMs - createdMs - 3 * 86_400_000)).toBeLessThanOrEqual(1000);
    const { response, cookie } = await access(host.room, key);
    expect(await response.json()).toMatchObject({ as: "editor" });
    expect(await bytesOf(await call(path, { headers: cookie }))).toEqual(FILE);
    expect((await call(`/api/rooms/${host.room}/takes`, { token: key })).status).toBe(200);
    const listed = await call(`/api/rooms/${host.room}/editor-links`, { token: host.token });
    expect(await listed.json()).toEqual({ links: [{ link, createdMs, expiresMs }] });
    for (const [method, other, json] of [
      ["GET", `/api/rooms/${host.room}/editor-links`, undefined],
      ["POST", `/api/rooms/${host.room}/editor-links`, { days: 1 }],
      ["DELETE", `/api/rooms/${host.room}/takes/${take}`, undefined],
      ["PUT", `/api/rooms/${host.room}/takes/${take}`, { startedMs: 1 }],
    ] as const) {
      const refused = await call(other, { method, token: key, ...(json ? { json } : {}) });
      expect(await statusAndReason(refused), `${method} ${other}`).toEqual([401, "token-refused"]);
    }
  });

  it("[HA55] revoking works at once, for the key and for cookies made with it", async () => {
    const { host, path } = await delivered();
    const { key, link } = await editorLink(host);
    const { cookie } = await access(host.room, key);
    expect((await call(path, { headers: cookie })).status).toBe(200);
    const revoke = () => call(`/api/rooms/${host.room}/editor-links/${link}`, { method: "DELETE", token: host.token });
    expect((await revoke()).status).toBe(204);
    expect(await statusAndReason(await revoke())).toEqual([404, "not-found"]);
    expect(await statusAndReason(await call(path, { headers: cookie }))).toEqual([401, "token-refused"]);
    const { response } = await access(host.room, key);
    expect(await statusAndReason(response)).toEqual([401, "token-refused"]);
  });

  it("[HA55] it expires, and a cookie made with it does not live longer", async () => {
    const { host, path } = await delivered();
    const { key, expiresMs } = await editorLink(host, 1);
    vi.setSystemTime(expiresMs - 60_000);
    const { response, cookie } = await access(host.room, key);
    expect(await response.json()).toEqual({ as: "editor", expiresMs });
    vi.setSystemTime(expiresMs);
    expect(await statusAndReason(await call(path, { headers: cookie }))).toEqual([401, "token-expired"]);
    expect(await statusAndReason(await call(path, { token: key }))).toEqual([401, "token-expired"]);
  });

  it("[HA54] links live 1 to 30 days", async () => {
    const { host } = await delivered();
    for (const days of [0, 31, 1.5, -1, "7", null]) {
      const response = await call(`/api/rooms/${host.room}/editor-links`, { token: host.token, json: { days } });
      expect(await statusAndReason(response)).toEqual([400, "bad-json"]);
    }
  });
});
