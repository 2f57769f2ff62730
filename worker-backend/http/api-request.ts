import type { Context } from "hono";
import * as v from "valibot";
import { MAX_JSON_BYTES, UPLOAD_LENGTH_HEADER } from "#protocol/http-api.ts";
import { type RoomId, roomId } from "#protocol/ids.ts";
import { type Claims, type ParticipantClaims, verifyToken } from "../auth/tokens.ts";
import type { Env } from "../env.ts";
import { ApiError } from "../refusals.ts";
import { parseJson } from "./json-text.ts";

export type Api = { Bindings: Env };
export type ApiContext = Context<Api>;

/** A part of the path. One that cannot be an id names nothing: the same 404 as any other. */
export function pathPart<Schema extends v.GenericSchema>(
  c: ApiContext,
  name: string,
  schema: Schema,
): v.InferOutput<Schema> {
  const part = v.safeParse(schema, c.req.param(name));
  if (!part.success) throw ApiError.of("not-found");
  return part.output;
}

/** A whole number in the path: digits only, at most seven. */
export function pathNumber(c: ApiContext, name: string, max: number): number {
  const text = c.req.param(name) ?? "";
  if (!/^\d{1,7}$/.test(text) || Number(text) > max) throw ApiError.of("bad-number");
  return Number(text);
}

/** The room's object. Whether there is such a room, only the object knows. */
export const roomOf = (c: ApiContext, room: RoomId) => c.env.ROOM.getByName(room);

/** Bearer token of the request, or `null`. */
export function bearer(c: ApiContext): string | null {
  return /^Bearer +(\S+)$/i.exec(c.req.header("Authorization") ?? "")?.[1] ?? null;
}

const CHALLENGE = { "WWW-Authenticate": "Bearer" };

/** Claims of the request's token for this purpose and the room of the path. @throws ApiError 401 */
export async function authorized<P extends "participant" | "job">(
  c: ApiContext,
  purpose: P,
): Promise<{ readonly claims: Claims<P>; readonly room: RoomId }> {
  const token = bearer(c);
  if (token === null) throw ApiError.of("token-missing", CHALLENGE);
  const verified = await verifyToken(c.env.SIGNING_SECRET, purpose, token, Date.now());
  if (!verified.ok) throw ApiError.of(verified.refusal.reason, CHALLENGE);
  const room = v.safeParse(roomId, c.req.param("room"));
  if (!room.success || verified.value.room !== room.output) throw ApiError.of("token-refused", CHALLENGE);
  return { claims: verified.value, room: room.output };
}

/** A participant's request: who it is, and the room's object. */
export async function asMember(c: ApiContext) {
  const { claims, room } = await authorized(c, "participant");
  return { member: memberOf(claims), room, stub: roomOf(c, room) };
}

export const memberOf = ({ participant, role, version }: ParticipantClaims) => ({ participant, role, version });

/**
 * The body as JSON of this shape. @throws ApiError 413 over `maxBytes`, whatever the declared length; 400 for anything else
 * that it is not
 */
export async function jsonBody<Schema extends v.GenericSchema>(
  c: ApiContext,
  schema: Schema,
  maxBytes = MAX_JSON_BYTES,
): Promise<v.InferOutput<Schema>> {
  const json = parseJson(await cappedText(c.req.raw, maxBytes));
  const body = json.ok ? v.safeParse(schema, json.value) : null;
  if (!body?.success) throw ApiError.of("bad-json");
  return body.output;
}

async function cappedText(request: Request, maxBytes: number): Promise<string> {
  const declared = Number(request.headers.get("Content-Length") ?? 0);
  if (declared > maxBytes) throw ApiError.of("too-large");
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw ApiError.of("too-large");
    chunks.push(chunk);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(await new Blob(chunks).arrayBuffer());
  } catch (error) {
    if (error instanceof TypeError) throw ApiError.of("bad-json");
    throw error;
  }
}

/** Content-Length as declared. @throws ApiError 411 without one, 413 over `maxBytes` */
export function declaredLength(c: ApiContext, maxBytes: number): number {
  const text = c.req.header("Content-Length");
  if (text === undefined || !/^\d{1,15}$/.test(text)) throw ApiError.of("length-missing");
  if (Number(text) > maxBytes) throw ApiError.of("too-large");
  return Number(text);
}

/**
 * As `declaredLength`, of a body that may come as a stream, whose length is in `Upload-Length`. A proxy that has gathered such a body
 * adds a Content-Length. @throws ApiError also 400 when they differ
 */
export function uploadLength(c: ApiContext, maxBytes: number): number {
  const said = [c.req.header("Content-Length"), c.req.header(UPLOAD_LENGTH_HEADER)].filter(
    (text) => text !== undefined,
  );
  if (said.some((text) => !/^\d{1,15}$/.test(text))) throw ApiError.of("length-missing");
  const [length, other = length] = said.map(Number);
  if (length === undefined) throw ApiError.of("length-missing");
  if (other !== length) throw ApiError.of("lengths-differ");
  if (length > maxBytes) throw ApiError.of("too-large");
  return length;
}

/** Runs a call of the room or the store whose outcome is unknown when it throws: 503, so that the client tries again. */
export async function retryable<Value>(call: () => Promise<Value>): Promise<Value> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ApiError) throw error;
    console.warn(`retryable: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`);
    throw ApiError.of("room-unavailable", { "Retry-After": "1" });
  }
}
