import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Answer } from "#core/ports/upload-transport.ts";
import type { ParticipantId, RoomId, Sha256, TakeId, TrackId } from "#protocol/ids.ts";
import { MemoryFile } from "./memory-device.ts";
import { MemoryServer } from "./memory-server.ts";

/** A server on a free port of the loopback; `close` ends its connections too. */
export interface HttpServer {
  readonly origin: string;
  close(): Promise<void>;
}

export async function listen(serve: (request: IncomingMessage, response: ServerResponse) => void): Promise<HttpServer> {
  const server: Server = createServer(serve);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export interface MemoryHttpServer extends HttpServer {
  readonly memory: MemoryServer;
  /** Answers every call of the API in its place; `null`: the API is back. */
  breakWith(answer: ((response: ServerResponse) => void) | null): void;
}

/** The memory server behind the paths of the HTTP API; `other` answers everything else. */
export async function memoryHttpServer(
  other: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => void response.end(),
): Promise<MemoryHttpServer> {
  const memory = new MemoryServer({ nowMs: 0, delay: async () => undefined });
  memory.latencyMs = 0;
  let broken: ((response: ServerResponse) => void) | null = null;
  const server = await listen((request, response) => {
    if (!request.url?.startsWith("/api/")) other(request, response);
    else if (broken) broken(response);
    else void route(memory, request).then((answer) => reply(response, answer));
  });
  return {
    ...server,
    memory,
    breakWith: (answer) => {
      broken = answer;
    },
  };
}

type AnyAnswer = Answer<unknown> | { readonly kind: "missing"; readonly ranges: readonly (readonly number[])[] };

async function route(memory: MemoryServer, request: IncomingMessage): Promise<AnyAnswer> {
  const { signal } = new AbortController();
  const path = (request.url ?? "").split("/").slice(2);
  const [, room, kind, name, , track, , seq] = path as [
    string,
    RoomId,
    string,
    string,
    string,
    TrackId,
    string,
    string,
  ];
  const bytes = await bodyOf(request);
  const json = () => JSON.parse(bytes.toString("utf8"));
  const access = { room, token: (request.headers.authorization ?? "").replace("Bearer ", "") };
  const at = { take: name as TakeId, track };
  if (path.length === 1) return memory.createRoom(json(), signal);
  if (kind === "participants" && path.length === 3) return memory.join(room, json(), signal);
  if (kind === "participants") return memory.renewToken(room, name as ParticipantId, json(), signal);
  if (path.length === 4) return memory.declareTake(access, name as TakeId, json(), signal);
  if (path.length === 6) return memory.declareTrack(access, at, json(), signal);
  if (path[6] === "seal") {
    const sealed = await memory.seal(access, at, json(), signal);
    return sealed.kind === "ok" ? { ...sealed, value: { track, sealed: true } } : sealed;
  }
  if (request.method === "GET") return memory.haveList(access, at, signal);
  const digest = /^sha-256=:(.+):$/.exec(String(request.headers["content-digest"]))?.[1] ?? "";
  const sha256 = Buffer.from(digest, "base64").toString("hex") as Sha256;
  return memory.putEpoch(access, { ...at, seq: Number(seq) }, new MemoryFile(bytes), sha256, signal);
}

function reply(response: ServerResponse, answer: AnyAnswer): void {
  response.setHeader("Content-Type", "application/json");
  if (answer.kind === "ok") response.writeHead(answer.status).end(JSON.stringify(answer.value));
  else if (answer.kind === "missing") {
    const error = { reason: "epochs-missing", message: "missing" };
    response.writeHead(409).end(JSON.stringify({ error, missing: answer.ranges }));
  } else if (answer.kind === "refused") {
    response
      .writeHead(answer.status)
      .end(JSON.stringify({ error: { reason: answer.reason, message: answer.message } }));
  } else throw new Error(`the memory server has no fault here: ${answer.kind}`);
}
