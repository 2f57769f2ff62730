import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { isServerAway } from "#core/ports/room-api.ts";
import { httpRoomApi } from "#platform/http-room-api.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HOST_SECRET, ME, ROOM, takeIdOf } from "../controllers/rig/rows.ts";
import { LINK_ID, manifestOf, summary } from "../controllers/rig/summaries.ts";

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly bearer: string | undefined;
  readonly studioKey: string | undefined;
  readonly body: string;
}

let origin = "";
let asked: Asked[] = [];
let answer: (response: ServerResponse) => void = (response) => response.end();
const server = createServer((request, response) => {
  void read(request).then((body) => {
    asked.push({
      method: request.method ?? "",
      path: request.url ?? "",
      bearer: request.headers.authorization,
      studioKey: request.headers["tapesync-studio-key"] as string | undefined,
      body,
    });
    answer(response);
  });
});

async function read(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

beforeEach(async () => {
  asked = [];
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
});

const api = () => httpRoomApi({ fetch, origin });

const json = (status: number, body: unknown, headers: Record<string, string> = {}) => {
  answer = (response) =>
    response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(body));
};

const refuse = (status: number, reason: string, headers?: Record<string, string>) =>
  json(status, { error: { reason, message: `no: ${reason}` } }, headers);

describe("the room API over HTTP", () => {
  it("asks for what it says, with the token, the key and the body in their places", async () => {
    json(201, { room: ROOM, hostSecret: HOST_SECRET });
    expect(await api().createRoom({}, "key")).toEqual({ room: ROOM, hostSecret: HOST_SECRET });
    json(200, { room: ROOM, title: "Ferries", takes: [summary("one")] });
    expect((await api().takes(ROOM, "token")).takes[0]?.stoppedMs).toBe(summary("one").stoppedMs);
    json(202, { job: "jobjobjobjobjobjobjo01" });
    await api().startDemux(ROOM, takeIdOf("one"), "what-is-there", "token");
    answer = (response) => response.writeHead(204).end();
    await api().deleteTake(ROOM, takeIdOf("one"), "token");
    await api().revokeEditorLink(ROOM, LINK_ID, "token");
    json(200, manifestOf());
    expect((await api().deliveryManifest(ROOM, takeIdOf("one"))).participants).toHaveLength(2);
    json(200, { role: "host", token: "new", tokenExpiresMs: 5 });
    await api().renewToken(ROOM, ME, { refreshSecret: HOST_SECRET });
    json(201, { invite: HOST_SECRET, expiresMs: 5 });
    expect((await api().createInvite(ROOM, "token")).invite).toBe(HOST_SECRET);
    json(200, { iceServers: [{ urls: "turn:turn.example", username: "5:me", credential: "secret" }] });
    expect(await api().iceServers(ROOM, "token")).toHaveLength(1);
    const take = `/api/rooms/${ROOM}/takes/${takeIdOf("one")}`;
    expect(asked.map(({ method, path, bearer, studioKey, body }) => [method, path, bearer, studioKey, body])).toEqual([
      ["POST", "/api/rooms", undefined, "key", "{}"],
      ["GET", `/api/rooms/${ROOM}/takes`, "Bearer token", undefined, ""],
      ["POST", `${take}/demux`, "Bearer token", undefined, '{"deliver":"what-is-there"}'],
      ["DELETE", take, "Bearer token", undefined, ""],
      ["DELETE", `/api/rooms/${ROOM}/editor-links/${LINK_ID}`, "Bearer token", undefined, ""],
      ["GET", `${take}/exports/manifest.json`, undefined, undefined, ""],
      [
        "POST",
        `/api/rooms/${ROOM}/participants/${ME}/token`,
        undefined,
        undefined,
        `{"refreshSecret":"${HOST_SECRET}"}`,
      ],
      ["POST", `/api/rooms/${ROOM}/invites`, "Bearer token", undefined, ""],
      ["GET", `/api/rooms/${ROOM}/realtime/generate-ice-servers`, "Bearer token", undefined, ""],
    ]);
  });

  it.each([
    [401, "token-expired", "unauthorized"],
    [403, "not-host", "refused"],
    [403, "studio-key-wrong", "studio-key-needed"],
    [404, "not-found", "not-found"],
    [409, "room-full", "refused"],
    [410, "take-deleted", "deleted"],
    [422, "length-wrong", "refused"],
    [429, "too-fast", "rate-limited"],
    [503, "room-unavailable", "server-failed"],
  ] as const)("a %d with %s is `%s`", async (status, serverReason, reason) => {
    refuse(status, serverReason, { "Retry-After": "7" });
    const error = await api()
      .takes(ROOM)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ reason, serverReason, message: `no: ${serverReason}`, retryAfterS: 7 });
  });

  it("another's page is a bad reply, whatever its status: a captive portal is not a room", async () => {
    for (const status of [200, 404]) {
      answer = (response) => response.writeHead(status, { "Content-Type": "text/html" }).end("<html>Sign in</html>");
      const error = await api()
        .lobby(ROOM)
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ reason: "bad-reply" });
      expect(isServerAway(error)).toBe(true);
    }
  });

  it("a redirect to a sign-in page, a refused connection and one that breaks are `unreachable`", async () => {
    answer = (response) => response.writeHead(302, { Location: `${origin}/login` }).end();
    await expect(api().health()).rejects.toMatchObject({ reason: "unreachable" });
    answer = (response) => {
      response.writeHead(200, { "Content-Length": "100" }).write("{");
      response.destroy();
    };
    await expect(api().health()).rejects.toMatchObject({ reason: "unreachable" });
    await expect(httpRoomApi({ fetch, origin: "http://127.0.0.1:1" }).health()).rejects.toMatchObject({
      reason: "unreachable",
    });
  });

  it("a proxy's 502 is a server that failed", async () => {
    answer = (response) => response.writeHead(502).end("Bad gateway");
    await expect(api().health()).rejects.toMatchObject({ reason: "server-failed" });
  });

  it("an aborted call rejects with the signal's reason", async () => {
    answer = () => {};
    const abort = new AbortController();
    const asking = api().takes(ROOM, "token", abort.signal);
    abort.abort(new Error("left"));
    await expect(asking).rejects.toThrow("left");
  });

  it("a studio key that no header can carry is not sent", async () => {
    await expect(api().createRoom({}, "schlüssel\n")).rejects.toMatchObject({ reason: "studio-key-needed" });
    expect(asked).toEqual([]);
  });
});
