import * as v from "valibot";
import { gap } from "./gaps.ts";
import { marker } from "./markers.ts";
import { jobId, participantId, roomId, seq, sha256, source, takeId, trackId } from "./ids.ts";
import { count, wallMillis } from "./units.ts";

/** What the backend asks of the render service: `POST /jobs`. The service answers 202 at once and reports back. */
export const demuxJob = v.object({
  job: jobId,
  room: roomId,
  take: takeId,
  title: v.string(),
  startedMs: wallMillis,
  /** The take's zero on the room's clock; `null` for a take recorded alone. */
  zeroRoomUs: v.nullable(v.number()),
  /** Everybody's, by time. `name`: of who has set it, who need not have a track. */
  markers: v.optional(v.array(v.object({ ...marker.entries, name: v.optional(v.string()) })), []),
  /** Where the service reaches the backend: `{api}/tracks/…` and so on, see docs/spec/http-api.md. */
  api: v.pipe(v.string(), v.url()),
  /** Opens this job's take, nothing else, until the job's lease ends. */
  token: v.string(),
  participants: v.array(
    v.object({
      participant: participantId,
      name: v.string(),
      tracks: v.array(
        v.object({
          track: trackId,
          source,
          label: v.string(),
          epochs: v.array(v.object({ seq, sha256, bytes: count })),
          /** How many epochs the device said there are; `null` while it has not sealed. */
          expected: v.nullable(count),
          end: v.nullable(v.picklist(["closed", "cut-short"])),
          /** From the seal, µs since the track's zero; `null` while it has not sealed. */
          endUs: v.nullable(v.number()),
          gaps: v.array(gap),
        }),
      ),
    }),
  ),
});
export type DemuxJob = v.InferOutput<typeof demuxJob>;

/** Names of exported files: ASCII, so that every editor relinks them. */
export const exportName = v.pipe(
  v.string(),
  v.maxLength(120),
  v.regex(/^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/, "not a name of an exported file"),
);

export const exportFile = v.object({
  name: exportName,
  bytes: count,
  sha256,
  kind: v.picklist(["master", "timeline", "manifest", "checksums"]),
  /** Whose it is; `null` for files of the whole take. */
  participant: v.nullable(participantId),
});
export type ExportFile = v.InferOutput<typeof exportFile>;

/** The service reports each stage, at least every `JOB_HEARTBEAT_MS`: `POST {api}/progress`. */
export const jobProgress = v.object({
  stage: v.picklist(["reading", "stitching", "storing"]),
  /** 0…1 of the whole job. */
  fraction: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
});
export type JobProgress = v.InferOutput<typeof jobProgress>;

/** `POST {api}/finished`: the files are stored; from now on they are the take's exports, all at once. */
export const jobFinished = v.object({ files: v.pipe(v.array(exportFile), v.maxLength(500)) });
export type JobFinished = v.InferOutput<typeof jobFinished>;

/** `POST {api}/failed`. `retry`: another try may help (network, service stopped); otherwise the input is at fault. */
export const jobFailed = v.object({
  reason: v.picklist(["no-media", "source-unreadable", "backend-unreachable", "out-of-space", "stopped", "unexpected"]),
  message: v.pipe(v.string(), v.maxLength(500)),
  retry: v.boolean(),
});
export type JobFailed = v.InferOutput<typeof jobFailed>;

export const JOB_HEARTBEAT_MS = 5_000;

/** A job not heard of for this long is started again: 6 heartbeats. */
export const JOB_LEASE_MS = 6 * JOB_HEARTBEAT_MS;

export const JOB_MAX_TRIES = 5;

/** The state of a take's newest job, for the exports page. */
export const jobState = v.object({
  job: jobId,
  state: v.picklist(["waiting", "running", "done", "failed"]),
  deliver: v.picklist(["complete", "what-is-there"]),
  stage: v.nullable(v.picklist(["reading", "stitching", "storing"])),
  fraction: v.number(),
  tries: count,
  startedMs: wallMillis,
  /** Why the last try failed, in plain words. */
  failure: v.nullable(v.object({ reason: v.string(), message: v.string() })),
  /** `waiting` after a try that failed: how long until the next one, ms from this answer. */
  nextTryInMs: v.optional(v.nullable(v.number())),
});
export type JobState = v.InferOutput<typeof jobState>;

/** Parts of a multipart upload: R2 wants at least 5 MiB and equal sizes; request bodies end at 100 MB. */
export const PART_BYTES = 32 * 1024 * 1024;

// POST {api}/files/:name/multipart
export const multipartStarted = v.object({ uploadId: v.pipe(v.string(), v.maxLength(2048)) });
// PUT {api}/files/:name/multipart/:part?uploadId=
export const partStored = v.object({ part: count, etag: v.string() });
// POST {api}/files/:name/multipart/complete
export const completeMultipart = v.object({
  uploadId: v.pipe(v.string(), v.maxLength(2048)),
  bytes: count,
  parts: v.pipe(v.array(partStored), v.maxLength(10_000)),
});
