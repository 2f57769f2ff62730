import type { IncomingMessage } from "node:http";
import {
  closeTracks,
  newDataChannels,
  newTracks,
  realtimeSessionId,
  renegotiate,
  updateTracks,
} from "#protocol/realtime-api.ts";
import * as v from "valibot";
import { ApiError } from "../session/api-error.ts";
import type { SessionTable } from "../session/session-table.ts";
import { processStats } from "./process-stats.ts";
import { readJson } from "./read-json.ts";

export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

const PATH = /^(?:\/v1)?\/apps\/([^/]+)\/sessions\/([^/]+)(?:\/([a-z/]+))?$/;

/** What the routes know about the process. */
export interface RouteSetup {
  readonly appId: string;
  readonly authorized: (header: string | undefined) => boolean;
  readonly table: SessionTable;
}

/**
 * Answers one request.
 * @throws {ApiError} for everything that is refused
 */
export async function answer(request: IncomingMessage, setup: RouteSetup): Promise<Reply> {
  const { pathname } = new URL(request.url ?? "/", "http://sfu.invalid");
  if (pathname === "/health") return { status: 200, body: { ok: true, sessions: setup.table.size } };
  if (!setup.authorized(request.headers.authorization)) throw ApiError.unauthorized();
  if (pathname === "/stats") return { status: 200, body: processStats(setup.table) };
  const [, appId, session = "", operation = ""] = PATH.exec(pathname) ?? [];
  if (appId !== setup.appId) throw ApiError.notFound();
  if (session === "new" && operation === "") {
    expectMethod(request, "POST");
    return { status: 201, body: { sessionId: setup.table.create().id } };
  }
  return { status: 200, body: await sessionOperation(request, setup.table, session, operation) };
}

function expectMethod(request: IncomingMessage, method: string): void {
  if (request.method !== method) throw ApiError.methodNotAllowed();
}

async function sessionOperation(
  request: IncomingMessage,
  table: SessionTable,
  id: string,
  operation: string,
): Promise<unknown> {
  if (!v.is(realtimeSessionId, id)) throw ApiError.sessionGone();
  const take = (method: string) => {
    expectMethod(request, method);
    return table.take(id);
  };
  switch (operation) {
    case "":
      return take("GET").state();
    case "tracks/new":
      return take("POST").newTracks(await readJson(request, newTracks));
    case "tracks/update":
      return take("PUT").updateTracks(await readJson(request, updateTracks));
    case "tracks/close":
      return take("PUT").closeTracks(await readJson(request, closeTracks));
    case "renegotiate":
      return take("PUT").renegotiate(await readJson(request, renegotiate));
    case "datachannels/new":
      take("POST");
      await readJson(request, newDataChannels);
      throw ApiError.notSupported("data channels");
    default:
      throw ApiError.notFound();
  }
}
