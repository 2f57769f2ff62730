import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DemuxJob } from "#protocol/demux-job.ts";
import { deliveryManifest } from "#protocol/delivery-manifest.ts";
import { type RenderService, startRenderService } from "../../container/service/server.ts";
import { makeClip, temporaryFolder, removeFolders } from "../unit/media/clips.ts";
import { sha256Hex } from "../unit/media/probe.ts";
import { flipBit, makePage, record, takeOf, trackSources } from "../unit/media/tapes.ts";
import { FakeBackend } from "./fake-backend.ts";

afterAll(removeFolders);

const PATIENCE = { firstMs: 5, longestMs: 20, totalMs: 20_000, requestMs: 20_000 };

let backend: FakeBackend;
let service: RenderService;
let workDir: string;

beforeEach(async () => {
  backend = new FakeBackend();
  await backend.listen();
  workDir = temporaryFolder();
  service = await startRenderService({ port: 0, host: "127.0.0.1", workDir, patience: PATIENCE });
});

afterEach(async () => {
  await service.stop();
  await backend.close();
});

async function aliceAndBob(seconds = 4) {
  const people: Record<string, ReturnType<typeof trackSources>[]> = {};
  for (const [index, name] of ["Alice", "Bob"].entries()) {
    const page = makePage({ bootMs: 5000 + 1000 * index });
    const base = { page, name, seconds, fromUs: 10_000 };
    const camera = await record({ ...base, clip: await makeClip("avc", { seconds: 2 }), source: "camera" });
    const microphone = await record({ ...base, clip: await makeClip("opus", { seconds: 2 }), source: "microphone" });
    people[name] = [trackSources(camera), trackSources(microphone)];
  }
  return takeOf(people);
}

const post = (job: unknown, port = service.port) =>
  fetch(`http://127.0.0.1:${port}/jobs`, { method: "POST", body: JSON.stringify(job) });

async function run(job: DemuxJob): Promise<void> {
  expect((await post(job)).status).toBe(202);
  await backend.ended;
}

const epochRequests = () => backend.requests.filter((request) => request.startsWith("GET"));

