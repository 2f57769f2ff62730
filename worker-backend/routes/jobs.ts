import { Hono } from "hono";
import * as v from "valibot";
import {
  completeMultipart,
  type ExportFile,
  exportName,
  jobFailed,
  jobFinished,
  jobProgress,
  multipartStarted,
} from "#protocol/demux-job.ts";
import { jobId, MAX_SEQ, takeId, trackId } from "#protocol/ids.ts";
import {
  type Api,
  type ApiContext,
  authorized,
  declaredLength,
  jsonBody,
  pathNumber,
  pathPart,
  retryable,
  roomOf,
} from "../http/api-request.ts";
import { contentDigest, parseContentDigest } from "../http/content-digest.ts";
import { epochKey, exportKey } from "../r2/keys.ts";
import { completeParts, resumeUpload, uploadPart } from "../r2/multipart.ts";
import { putChecked, storedSha256 } from "../r2/put-checked.ts";
import { ApiError, valueOf } from "../refusals.ts";
import type { JobEvent } from "../room/step-jobs.ts";

/** Request bodies end at 100 MB; larger files come in parts. */
const MAX_FILE_BYTES = 90_000_000;
const MAX_PARTS = 10_000;
/** Up to 500 files of about 300 bytes. */
const MAX_FINISHED_BYTES = 512 * 1024;

/** Below `/api/rooms/:room/takes/:take/jobs/:job`: the `api` of a `DemuxJob`. Opened by that job's token only. */
export const jobRoutes = new Hono<Api>();

async function ofJob(c: ApiContext) {
  const { claims, room } = await authorized(c, "job");
  const take = pathPart(c, "take", takeId);
  const job = pathPart(c, "job", jobId);
  if (claims.take !== take || claims.job !== job) throw ApiError.of("token-refused");
  const stub = roomOf(c, room);
  return { room, take, job, stub, open: async () => valueOf(await retryable(async () => stub.jobOpen(take, job))) };
}

jobRoutes.get("/tracks/:track/epochs/:seq", async (c) => {
  const { room, take, open } = await ofJob(c);
  const track = pathPart(c, "track", trackId);
  const seq = pathNumber(c, "seq", MAX_SEQ);
  await open();
  const object = await retryable(() => c.env.BUCKET.get(epochKey(room, take, track, seq)));
  if (!object) throw ApiError.of("unknown-epoch");
  const { sha256 } = object.checksums;
  return new Response(object.body, {
    headers: {
      "Content-Type": "application/octet-stream",
      "Content-Disposition": "attachment",
      "Content-Length": String(object.size),
      ...(sha256 ? { "Content-Digest": contentDigest(sha256) } : {}),
    },
  });
});

async function ofFile(c: ApiContext) {
  const asked = await ofJob(c);
  const name = pathPart(c, "name", exportName);
  await asked.open();
  return { ...asked, name, key: exportKey(asked.room, asked.take, asked.job, name) };
}

/** The take may have been deleted while bytes came in: then they must not stay. */
async function keepOnlyWhileOpen(c: ApiContext, asked: { open(): Promise<true> }, key: string): Promise<void> {
  try {
    await asked.open();
  } catch (error) {
    const over = error instanceof ApiError && error.refusal.reason !== "room-unavailable";
    if (over) await c.env.BUCKET.delete(key);
    throw error;
  }
}

jobRoutes.put("/files/:name", async (c) => {
  const asked = await ofFile(c);
  const bytes = declaredLength(c, MAX_FILE_BYTES);
  const sha256 = parseContentDigest(c.req.header("Content-Digest"));
  if (sha256 === null) throw ApiError.of("bad-digest");
  await putChecked(c.env.BUCKET, asked.key, { body: c.req.raw.body, bytes, sha256 }, false);
  await keepOnlyWhileOpen(c, asked, asked.key);
  return c.json({ name: asked.name, bytes, sha256 }, 201);
});

jobRoutes.post("/files/:name/multipart", async (c) => {
  const { key } = await ofFile(c);
  const upload = await retryable(() => c.env.BUCKET.createMultipartUpload(key));
  return c.json(v.parse(multipartStarted, { uploadId: upload.uploadId }), 201);
});

jobRoutes.put("/files/:name/multipart/:part", async (c) => {
  const { key } = await ofFile(c);
  const part = pathNumber(c, "part", MAX_PARTS);
  const bytes = declaredLength(c, MAX_FILE_BYTES);
  if (part === 0) throw ApiError.of("bad-number");
  const stored = await uploadPart(
    resumeUpload(c.env.BUCKET, key, c.req.query("uploadId")),
    part,
    c.req.raw.body,
    bytes,
  );
  return c.json({ part: stored.partNumber, etag: stored.etag });
});

jobRoutes.post("/files/:name/multipart/complete", async (c) => {
  const asked = await ofFile(c);
  const body = await jsonBody(c, completeMultipart, 2 * 1024 * 1024);
  const parts = body.parts.map(({ part, etag }) => ({ partNumber: part, etag }));
  const upload = resumeUpload(c.env.BUCKET, asked.key, body.uploadId);
  const object = await completeParts(c.env.BUCKET, upload, parts, body.bytes);
  if (object.size !== body.bytes) {
    await c.env.BUCKET.delete(asked.key);
    throw ApiError.of("length-wrong");
  }
  await keepOnlyWhileOpen(c, asked, asked.key);
  return c.json({ name: asked.name, bytes: object.size }, 201);
});

async function report(c: ApiContext, what: (asked: Awaited<ReturnType<typeof ofJob>>) => Promise<JobEvent["report"]>) {
  const asked = await ofJob(c);
  const { stub, take, job } = asked;
  valueOf(await retryable(async () => stub.jobReport({ type: "job", take, job, report: await what(asked) })));
  return c.body(null, 204);
}

jobRoutes.post("/progress", (c) =>
  report(c, async () => ({ type: "progress", progress: await jsonBody(c, jobProgress) })),
);

jobRoutes.post("/failed", (c) => report(c, async () => ({ type: "failed", failure: await jsonBody(c, jobFailed) })));

jobRoutes.post("/finished", (c) =>
  report(c, async ({ room, take, job, stub, open }) => {
    const { files } = await jsonBody(c, jobFinished, MAX_FINISHED_BYTES);
    if (await retryable(async () => stub.jobDone(take, job))) return { type: "finished", files };
    await open();
    for (const file of files) {
      const object = await retryable(() => c.env.BUCKET.head(exportKey(room, take, job, file.name)));
      if (!object || !isSame(object, file)) throw ApiError.of("files-missing");
    }
    return { type: "finished", files };
  }),
);

/** Files that came in parts have no checksum of the whole in the store; their length is compared. */
function isSame(object: R2Object, file: ExportFile): boolean {
  const sha256 = storedSha256(object);
  return object.size === file.bytes && (sha256 === null || sha256 === file.sha256);
}
