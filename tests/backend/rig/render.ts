import * as v from "valibot";
import { vi } from "vitest";
import { type DemuxJob, demuxJob, type ExportFile } from "#protocol/demux-job.ts";
import { call, digestHeader, hashOf } from "./api.ts";

/** A render service on the other end of `RENDER_URL`: takes jobs, does nothing by itself. */
export class FakeRender {
  readonly jobs: DemuxJob[] = [];
  /** What it answers to `POST /jobs`; `null`: it cannot be reached. */
  status: number | null = 202;
  readonly #waiting: ((job: DemuxJob) => void)[] = [];
  #taken = 0;

  constructor() {
    vi.stubGlobal("fetch", async (url: string, init: { readonly body: string }) => {
      if (url !== "http://render.invalid/jobs") throw new Error(`nothing listens at ${url}`);
      const job = v.parse(demuxJob, JSON.parse(init.body));
      this.jobs.push(job);
      const next = this.#waiting.shift();
      if (next) {
        this.#taken += 1;
        next(job);
      }
      if (this.status === null) throw new TypeError("connection refused");
      return new Response(null, { status: this.status });
    });
  }

  /** The next job that has not been asked for. */
  nextJob(): Promise<DemuxJob> {
    const known = this.jobs[this.#taken];
    if (known) {
      this.#taken += 1;
      return Promise.resolve(known);
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/** A request of the render service about its job. */
export function report(job: DemuxJob, path: string, options: Omit<Parameters<typeof call>[1] & object, "token"> = {}) {
  return call(`${new URL(job.api).pathname}${path}`, { token: job.token, ...options });
}

export async function storeFile(job: DemuxJob, name: string, bytes: Uint8Array): Promise<ExportFile> {
  const headers = { "Content-Length": String(bytes.byteLength), "Content-Digest": await digestHeader(bytes) };
  const response = await report(job, `/files/${name}`, { method: "PUT", body: bytes, headers });
  if (response.status !== 201) throw new Error(`store ${name}: ${response.status}`);
  await response.body?.cancel();
  return { name, bytes: bytes.byteLength, sha256: await hashOf(bytes), kind: "master", participant: null };
}

/** Stores the files and says that the job is done. */
export async function finish(job: DemuxJob, files: Readonly<Record<string, Uint8Array>>): Promise<Response> {
  const stored: ExportFile[] = [];
  for (const [name, bytes] of Object.entries(files)) stored.push(await storeFile(job, name, bytes));
  return report(job, "/finished", { json: { files: stored } });
}
