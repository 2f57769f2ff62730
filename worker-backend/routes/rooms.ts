import { Hono } from "hono";
import * as v from "valibot";
import {
  createRoom,
  join,
  type LobbyInfo,
  renewToken,
  type RoomCreated,
  STUDIO_KEY_HEADER,
  TOKEN_LIFETIME_S,
} from "#protocol/http-api.ts";
import { type ParticipantId, participantId, type Role, type RoomId, roomId } from "#protocol/ids.ts";
import { randomId, randomSecret, sameText, secretHash } from "../auth/secrets.ts";
import { signToken } from "../auth/tokens.ts";
import { allowedOrigins, positive } from "../env.ts";
import { type Api, type ApiContext, asMember, jsonBody, pathPart, roomOf } from "../http/api-request.ts";
import { RateLimiter } from "../http/rate-limit.ts";
import { ApiError, valueOf } from "../refusals.ts";

/** Per address and 10 minutes; a party behind one address must still be able to join. */
const ROOMS_DEFAULT = 120;
const JOINS_DEFAULT = 300;
const WINDOW_S = 600;

const limiter = new RateLimiter();

function limit(c: ApiContext, what: string, size: number): void {
  const key = `${what} ${c.req.header("CF-Connecting-IP") ?? "local"}`;
  const wait = limiter.waitSeconds(key, { size, perSecond: size / WINDOW_S }, Date.now());
  if (wait > 0) throw ApiError.of("too-fast", { "Retry-After": String(wait) });
}

export const roomRoutes = new Hono<Api>();

roomRoutes.post("/", async (c) => {
  limit(c, "rooms", positive(c.env.RATE_LIMIT_ROOMS, ROOMS_DEFAULT));
  const needed = c.env.STUDIO_KEY;
  if (needed && !sameText(c.req.header(STUDIO_KEY_HEADER) ?? "", needed)) throw ApiError.of("studio-key-wrong");
  const { title } = await jsonBody(c, createRoom);
  const room = v.parse(roomId, randomId());
  const hostSecret = randomSecret();
  const { origin } = new URL(c.req.url);
  valueOf(await roomOf(c, room).create({ room, title, hostHash: await secretHash(hostSecret), origin }));
  return c.json({ room, hostSecret } satisfies RoomCreated, 201);
});

roomRoutes.get("/:room", async (c) => {
  const room = pathPart(c, "room", roomId);
  const lobby = valueOf(await roomOf(c, room).lobby());
  return c.json({ room, ...lobby } satisfies LobbyInfo);
});

roomRoutes.delete("/:room", async (c) => {
  const { member, stub } = await asMember(c);
  valueOf(await stub.deleteRoom(member));
  return c.body(null, 204);
});

roomRoutes.post("/:room/participants", async (c) => {
  const room = pathPart(c, "room", roomId);
  limit(c, "joins", positive(c.env.RATE_LIMIT_JOINS, JOINS_DEFAULT));
  const body = await jsonBody(c, join);
  const participant = v.parse(participantId, randomId());
  const refreshSecret = randomSecret();
  const { role, version, admission } = valueOf(
    await roomOf(c, room).join({
      type: "join",
      participant,
      name: body.name,
      refreshHash: await secretHash(refreshSecret),
      hostHash: body.hostSecret === undefined ? null : await secretHash(body.hostSecret),
      inviteHash: body.invite === undefined ? null : await secretHash(body.invite),
    }),
  );
  const token = await tokenFor(c, room, { participant, role, version });
  return c.json({ participant, role, ...token, refreshSecret, admission }, 201);
});

roomRoutes.post("/:room/participants/:participant/token", async (c) => {
  const room = pathPart(c, "room", roomId);
  const participant = pathPart(c, "participant", participantId);
  const body = await jsonBody(c, renewToken);
  const refreshHash = await secretHash(body.refreshSecret);
  const event = { type: "renew", participant, refreshHash, name: body.name ?? null } as const;
  const { role, version } = valueOf(await roomOf(c, room).renew(event));
  return c.json({ role, ...(await tokenFor(c, room, { participant, role, version })) });
});

async function tokenFor(
  c: ApiContext,
  room: RoomId,
  seat: { readonly participant: ParticipantId; readonly role: Role; readonly version: number },
): Promise<{ readonly token: string; readonly tokenExpiresMs: number }> {
  const exp = Math.floor(Date.now() / 1000) + TOKEN_LIFETIME_S;
  const token = await signToken(c.env.SIGNING_SECRET, { aud: "participant", room, ...seat, exp });
  return { token, tokenExpiresMs: exp * 1000 };
}

roomRoutes.get("/:room/socket", async (c) => {
  const room = pathPart(c, "room", roomId);
  if (c.req.header("Upgrade")?.toLowerCase() !== "websocket")
    throw ApiError.of("upgrade-needed", { Upgrade: "websocket" });
  const origin = c.req.header("Origin");
  if (!origin || !allowedOrigins(c.env, new URL(c.req.url).origin).has(origin)) throw ApiError.of("origin-refused");
  const response = await roomOf(c, room).fetch(c.req.raw);
  if (response.status === 101) return response;
  throw response.status === 429 ? ApiError.of("too-fast", { "Retry-After": "5" }) : ApiError.of("not-found");
});
