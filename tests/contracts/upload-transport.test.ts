import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Access, BodyPace, EpochAddress } from "#core/ports/upload-transport.ts";
import { httpUpload } from "#platform/http-upload.ts";
import type { Sha256 } from "#protocol/ids.ts";
import type { BodyStreaming } from "#platform/body-streaming.ts";
import { bodyOf, type HttpServer, listen, memoryHttpServer } from "../unit/upload/rig/http-server.ts";
import { hashOf } from "../unit/upload/rig/memory-device.ts";
import { idOf } from "../unit/upload/rig/upload-rig.ts";
import { inSlices } from "./sliced-transport.ts";
import { uploadTransportContract } from "./upload-transport.contract.ts";

const WAYS = [
  { way: "whole", of: httpUpload },
  { way: "in slices", of: inSlices },
];

// The same suite runs against the backend in tests/browser/upload-backend.test.ts.
describe.each(WAYS)("the upload over HTTP, bodies $way", ({ of }) => {
  it.each(uploadTransportContract)("$rule", async ({ run }) => {
    const server = await memoryHttpServer();
    try {
      await run({
        transport: of({ fetch, origin: server.origin, studioKey: () => null }),
        newId: () => randomBytes(16).toString("base64url"),
        file: (bytes) => new Blob([bytes]),
        hash: async (bytes) => hashOf(bytes),
      });
    } finally {
      await server.close();
    }
  });
});

const ACCESS: Access = { room: idOf("room"), token: "token" };
const AT: EpochAddress = { take: idOf("take"), track: idOf("track"), seq: 3 };
const BYTES = new Uint8Array([1, 2, 3, 4]);
const HASH: Sha256 = hashOf(BYTES);
const PORTAL = "<!doctype html><title>Sign in to the hotel's Wi-Fi</title>";

