import { Hono } from "hono";
import type { InviteCreated } from "#protocol/http-api.ts";
import { randomSecret, secretHash } from "../auth/secrets.ts";
import { type Api, asMember } from "../http/api-request.ts";
import { valueOf } from "../refusals.ts";

/** Below `/api/rooms/:room/invites`. */
export const inviteRoutes = new Hono<Api>();

inviteRoutes.post("/", async (c) => {
  const { member, stub } = await asMember(c);
  const invite = randomSecret();
  const { expiresMs } = valueOf(await stub.addInvite(member, await secretHash(invite)));
  return c.json({ invite, expiresMs } satisfies InviteCreated, 201);
});
