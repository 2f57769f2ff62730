import { Hono } from "hono";
import type { Api, ApiContext } from "./http/api-request.ts";
import { ApiError, REFUSALS, type Refusal, refusalBody } from "./refusals.ts";
import { editorLinkRoutes } from "./routes/editor-links.ts";
import { exportRoutes } from "./routes/exports.ts";
import { inviteRoutes } from "./routes/invites.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { realtimeRoutes } from "./routes/realtime.ts";
import { roomRoutes } from "./routes/rooms.ts";
import { takeRoutes } from "./routes/takes.ts";
import { trackRoutes } from "./routes/tracks.ts";

export const VERSION = "0.1.0";

/** The HTTP API: docs/spec/http-api.md. */
export const api = new Hono<Api>();

api.get("/api/health", (c) => c.json({ ok: true, version: VERSION }));
api.route("/api/rooms", roomRoutes);
api.route("/api/rooms/:room/takes", takeRoutes);
api.route("/api/rooms/:room/takes/:take/tracks/:track", trackRoutes);
api.route("/api/rooms/:room/takes/:take/jobs/:job", jobRoutes);
api.route("/api/rooms/:room/editor-links", editorLinkRoutes);
api.route("/api/rooms/:room/invites", inviteRoutes);
api.route("/api/rooms/:room/realtime", realtimeRoutes);
api.route("/api/rooms/:room", exportRoutes);

api.notFound((c) => answer(c, { reason: "not-found" }));

api.onError((error, c) => {
  if (error instanceof ApiError) return answer(c, error.refusal, error.headers);
  // Names no path: it holds the room's id, which lets a person join.
  console.error(`${c.req.method}: ${error.name}: ${error.message}`);
  return isTransient(error)
    ? answer(c, { reason: "room-unavailable" }, { "Retry-After": "1" })
    : answer(c, { reason: "unexpected" });
});

function answer(c: ApiContext, refusal: Refusal, headers: Readonly<Record<string, string>> = {}): Response {
  return c.json(refusalBody(refusal), REFUSALS[refusal.reason][0], headers);
}

/** The runtime marks failures of a Durable Object that another try may get past. */
function isTransient(error: Error): boolean {
  return ("retryable" in error && error.retryable === true) || ("overloaded" in error && error.overloaded === true);
}
