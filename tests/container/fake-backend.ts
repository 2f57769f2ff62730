import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import * as v from "valibot";
import {
  completeMultipart,
  type DemuxJob,
  exportName,
  type JobFailed,
  type JobFinished,
  type JobProgress,
  jobFailed,
  jobFinished,
  jobProgress,
} from "#protocol/demux-job.ts";
import { jobId, roomId } from "#protocol/ids.ts";
import { hashOf, idOf, TAKE } from "../unit/media/tapes.ts";
import type { TakeSources } from "#media/stitch/sources.ts";

const JOB_PATH = "/api/rooms/room/takes/take/jobs/job";

/** What the next requests of a kind meet, before the backend works again. */
export type Trouble = (method: string, path: string) => number | "break" | "hang" | undefined;

/** A backend's job routes in memory: epochs out, files in, reports. Counts, and misbehaves when told to. */
export class FakeBackend {
  readonly epochs = new Map<string, Uint8Array>();
  readonly files = new Map<string, Uint8Array>();
  readonly requests: string[] = [];
  readonly progress: JobProgress[] = [];
  finished: JobFinished | null = null;
  failed: JobFailed | null = null;
  trouble: Trouble = () => undefined;
  /** Resolves whenever a report that ends the job comes in. */
  ended: Promise<void>;
  #end: () => void = () => undefined;
  readonly #uploads = new Map<string, Map<number, Uint8Array>>();
  readonly #server: Server;
  #port = 0;

  constructor() {
    this.ended = this.#newEnd();
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
  }

  #newEnd(): Promise<void> {
    return new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** For the next job. */
  forget(): void {
    this.finished = null;
    this.failed = null;
    this.ended = this.#newEnd();
  }

  async listen(port = 0): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    const address = this.#server.address();
    if (address && typeof address === "object") this.#port = address.port;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  get port(): number {
    return this.#port;
  }

  /** A job for this take; its epochs are put into the store. */
  async jobFor(take: TakeSources, name = "job"): Promise<DemuxJob> {
    const participants = await Promise.all(
      take.participants.map(async (person) => ({
        participant: v.parse(v.string(), person.participant),
        name: person.name,
        tracks: await Promise.all(
          person.tracks.map(async (track) => ({
            track: track.track,
            source: track.source,
            label: track.label,
            epochs: await Promise.all(
              track.epochs.map(async (epoch) => {
                const bytes = await epoch.read();
                this.epochs.set(`${track.track}/${epoch.seq}`, bytes);
                return { seq: epoch.seq, sha256: epoch.sha256 ?? hashOf(bytes), bytes: bytes.byteLength };
              }),
            ),
            expected: track.expected,
            end: track.end === "unsealed" ? null : track.end,
            endUs: track.endUs,
            gaps: [...track.gaps],
          })),
        ),
      })),
    );
    return {
      job: v.parse(jobId, idOf(name)),
      room: v.parse(roomId, idOf("room")),
      take: TAKE,
      title: take.title,
      startedMs: take.startedMs,
      zeroRoomUs: null,
      markers: take.markers.map((marker) => ({ ...marker, take: TAKE })),
      api: `http://127.0.0.1:${this.#port}${JOB_PATH}`,
      token: "job-token",
      participants: participants as DemuxJob["participants"],
    };
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "", "http://backend");
    const path = url.pathname.slice(JOB_PATH.length);
    const method = request.method ?? "";
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    this.requests.push(`${method} ${path}`);
    const trouble = this.trouble(method, path);
    if (trouble === "break") return void request.socket.destroy();
    if (trouble === "hang") return;
    if (trouble !== undefined) return reply(response, trouble, { error: { reason: "trouble", message: "" } });
    if (request.headers.authorization !== "Bearer job-token") return refuse(response, 401, "token-refused");
    this.#route(method, path, url, request, body, response);
  }

  #route(
    method: string,
    path: string,
    url: URL,
    request: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
  ): void {
    const epoch = /^\/tracks\/([^/]+)\/epochs\/(\d+)$/.exec(path);
    if (method === "GET" && epoch) {
      const bytes = this.epochs.get(`${epoch[1]}/${epoch[2]}`);
      if (!bytes) return refuse(response, 404, "unknown-epoch");
      response.writeHead(200, { "Content-Length": bytes.byteLength }).end(bytes);
      return;
    }
    const file = /^\/files\/([^/]+)(\/multipart(?:\/(\w+))?)?$/.exec(path);
    if (file) return this.#file(method, v.parse(exportName, file[1]), file[2], file[3], url, request, body, response);
    return this.#report(path, body, response);
  }

  #report(path: string, body: Buffer, response: ServerResponse): void {
    const json: unknown = JSON.parse(body.toString("utf8"));
    if (path === "/progress") this.progress.push(v.parse(jobProgress, json));
    else if (path === "/finished") this.finished = v.parse(jobFinished, json);
    else if (path === "/failed") this.failed = v.parse(jobFailed, json);
    else return refuse(response, 404, "not-found");
    response.writeHead(204).end();
    if (path !== "/progress") this.#end();
  }

  #file(
    method: string,
    name: string,
    multipart: string | undefined,
    part: string | undefined,
    url: URL,
    request: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
  ): void {
    if (method === "PUT" && !multipart) {
      const digest = `sha-256=:${Buffer.from(hashOf(body), "hex").toString("base64")}:`;
      if (request.headers["content-digest"] !== digest) return refuse(response, 422, "digest-wrong");
      this.files.set(name, body);
      return reply(response, 201, { name });
    }
    const uploadId = `upload-of-${name}`;
    const parts = this.#uploads.get(uploadId) ?? new Map<number, Uint8Array>();
    this.#uploads.set(uploadId, parts);
    if (method === "POST" && multipart && !part) return reply(response, 201, { uploadId });
    if (method === "PUT" && url.searchParams.get("uploadId") === uploadId) {
      parts.set(Number(part), body);
      return reply(response, 200, { part: Number(part), etag: hashOf(body) });
    }
    const wanted = v.parse(completeMultipart, JSON.parse(body.toString("utf8")));
    const whole = Buffer.concat(wanted.parts.map((each) => parts.get(each.part) ?? Buffer.alloc(0)));
    if (whole.byteLength !== wanted.bytes) return refuse(response, 422, "parts-wrong");
    this.files.set(name, whole);
    return reply(response, 201, { name });
  }
}

function reply(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value));
}

const refuse = (response: ServerResponse, status: number, reason: string): void =>
  reply(response, status, { error: { reason, message: reason } });