describe("what comes back from the network", () => {
  let server: HttpServer;
  let serve: (request: IncomingMessage, response: ServerResponse) => void = () => undefined;
  const { signal } = new AbortController();

  beforeEach(async () => {
    server = await listen((request, response) => serve(request, response));
  });
  afterEach(() => server.close());

  const put = (): ReturnType<ReturnType<typeof httpUpload>["putEpoch"]> =>
    httpUpload({ fetch, origin: server.origin, studioKey: () => "the key" }).putEpoch(
      ACCESS,
      AT,
      new Blob([BYTES]),
      HASH,
      signal,
    );
  const answering = (status: number, body: string, headers: Record<string, string> = {}): void => {
    serve = (request, response) => {
      request.resume().on("end", () => response.writeHead(status, headers).end(body));
    };
  };
  const refusal = JSON.stringify({ error: { reason: "why", message: "because" } });

  it("[UT10] an epoch goes out whole, with its length, digest and token", async () => {
    const seen = Promise.withResolvers<{ request: IncomingMessage; body: Buffer }>();
    serve = (request, response) => {
      void bodyOf(request).then((body) => {
        seen.resolve({ request, body });
        response.end("{}");
      });
    };
    await put();
    const { request, body } = await seen.promise;
    expect(request.method).toBe("PUT");
    expect(request.url).toBe(`/api/rooms/${ACCESS.room}/takes/${AT.take}/tracks/${AT.track}/epochs/3`);
    expect(request.headers["content-length"]).toBe("4");
    expect(request.headers["content-digest"]).toBe(`sha-256=:${Buffer.from(HASH, "hex").toString("base64")}:`);
    expect(request.headers.authorization).toBe("Bearer token");
    expect([...body]).toEqual([...BYTES]);
  });

  it("[UT10] the studio key goes with making a room, and with nothing else", async () => {
    const keys: unknown[] = [];
    serve = (request, response) => {
      keys.push(request.headers["tapesync-studio-key"]);
      request.resume().on("end", () => response.end("{}"));
    };
    await httpUpload({ fetch, origin: server.origin, studioKey: () => "the key" }).createRoom({}, signal);
    await put();
    expect(keys).toEqual(["the key", undefined]);
  });

  it.each([
    [200, PORTAL],
    [200, ""],
    [200, "{}"],
    [201, '{"receipt":2}'],
    [204, ""],
    [206, PORTAL],
    [302, ""],
    [307, ""],
    [401, PORTAL],
    [404, PORTAL],
    [409, "{}"],
    [511, PORTAL],
  ])("[UT11] %i with %j is not our server's", async (status, body) => {
    answering(status, body, status > 300 && status < 400 ? { Location: "/elsewhere" } : {});
    expect((await put()).kind).toBe("foreign");
  });

  it("[UT11] a redirect is not followed", async () => {
    let requests = 0;
    serve = (request, response) => {
      requests += 1;
      request.resume().on("end", () => response.writeHead(302, { Location: "/portal" }).end());
    };
    await put();
    expect(requests).toBe(1);
  });

  it.each([400, 401, 403, 404, 409, 410, 411, 413, 422])(
    "[UT12] %i with our error body is a refusal",
    async (status) => {
      answering(status, refusal);
      expect(await put()).toEqual({ kind: "refused", status, reason: "why", message: "because" });
    },
  );

  it("[UT12] a 413 is one, whoever says it", async () => {
    answering(413, "<html>413 Request Entity Too Large</html>");
    expect(await put()).toMatchObject({ kind: "refused", status: 413 });
  });

  it.each([408, 425, 429, 500, 502, 503, 504])("[UT13] %i passes, whoever says it", async (status) => {
    for (const body of [refusal, "<html>bad gateway</html>"]) {
      answering(status, body);
      expect(await put()).toEqual({ kind: "busy", status, retryAfterMs: null });
    }
  });

  it("[UT13] Retry-After is read as seconds, and as a date by the server's own clock", async () => {
    answering(429, refusal, { "Retry-After": "7" });
    expect(await put()).toMatchObject({ retryAfterMs: 7000 });
    const date = "Fri, 20 Nov 2020 10:00:00 GMT";
    answering(503, "", { Date: date, "Retry-After": "Fri, 20 Nov 2020 10:00:30 GMT" });
    expect(await put()).toMatchObject({ retryAfterMs: 30_000 });
    answering(503, "", { Date: date, "Retry-After": "Fri, 20 Nov 2020 09:00:00 GMT" });
    expect(await put()).toMatchObject({ retryAfterMs: 0 });
    answering(503, "", { "Retry-After": "soon" });
    expect(await put()).toMatchObject({ retryAfterMs: null });
  });

  it("[UT14] no server, a connection that breaks, and one that breaks in mid-answer are no reply", async () => {
    serve = (request) => request.socket.destroy();
    expect((await put()).kind).toBe("unreachable");
    serve = (request, response) => {
      request.resume().on("end", () => {
        response.writeHead(200, { "Content-Length": "500" });
        response.write('{"receipt":1,', () => response.destroy());
      });
    };
    expect((await put()).kind).toBe("unreachable");
    const gone = await listen(() => undefined);
    await gone.close();
    const nobody = httpUpload({ fetch, origin: gone.origin, studioKey: () => null });
    expect((await nobody.createRoom({}, signal)).kind).toBe("unreachable");
  });

  it("[UT9] a request under way ends when it is stopped", async () => {
    const arrived = Promise.withResolvers<void>();
    serve = () => arrived.resolve();
    const stop = new AbortController();
    const reason = new Error("the page goes");
    const transport = httpUpload({ fetch, origin: server.origin, studioKey: () => null });
    const answer = transport.putEpoch(ACCESS, AT, new Blob([BYTES]), HASH, stop.signal);
    await arrived.promise;
    stop.abort(reason);
    await expect(answer).rejects.toBe(reason);
  });
});

