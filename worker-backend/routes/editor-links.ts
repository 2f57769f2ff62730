import { Hono } from "hono";
import * as v from "valibot";
import { createEditorLink } from "#protocol/http-api.ts";
import { editorLinkId } from "#protocol/ids.ts";
import { randomId } from "../auth/secrets.ts";
import { signToken } from "../auth/tokens.ts";
import { type Api, asMember, jsonBody, pathPart } from "../http/api-request.ts";
import { valueOf } from "../refusals.ts";

const DAY_S = 86_400;

/** Below `/api/rooms/:room/editor-links`. */
export const editorLinkRoutes = new Hono<Api>();

editorLinkRoutes.post("/", async (c) => {
  const { member, room, stub } = await asMember(c);
  const { days } = await jsonBody(c, createEditorLink);
  const link = v.parse(editorLinkId, randomId());
  const createdMs = Date.now();
  const exp = Math.floor(createdMs / 1000) + days * DAY_S;
  const row = { link, createdMs, expiresMs: exp * 1000 };
  valueOf(await stub.addLink(member, row));
  const key = await signToken(c.env.SIGNING_SECRET, { aud: "editor", room, link, exp });
  return c.json({ ...row, key }, 201);
});

editorLinkRoutes.get("/", async (c) => {
  const { member, stub } = await asMember(c);
  return c.json({ links: valueOf(await stub.links(member)) });
});

editorLinkRoutes.delete("/:link", async (c) => {
  const { member, stub } = await asMember(c);
  valueOf(await stub.revokeLink(member, pathPart(c, "link", editorLinkId)));
  return c.body(null, 204);
});
