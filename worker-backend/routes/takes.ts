import { Hono } from "hono";
import { declareTake, startDemux } from "#protocol/http-api.ts";
import { takeId } from "#protocol/ids.ts";
import { type Api, asMember, jsonBody, pathPart, roomOf } from "../http/api-request.ts";
import { readerOf } from "../http/exports-reader.ts";
import { valueOf } from "../refusals.ts";

export const takeRoutes = new Hono<Api>();

takeRoutes.get("/", async (c) => {
  const { room, reader } = await readerOf(c);
  return c.json(valueOf(await roomOf(c, room).takes(reader)));
});

takeRoutes.put("/:take", async (c) => {
  const { member, stub } = await asMember(c);
  const take = pathPart(c, "take", takeId);
  const body = await jsonBody(c, declareTake);
  const { created, ...declared } = valueOf(await stub.declareTake(member, take, body));
  return c.json(declared, created ? 201 : 200);
});

takeRoutes.delete("/:take", async (c) => {
  const { member, stub } = await asMember(c);
  valueOf(await stub.deleteTake(member, pathPart(c, "take", takeId)));
  return c.body(null, 204);
});

takeRoutes.post("/:take/demux", async (c) => {
  const { member, stub } = await asMember(c);
  const take = pathPart(c, "take", takeId);
  const { deliver } = await jsonBody(c, startDemux);
  const { job } = valueOf(await stub.demux(member, take, deliver, new URL(c.req.url).origin));
  return c.json({ job }, 202);
});
