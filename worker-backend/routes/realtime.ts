import { Hono } from "hono";
import * as v from "valibot";
import { sfuSessionId } from "#protocol/call.ts";
import {
  closeTracks,
  isPush,
  MAX_REALTIME_BYTES,
  newTracks,
  renegotiate,
  renegotiated,
  sessionState,
  tracksReply,
  updateTracks,
} from "#protocol/realtime-api.ts";
import { type Api, type ApiContext, asMember, jsonBody } from "../http/api-request.ts";
import { iceServersFor } from "../realtime/ice-servers.ts";
import { ask, type Reply, unusable, upstreamOf } from "../realtime/upstream.ts";
import { ApiError, valueOf } from "../refusals.ts";
import type { PulledTrack } from "../room/call-access.ts";

/** Refusals of the Realtime API that are the caller's; the others are ours, or the network's. */
const PASSED_ON = new Set([400, 404, 406, 409, 410, 413, 422, 425, 429]);

const created = v.object({ sessionId: sfuSessionId });
const problem = v.object({
  errorCode: v.optional(v.pipe(v.string(), v.maxLength(200)), "unknown"),
  errorDescription: v.optional(v.pipe(v.string(), v.maxLength(2000)), ""),
});

/**
 * Below `/api/rooms/:room/realtime`: the Realtime API for the participants of a room. What is asked is parsed and written anew;
 * a participant touches its own sessions only, and pulls what somebody in this room publishes.
 */
export const realtimeRoutes = new Hono<Api>();

/** Where the call is, and who asks. Nothing of the body is read before. @throws ApiError */
async function begin(c: ApiContext) {
  const upstream = upstreamOf(c.env);
  if (!upstream) throw ApiError.of("no-call");
  return { upstream, ...(await asMember(c)) };
}

/** Whether this participant may do that in the call: one question to the room. @throws ApiError */
async function permit(
  { member, stub }: Awaited<ReturnType<typeof begin>>,
  own: readonly string[] = [],
  pulls: readonly PulledTrack[] = [],
): Promise<void> {
  const may = await stub.mayCall(member, { own, pulls });
  if (!may.ok && may.refusal.reason === "too-fast") throw ApiError.of("too-fast", { "Retry-After": "1" });
  valueOf(may);
}

const sessionOf = (c: ApiContext): string => c.req.param("session") ?? "";

/** The reply in the shape that is documented, and nothing else of it. @throws ApiError `call-unavailable` */
function passOn<Schema extends v.GenericSchema>({ status, body }: Reply, schema: Schema, as = status): Response {
  if (status === 200 || status === 201) {
    const known = v.safeParse(schema, body);
    if (!known.success) throw unusable("its answer is not one of the API");
    return Response.json(known.output, { status: as });
  }
  // 401 and 403 are about our secret, not about who asks.
  if (!PASSED_ON.has(status)) throw unusable(`it answers with status ${status}`);
  const known = v.safeParse(problem, body);
  const headers: Record<string, string> = status === 425 || status === 429 ? { "Retry-After": "1" } : {};
  return Response.json(known.success ? known.output : { errorCode: "unknown", errorDescription: "" }, {
    status,
    headers,
  });
}

realtimeRoutes.post("/sessions/new", async (c) => {
  const asked = await begin(c);
  await permit(asked);
  const reply = await ask(asked.upstream, "POST", ["sessions", "new"]);
  const answer = passOn(reply, created, 201);
  const made = v.safeParse(created, reply.body);
  if (answer.ok && made.success) valueOf(await asked.stub.sessionMade(asked.member, made.output.sessionId));
  return answer;
});

realtimeRoutes.post("/sessions/:session/tracks/new", async (c) => {
  const session = sessionOf(c);
  const asked = await begin(c);
  const body = await jsonBody(c, newTracks, MAX_REALTIME_BYTES);
  const pulls = isPush(body) ? [] : body.tracks.map(({ sessionId, trackName }) => ({ session: sessionId, trackName }));
  await permit(asked, [session], pulls);
  return passOn(await ask(asked.upstream, "POST", ["sessions", session, "tracks", "new"], body), tracksReply);
});

realtimeRoutes.put("/sessions/:session/tracks/update", async (c) => {
  const session = sessionOf(c);
  const asked = await begin(c);
  const body = await jsonBody(c, updateTracks, MAX_REALTIME_BYTES);
  const pulls = body.tracks.map(({ sessionId, trackName }) => ({ session: sessionId, trackName }));
  await permit(asked, [session], pulls);
  return passOn(await ask(asked.upstream, "PUT", ["sessions", session, "tracks", "update"], body), tracksReply);
});

realtimeRoutes.put("/sessions/:session/tracks/close", async (c) => {
  const session = sessionOf(c);
  const asked = await begin(c);
  const body = await jsonBody(c, closeTracks, MAX_REALTIME_BYTES);
  await permit(asked, [session]);
  return passOn(await ask(asked.upstream, "PUT", ["sessions", session, "tracks", "close"], body), tracksReply);
});

realtimeRoutes.put("/sessions/:session/renegotiate", async (c) => {
  const session = sessionOf(c);
  const asked = await begin(c);
  const body = await jsonBody(c, renegotiate, MAX_REALTIME_BYTES);
  await permit(asked, [session]);
  return passOn(await ask(asked.upstream, "PUT", ["sessions", session, "renegotiate"], body), renegotiated);
});

realtimeRoutes.get("/sessions/:session", async (c) => {
  const session = sessionOf(c);
  const asked = await begin(c);
  await permit(asked, [session]);
  return passOn(await ask(asked.upstream, "GET", ["sessions", session]), sessionState);
});

realtimeRoutes.get("/generate-ice-servers", async (c) => {
  await permit(await begin(c));
  return c.json(await iceServersFor(c.env, Date.now()));
});

realtimeRoutes.all("/*", async (c) => {
  await permit(await begin(c));
  throw ApiError.of("not-allowed");
});
