import * as v from "valibot";
import {
  type DemuxJob,
  type JobFailed,
  type JobFinished,
  type JobProgress,
  multipartStarted,
  PART_BYTES,
  partStored,
} from "#protocol/demux-job.ts";
import { errorReply } from "#protocol/errors.ts";
import { EpochMissing } from "#media/stitch/sources.ts";
import { JobError, JobOver } from "./job-error.ts";

/** How the client waits and for how long; ms. */
export interface Patience {
  /** Before the second try; doubled after each. */
  readonly firstMs: number;
  readonly longestMs: number;
  /** From the first failure of one request on; then the job fails and the backend's own retry takes over. */
  readonly totalMs: number;
  /** One request without an answer. */
  readonly requestMs: number;
}

export const PATIENCE: Patience = { firstMs: 250, longestMs: 5_000, totalMs: 90_000, requestMs: 120_000 };

type Method = "GET" | "PUT" | "POST";

interface Ask {
  readonly method: Method;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer> | string;
}

/** The job's routes of the backend: epochs in, files out, reports. Retries what may pass by itself. */
export class BackendClient {
  readonly #api: string;
  readonly #token: string;
  readonly #patience: Patience;
  readonly #signal: AbortSignal;

  /** `signal` ends every request and every wait. */
  constructor(job: Pick<DemuxJob, "api" | "token">, patience: Patience, signal: AbortSignal) {
    this.#api = job.api.replace(/\/+$/, "");
    this.#token = job.token;
    this.#patience = patience;
    this.#signal = signal;
  }

  /** @throws EpochMissing when the backend has no such epoch */
  async epoch(track: string, seq: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.#ask({ method: "GET", path: `/tracks/${track}/epochs/${seq}` }, async (reply) => {
      return new Uint8Array(await reply.arrayBuffer());
    });
  }

  async progress(progress: JobProgress): Promise<void> {
    await this.#ask(json("/progress", progress), nothing);
  }

  async finished(finished: JobFinished): Promise<void> {
    await this.#ask(json("/finished", finished), nothing);
  }

  async failed(failed: JobFailed): Promise<void> {
    await this.#ask(json("/failed", failed), nothing);
  }

  /** One request for the whole file. */
  async putFile(name: string, bytes: Uint8Array<ArrayBuffer>, sha256: string): Promise<void> {
    const digest = Buffer.from(sha256, "hex").toString("base64");
    const headers = { "Content-Digest": `sha-256=:${digest}:`, "Content-Type": "application/octet-stream" };
    await this.#ask({ method: "PUT", path: `/files/${name}`, headers, body: bytes }, nothing);
  }

  /** In parts of `PART_BYTES`, two at a time. `read(from, to)` gives the bytes of a part. */
  async putLargeFile(
    name: string,
    bytes: number,
    read: (from: number, to: number) => Promise<Uint8Array<ArrayBuffer>>,
    onPart: (storedBytes: number) => void,
  ): Promise<void> {
    const started = await this.#ask({ method: "POST", path: `/files/${name}/multipart` }, parse(multipartStarted));
    const query = `uploadId=${encodeURIComponent(started.uploadId)}`;
    const count = Math.ceil(bytes / PART_BYTES);
    const parts: v.InferOutput<typeof partStored>[] = [];
    let next = 0;
    let stored = 0;
    const lane = async () => {
      for (let index = next++; index < count; index = next++) {
        const from = index * PART_BYTES;
        const to = Math.min(bytes, from + PART_BYTES);
        const path = `/files/${name}/multipart/${index + 1}?${query}`;
        parts.push(await this.#ask({ method: "PUT", path, body: await read(from, to) }, parse(partStored)));
        stored += to - from;
        onPart(stored);
      }
    };
    await Promise.all([lane(), lane()]);
    parts.sort((a, b) => a.part - b.part);
    await this.#ask(json(`/files/${name}/multipart/complete`, { uploadId: started.uploadId, bytes, parts }), nothing);
  }

  async #ask<Value>(ask: Ask, read: (reply: Response) => Promise<Value>): Promise<Value> {
    const { firstMs, longestMs, totalMs } = this.#patience;
    const until = Date.now() + totalMs;
    for (let wait = firstMs; ; wait = Math.min(longestMs, wait * 2)) {
      const outcome = await this.#try(ask, read);
      if ("value" in outcome) return outcome.value;
      if (Date.now() + wait > until) throw JobError.backendUnreachable(`${ask.method} ${ask.path}`, outcome.error);
      await delay(wait * (0.5 + Math.random() / 2), this.#signal);
    }
  }

  /** A value, or an error that may pass. @throws what will not pass */
  async #try<Value>(
    ask: Ask,
    read: (reply: Response) => Promise<Value>,
  ): Promise<{ value: Value } | { error: unknown }> {
    this.#signal.throwIfAborted();
    try {
      const reply = await fetch(`${this.#api}${ask.path}`, {
        method: ask.method,
        headers: { Authorization: `Bearer ${this.#token}`, ...ask.headers },
        body: ask.body ?? null,
        signal: AbortSignal.any([this.#signal, AbortSignal.timeout(this.#patience.requestMs)]),
      });
      if (reply.ok) return { value: await read(reply) };
      return { error: await refusal(reply, ask) };
    } catch (error) {
      if (this.#signal.aborted || !mayPass(error)) throw error;
      return { error };
    }
  }
}

/** What fetch throws when the network fails, a reply breaks off or none comes in time. */
function mayPass(error: unknown): boolean {
  if (error instanceof TypeError) return true;
  return error instanceof DOMException && (error.name === "TimeoutError" || error.name === "AbortError");
}

/** An error that may pass as a value; others are thrown. */
async function refusal(reply: Response, ask: Ask): Promise<Error> {
  const parsed = v.safeParse(errorReply, await jsonOf(reply));
  const reason = parsed.success ? parsed.output.error.reason : "";
  const what = `${ask.method} ${ask.path}: ${reply.status} ${reason}`;
  if (reply.status >= 500 || reply.status === 429 || reply.status === 408) return new Error(what);
  if (reason === "unknown-epoch") throw new EpochMissing(what);
  const over = [401, 403, 404, 410].includes(reply.status);
  if (over) throw new JobOver(what);
  throw JobError.sourceUnreadable(`The backend refused ${what}.`);
}

async function jsonOf(reply: Response): Promise<unknown> {
  const text = await reply.text();
  try {
    return JSON.parse(text);
  } catch (error) {
    // Not our backend's answer (a proxy's page): the status alone decides.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

const json = (path: string, value: unknown): Ask => ({
  method: "POST",
  path,
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(value),
});

const nothing = async (reply: Response): Promise<void> => {
  await reply.arrayBuffer();
};

const parse =
  <Schema extends v.GenericSchema>(schema: Schema) =>
  async (reply: Response): Promise<v.InferOutput<Schema>> =>
    v.parse(schema, await jsonOf(reply));

function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
