import * as v from "valibot";
import { type RoomApi, RoomApiError, type RoomApiReason } from "#core/ports/room-api.ts";
import { iceServers } from "#protocol/call.ts";
import { deliveryManifest } from "#protocol/delivery-manifest.ts";
import { errorReply } from "#protocol/errors.ts";
import {
  demuxStarted,
  editorLinkCreated,
  editorLinks,
  exportsAccess,
  health,
  inviteCreated,
  joined,
  lobbyInfo,
  roomCreated,
  STUDIO_KEY_HEADER,
  takeList,
  tokenRenewed,
} from "#protocol/http-api.ts";
import type { RoomId, TakeId } from "#protocol/ids.ts";

/** Longer than a cold start of backend and storage, shorter than a person's patience. */
const ANSWER_WITHIN_MS = 20_000;

export interface HttpRoomApiPorts {
  readonly fetch: typeof fetch;
  /** Of the server: `""` for the page's own. */
  readonly origin: string;
}

interface Call {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly bearer?: string | undefined;
  readonly studioKey?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The room API over HTTP. Cookies are the page's own (`same-origin`), nothing is cached, redirects are refused. */
export function httpRoomApi(ports: HttpRoomApiPorts): RoomApi {
  const ask = async <Schema extends v.GenericSchema>(schema: Schema, call: Call): Promise<v.InferOutput<Schema>> => {
    const reply = await send(ports, call);
    const text = await textOf(reply, call.signal);
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text);
    if (!parsed.success) throw RoomApiError.badReply(`${call.method} ${call.path}`, new v.ValiError(parsed.issues));
    return parsed.output;
  };
  const tell = async (call: Call): Promise<void> => {
    const reply = await send(ports, call);
    await textOf(reply, call.signal);
  };
  return {
    createRoom: (body, studioKey) => ask(roomCreated, { method: "POST", path: "/api/rooms", body, studioKey }),
    lobby: (room, signal) => ask(lobbyInfo, { method: "GET", path: roomPath(room), signal }),
    join: (room, body) => ask(joined, { method: "POST", path: `${roomPath(room)}/participants`, body }),
    renewToken: (room, participant, body) =>
      ask(tokenRenewed, { method: "POST", path: `${roomPath(room)}/participants/${participant}/token`, body }),
    createInvite: (room, bearer) => ask(inviteCreated, { method: "POST", path: `${roomPath(room)}/invites`, bearer }),
    iceServers: async (room, bearer) =>
      (await ask(iceServers, { method: "GET", path: `${roomPath(room)}/realtime/generate-ice-servers`, bearer }))
        .iceServers,
    takes: (room, bearer, signal) => ask(takeList, { method: "GET", path: `${roomPath(room)}/takes`, bearer, signal }),
    startDemux: async (room, take, deliver, bearer) => {
      const path = `${takePath(room, take)}/demux`;
      return (await ask(demuxStarted, { method: "POST", path, body: { deliver }, bearer })).job;
    },
    deleteTake: (room, take, bearer) => tell({ method: "DELETE", path: takePath(room, take), bearer }),
    deleteRoom: (room, bearer) => tell({ method: "DELETE", path: roomPath(room), bearer }),
    editorLinks: async (room, bearer) =>
      (await ask(editorLinks, { method: "GET", path: `${roomPath(room)}/editor-links`, bearer })).links,
    createEditorLink: (room, days, bearer) =>
      ask(editorLinkCreated, { method: "POST", path: `${roomPath(room)}/editor-links`, body: { days }, bearer }),
    revokeEditorLink: (room, link, bearer) =>
      tell({ method: "DELETE", path: `${roomPath(room)}/editor-links/${link}`, bearer }),
    exportsAccess: (room, key) =>
      ask(exportsAccess, { method: "POST", path: `${roomPath(room)}/exports-access`, bearer: key }),
    deliveryManifest: (room, take, signal) =>
      ask(deliveryManifest, { method: "GET", path: `${takePath(room, take)}/exports/manifest.json`, signal }),
    health: async (signal) => {
      await ask(health, { method: "GET", path: "/api/health", signal });
    },
  };
}

const roomPath = (room: RoomId): string => `/api/rooms/${room}`;
const takePath = (room: RoomId, take: TakeId): string => `${roomPath(room)}/takes/${take}`;

/** A key that no header can carry is no key: keys are printable ASCII. */
function headerText(key: string): string {
  if (!/^[\x21-\x7e]{1,200}$/.test(key)) throw new RoomApiError("studio-key-needed", "not a studio key");
  return key;
}

async function send(ports: HttpRoomApiPorts, call: Call): Promise<Response> {
  const headers = new Headers();
  if (call.body !== undefined) headers.set("Content-Type", "application/json");
  if (call.bearer !== undefined) headers.set("Authorization", `Bearer ${call.bearer}`);
  if (call.studioKey !== undefined) headers.set(STUDIO_KEY_HEADER, headerText(call.studioKey));
  const late = AbortSignal.timeout(ANSWER_WITHIN_MS);
  let reply: Response;
  try {
    reply = await ports.fetch(ports.origin + call.path, {
      method: call.method,
      headers,
      body: call.body === undefined ? null : JSON.stringify(call.body),
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
      signal: call.signal === undefined ? late : AbortSignal.any([call.signal, late]),
    });
  } catch (error) {
    call.signal?.throwIfAborted();
    throw RoomApiError.unreachable(error);
  }
  if (!reply.ok) throw await refusalOf(reply, call);
  return reply;
}

/** The body; a connection that breaks within it is a server that does not answer. */
async function textOf(reply: Response, signal: AbortSignal | undefined): Promise<string> {
  try {
    return await reply.text();
  } catch (error) {
    signal?.throwIfAborted();
    throw RoomApiError.unreachable(error);
  }
}

async function refusalOf(reply: Response, call: Call): Promise<RoomApiError> {
  const body = v.safeParse(v.pipe(v.string(), v.parseJson(), errorReply), await textOf(reply, call.signal));
  const retryAfterS = retryAfter(reply.headers.get("Retry-After"));
  const timing = retryAfterS === undefined ? {} : { retryAfterS };
  if (!body.success) {
    // proxies answer in their own words while the server is away
    if (reply.status >= 500) return new RoomApiError("server-failed", `status ${reply.status}`, timing);
    if (reply.status === 429) return new RoomApiError("rate-limited", "too many requests", timing);
    return RoomApiError.badReply(`${call.method} ${call.path}: status ${reply.status}`);
  }
  const { reason, message } = body.output.error;
  return new RoomApiError(reasonOf(reply.status, reason), message, { serverReason: reason, ...timing });
}

function reasonOf(status: number, serverReason: string): RoomApiReason {
  if (serverReason.startsWith("studio-key")) return "studio-key-needed";
  switch (status) {
    case 401:
      return "unauthorized";
    case 404:
      return "not-found";
    case 410:
      return "deleted";
    case 429:
      return "rate-limited";
    default:
      return status >= 500 ? "server-failed" : "refused";
  }
}

/** Seconds; the date form is not used by our server. */
function retryAfter(header: string | null): number | undefined {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) : undefined;
}