describe("a body in slices over HTTP", () => {
  let server: HttpServer;
  const seen: { readonly request: IncomingMessage; readonly body: Buffer }[] = [];
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  const { signal } = new AbortController();

  beforeEach(async () => {
    seen.length = 0;
    answer = (_, response) => void response.end("{}");
    server = await listen((request, response) => {
      void bodyOf(request).then((body) => {
        seen.push({ request, body });
        answer(request, response);
      });
    });
  });
  afterEach(() => server.close());

  class Streaming implements BodyStreaming {
    readonly told: string[] = [];
    possible = true;
    isPossible = (): boolean => this.possible;
    worked = (): void => void this.told.push("worked");
    failed = (): void => void this.told.push("failed");
    refused = (): void => void this.told.push("refused");
  }

  class Pace implements BodyPace {
    readonly taken: number[] = [];
    readonly whole = (bytes: number): void => void this.taken.push(-bytes);
    limits = true;
    async slice(most: number): Promise<number> {
      this.taken.push(Math.min(most, 3));
      return Math.min(most, 3);
    }
  }

  const put = (streaming: BodyStreaming, pace: BodyPace, through = fetch) =>
    httpUpload({ fetch: through, origin: server.origin, studioKey: () => null, streaming }).putEpoch(
      ACCESS,
      AT,
      new Blob([BYTES]),
      HASH,
      signal,
      pace,
    );

  it("[UT15] goes out as a stream with Upload-Length, digest and token, and no Content-Length", async () => {
    const [streaming, pace] = [new Streaming(), new Pace()];
    await put(streaming, pace);
    const [{ request, body } = {}] = seen;
    expect(request?.headers).toMatchObject({
      "upload-length": "4",
      "content-digest": `sha-256=:${Buffer.from(HASH, "hex").toString("base64")}:`,
      authorization: "Bearer token",
    });
    expect(request?.headers["content-length"]).toBeUndefined();
    expect([...(body ?? [])]).toEqual([...BYTES]);
    expect(pace.taken).toEqual([3, 1]);
    expect(streaming.told).toEqual(["worked"]);
  });

  it("[UT15] goes out whole, with its length, where it cannot be a stream and where nothing limits it", async () => {
    const [streaming, pace] = [new Streaming(), new Pace()];
    pace.limits = false;
    await put(streaming, pace);
    pace.limits = true;
    streaming.possible = false;
    await put(streaming, pace);
    expect(seen.map(({ request }) => request.headers["content-length"])).toEqual(["4", "4"]);
    expect(pace.taken).toEqual([-4, -4]);
    expect(streaming.told).toEqual([]);
  });

  it("[UT16] who wants a length is sent the same at once, whole", async () => {
    const [streaming, pace] = [new Streaming(), new Pace()];
    answer = (request, response) => {
      const status = request.headers["content-length"] === undefined ? 411 : 409;
      response.writeHead(status).end(JSON.stringify({ error: { reason: `for-${status}`, message: "" } }));
    };
    expect(await put(streaming, pace)).toMatchObject({ kind: "refused", status: 409 });
    expect(seen.map(({ request, body }) => [request.headers["content-length"], body.length])).toEqual([
      [undefined, 4],
      ["4", 4],
    ]);
    expect(streaming.told).toEqual(["refused"]);
  });

  it("[UT16] a request that fails before anything was taken may be the streaming's fault; one that breaks later is not", async () => {
    const [streaming, pace] = [new Streaming(), new Pace()];
    const refusing: typeof fetch = () => Promise.reject(new TypeError("Failed to fetch"));
    const first = await put(streaming, pace, refusing);
    expect([first.kind, streaming.told, pace.taken]).toEqual(["unreachable", ["failed"], []]);
    answer = (request) => void request.socket.destroy();
    expect([(await put(streaming, pace)).kind, streaming.told]).toEqual(["unreachable", ["failed"]]);
  });
});