describe("render service", () => {
  it("[DM18] fetches, stitches, stores and reports a whole job", async () => {
    const job = await backend.jobFor(await aliceAndBob());
    await run(job);
    expect(backend.failed).toBeNull();
    const names = ["Alice.mkv", "Bob.mkv", "timeline.fcpxml", "manifest.json", "SHA256SUMS"];
    expect(backend.finished?.files.map((file) => file.name)).toEqual(names);
    expect([...backend.files.keys()]).toEqual(names);
    for (const file of backend.finished?.files ?? []) {
      const bytes = backend.files.get(file.name) ?? new Uint8Array();
      expect({ name: file.name, bytes: bytes.byteLength, sha256: sha256Hex(bytes) }).toEqual({
        name: file.name,
        bytes: file.bytes,
        sha256: file.sha256,
      });
    }
    const text = new TextDecoder().decode(backend.files.get("manifest.json"));
    const manifest = v.parse(deliveryManifest, JSON.parse(text));
    expect(manifest.participants.map((person) => person.name)).toEqual(["Alice", "Bob"]);
    const stages = backend.progress.map((progress) => progress.stage);
    expect(stages.filter((stage, index) => stage !== stages[index - 1])).toEqual(["reading", "stitching", "storing"]);
    expect(epochRequests()).toHaveLength(8);
    await expect.poll(() => readdirSync(workDir), { timeout: 20_000 }).toEqual([]);
  });

  it("[DM18] the same job twice is accepted twice and run once", async () => {
    const job = await backend.jobFor(await aliceAndBob());
    const replies = await Promise.all([post(job), post(job), post(job)]);
    expect(replies.map((reply) => reply.status)).toEqual([202, 202, 202]);
    await backend.ended;
    expect(epochRequests()).toHaveLength(8);
    const view: unknown = await (await fetch(`http://127.0.0.1:${service.port}/jobs/${job.job}`)).json();
    expect(view).toMatchObject({ job: job.job });
  });

  it("[DM19] a backend that is away, restarts, breaks off or is too busy is asked again", async () => {
    const seen = new Map<string, number>();
    backend.trouble = (method, path) => {
      const times = (seen.get(method + path) ?? 0) + 1;
      seen.set(method + path, times);
      return times === 1 ? 503 : times === 2 ? "break" : times === 3 ? 429 : undefined;
    };
    await run(await backend.jobFor(await aliceAndBob(2)));
    expect(backend.failed).toBeNull();
    expect(backend.finished?.files).toHaveLength(5);
  });

  it("[DM19] a backend that stays away fails the job so that it is tried again", async () => {
    await service.stop();
    const patience = { ...PATIENCE, totalMs: 100 };
    service = await startRenderService({ port: 0, host: "127.0.0.1", workDir, patience });
    backend.trouble = (_method, path) => (path.startsWith("/tracks") ? 503 : undefined);
    await run(await backend.jobFor(await aliceAndBob(2)));
    expect(backend.failed).toMatchObject({ reason: "backend-unreachable", retry: true });
  });

  it("[DM8] an epoch that is not what was stored becomes a declared gap; it is asked for three times", async () => {
    const take = await aliceAndBob(6);
    const job = await backend.jobFor(take);
    const key = `${job.participants[0]?.tracks[0]?.track}/1`;
    backend.epochs.set(key, flipBit(backend.epochs.get(key) ?? new Uint8Array()));
    await run(job);
    const text = new TextDecoder().decode(backend.files.get("manifest.json"));
    const manifest = v.parse(deliveryManifest, JSON.parse(text));
    expect(manifest.participants[0]?.tracks[0]?.gaps.map((gap) => gap.reason)).toEqual(["corrupt-epoch"]);
    expect(epochRequests().filter((request) => request.endsWith(`${key.replace("/", "/epochs/")}`))).toHaveLength(3);
  });

  it("[DM8] an epoch that the backend does not have becomes a declared gap", async () => {
    const job = await backend.jobFor(await aliceAndBob(6));
    backend.epochs.delete(`${job.participants[1]?.tracks[1]?.track}/1`);
    await run(job);
    const text = new TextDecoder().decode(backend.files.get("manifest.json"));
    const manifest = v.parse(deliveryManifest, JSON.parse(text));
    expect(manifest.participants[1]?.tracks[1]?.gaps.map((gap) => gap.reason)).toEqual(["missing-epoch"]);
  });

  it("[DM17] a job without a usable epoch fails for good", async () => {
    const job = await backend.jobFor(await aliceAndBob(2));
    backend.epochs.clear();
    await run(job);
    expect(backend.failed).toMatchObject({ reason: "no-media", retry: false });
  });

  it("[DM20] a job that the backend gave to another ends at once, without a report", async () => {
    backend.trouble = () => 410;
    const job = await backend.jobFor(await aliceAndBob(2));
    await post(job);
    const view = async () => (await fetch(`http://127.0.0.1:${service.port}/jobs/${job.job}`)).json();
    await expect.poll(view, { timeout: 20_000 }).toMatchObject({ state: "over" });
    expect(backend.failed).toBeNull();
    expect(backend.files.size).toBe(0);
    expect(readdirSync(workDir)).toEqual([]);
  });

  it("[DM20] a service that is stopped in mid-job says so, leaves nothing behind, and another one does the job", async () => {
    const fetching = new Promise<void>((resolve) => {
      backend.trouble = (_method, path) => {
        if (!path.startsWith("/tracks")) return undefined;
        resolve();
        return "hang";
      };
    });
    const job = await backend.jobFor(await aliceAndBob(2));
    await post(job);
    await fetching;
    await service.stop();
    expect(backend.failed).toMatchObject({ reason: "stopped", retry: true });
    expect(readdirSync(workDir)).toEqual([]);
    backend.trouble = () => undefined;
    backend.forget();
    mkdirSync(join(workDir, "job-old"));
    writeFileSync(join(workDir, "job-old", "leftover"), "x");
    service = await startRenderService({ port: 0, host: "127.0.0.1", workDir, patience: PATIENCE });
    expect(readdirSync(workDir)).toEqual([]);
    await run(await backend.jobFor(await aliceAndBob(2), "job-2"));
    expect(backend.finished?.files).toHaveLength(5);
  });

  it("[DM20] what is no job is refused with a reason", async () => {
    for (const body of ["", "{", "[]", "{}", JSON.stringify({ job: "../x" })]) {
      const reply = await fetch(`http://127.0.0.1:${service.port}/jobs`, { method: "POST", body });
      expect(reply.status).toBe(400);
      expect(await reply.json()).toMatchObject({ error: { reason: "bad-job" } });
    }
    expect((await fetch(`http://127.0.0.1:${service.port}/jobs/none`)).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${service.port}/health`)).status).toBe(200);
  });
});
