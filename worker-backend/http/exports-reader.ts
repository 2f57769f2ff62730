import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import * as v from "valibot";
import { type RoomId, roomId } from "#protocol/ids.ts";
import { verifyToken } from "../auth/tokens.ts";
import { ApiError } from "../refusals.ts";
import type { Reader } from "../room/room-do.ts";
import { type Api, bearer, memberOf } from "./api-request.ts";

/** Reads exports of one room; HttpOnly, limited to this room's API path. */
export const EXPORTS_COOKIE = "tapesync-exports";

/**
 * Who asks for exports: a participant's token or an editor link's key as bearer, else the exports cookie.
 * @throws ApiError 401
 */
export async function readerOf(c: Context<Api>): Promise<{ readonly room: RoomId; readonly reader: Reader }> {
  const secret = c.env.SIGNING_SECRET;
  const room = v.safeParse(roomId, c.req.param("room"));
  const token = bearer(c);
  const cookie = getCookie(c, EXPORTS_COOKIE);
  const refuse = () => ApiError.of("token-refused", { "WWW-Authenticate": "Bearer" });
  if (!room.success) throw refuse();
  if (token === null) {
    if (cookie === undefined) throw ApiError.of("token-missing", { "WWW-Authenticate": "Bearer" });
    const claims = await verifyToken(secret, "exports", cookie, Date.now());
    if (!claims.ok) throw new ApiError(claims.refusal);
    if (claims.value.room !== room.output) throw refuse();
    return { room: room.output, reader: claims.value.by };
  }
  const participant = await verifyToken(secret, "participant", token, Date.now());
  if (participant.ok) {
    if (participant.value.room !== room.output) throw refuse();
    return { room: room.output, reader: { as: "member", member: memberOf(participant.value) } };
  }
  const editor = await verifyToken(secret, "editor", token, Date.now());
  if (editor.ok && editor.value.room === room.output) {
    return { room: room.output, reader: { as: "editor", link: editor.value.link } };
  }
  const expired =
    participant.refusal.reason === "token-expired" || (!editor.ok && editor.refusal.reason === "token-expired");
  throw expired ? ApiError.of("token-expired", { "WWW-Authenticate": "Bearer" }) : refuse();
}
