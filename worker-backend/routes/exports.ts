import { makeZip, predictLength } from "client-zip";
import { Hono } from "hono";
import { setCookie } from "hono/cookie";
import { type ExportFile, exportName } from "#protocol/demux-job.ts";
import type { ExportsAccess } from "#protocol/http-api.ts";
import { type RoomId, type TakeId, takeId } from "#protocol/ids.ts";
import { signToken } from "../auth/tokens.ts";
import { type Api, type ApiContext, bearer, pathPart, roomOf } from "../http/api-request.ts";
import { parseRange } from "../http/byte-range.ts";
import { EXPORTS_COOKIE, readerOf } from "../http/exports-reader.ts";
import { exportKey } from "../r2/keys.ts";
import { measured } from "../r2/measured.ts";
import { ApiError, valueOf } from "../refusals.ts";
import type { DeliveredFiles } from "../room/room-do.ts";

/** A long download and its resumptions, not a working week. */
const ACCESS_S = 12 * 3600;

/** Below `/api/rooms/:room`. */
export const exportRoutes = new Hono<Api>();

exportRoutes.post("/exports-access", async (c) => {
  if (bearer(c) === null) throw ApiError.of("token-missing", { "WWW-Authenticate": "Bearer" });
  const { room, reader } = await readerOf(c);
  const { as, untilMs } = valueOf(await roomOf(c, room).mayRead(reader));
  const by =
    reader.as === "member"
      ? ({ as: "host", participant: reader.member.participant, version: reader.member.version } as const)
      : reader;
  const exp = Math.floor(Math.min(Date.now() + ACCESS_S * 1000, untilMs ?? Number.POSITIVE_INFINITY) / 1000);
  const token = await signToken(c.env.SIGNING_SECRET, { aud: "exports", room, by, exp });
  setCookie(c, EXPORTS_COOKIE, token, {
    path: `/api/rooms/${room}`,
    httpOnly: true,
    sameSite: "Strict",
    secure: new URL(c.req.url).protocol === "https:",
    expires: new Date(exp * 1000),
  });
  return c.json({ as, expiresMs: exp * 1000 } satisfies ExportsAccess);
});

async function deliveredTo(c: ApiContext) {
  const { room, reader } = await readerOf(c);
  const take = pathPart(c, "take", takeId);
  const files = valueOf(await roomOf(c, room).delivered(reader, take));
  return { room, take, files };
}

exportRoutes.get("/takes/:take/exports/:file", async (c) => {
  const name = pathPart(c, "file", exportName);
  const { room, take, files } = await deliveredTo(c);
  const file = files.files.find((one) => one.name === name);
  if (!file) throw ApiError.of("not-found");
  return sendFile(c, exportKey(room, take, files.job, name), file);
});

/** RFC 9110: conditions first, then the range, which counts only while the file is the one that was begun. */
async function sendFile(c: ApiContext, key: string, file: ExportFile): Promise<Response> {
  const etag = `"${file.sha256}"`;
  const headers: Record<string, string> = {
    ETag: etag,
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, no-cache",
    "Content-Disposition": attachment(file.name),
    "Content-Type": "application/octet-stream",
  };
  if (matches(c.req.header("If-None-Match"), etag)) return c.body(null, 304, headers);
  const ifRange = c.req.header("If-Range");
  const range = ifRange === undefined || ifRange === etag ? parseRange(c.req.header("Range"), file.bytes) : null;
  if (range === "none") throw ApiError.of("range-refused", { "Content-Range": `bytes */${file.bytes}` });
  headers["Content-Length"] = String(range?.length ?? file.bytes);
  if (range) headers["Content-Range"] = `bytes ${range.offset}-${range.offset + range.length - 1}/${file.bytes}`;
  const status = range ? 206 : 200;
  if (c.req.method === "HEAD") return new Response(null, { status, headers });
  const object = await c.env.BUCKET.get(key, range ? { range } : {});
  if (!object) throw ApiError.of("store-unavailable", { "Retry-After": "1" });
  return new Response(measured(object.body, range?.length ?? file.bytes), { status, headers });
}

const matches = (header: string | undefined, etag: string): boolean =>
  header !== undefined &&
  header.split(",").some((one) => one.trim() === "*" || one.trim().replace(/^W\//, "") === etag);

const attachment = (name: string): string => `attachment; filename="${name}"`;

exportRoutes.get("/takes/:take/exports.zip", async (c) => {
  const { room, take, files } = await deliveredTo(c);
  const lastModified = new Date(files.startedMs);
  const bytes = predictLength(files.files.map(({ name, bytes: size }) => ({ name, size, lastModified })));
  const headers = {
    "Content-Disposition": attachment(`${zipName(files)}.zip`),
    "Content-Length": String(bytes),
    "Content-Type": "application/zip",
  };
  if (c.req.method === "HEAD") return new Response(null, { headers });
  const zip = makeZip(entries(c.env.BUCKET, room, take, files, lastModified));
  return new Response(measured(zip, bytes), { headers });
});

/** One file after the other, each opened when its turn comes. */
async function* entries(bucket: R2Bucket, room: RoomId, take: TakeId, files: DeliveredFiles, lastModified: Date) {
  for (const { name, bytes } of files.files) {
    const object = await bucket.get(exportKey(room, take, files.job, name));
    if (!object) throw new Error("an exported file is not stored");
    yield { name, size: bytes, lastModified, input: object.body };
  }
}

/** ASCII, of the take's title and day. */
function zipName({ title, startedMs }: DeliveredFiles): string {
  const plain = title
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .slice(0, 60);
  return `${plain || "Take"}_${new Date(startedMs).toISOString().slice(0, 10)}`;
}
