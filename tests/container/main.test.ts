import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeClip, temporaryFolder, removeFolders } from "../unit/media/clips.ts";
import { makePage, record, takeOf, trackSources } from "../unit/media/tapes.ts";
import { FakeBackend } from "./fake-backend.ts";

afterAll(removeFolders);

const MAIN = resolve(import.meta.dirname, "../../container/main.ts");

let backend: FakeBackend;
const children: ChildProcess[] = [];

beforeEach(async () => {
  backend = new FakeBackend();
  await backend.listen();
});

afterEach(async () => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill("SIGKILL");
  await backend.close();
});

async function start(workDir: string): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, [MAIN], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, RENDER_PORT: "0", RENDER_HOST: "", RENDER_WORK_DIR: workDir },
  });
  children.push(child);
  if (!child.stdout) throw new Error("no output");
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /^render service listening on (\d+)$/.exec(line)?.[1];
    if (port) return { child, port: Number(port) };
  }
  throw new Error("the service ended without listening");
}

async function job(name: string) {
  const clip = await makeClip("avc", { seconds: 2 });
  const camera = await record({ page: makePage(), clip, source: "camera", fromUs: 0, seconds: 6 });
  return backend.jobFor(takeOf({ Alice: [trackSources(camera)] }), name);
}

const post = (port: number, body: unknown) =>
  fetch(`http://127.0.0.1:${port}/jobs`, { method: "POST", body: JSON.stringify(body) });

describe("the render service as a process", () => {
  it("[DM20] killed in mid-job and started again, it cleans up and does the next try", async () => {
    const workDir = temporaryFolder();
    const first = await start(workDir);
    const reached = new Promise<void>((done) => {
      backend.trouble = (_method, path) => {
        if (!path.endsWith("/epochs/2")) return undefined;
        done();
        return "hang";
      };
    });
    await post(first.port, await job("job-1"));
    await reached;
    first.child.kill("SIGKILL");
    await once(first.child, "exit");
    expect(readdirSync(workDir)).toHaveLength(1);
    backend.trouble = () => undefined;
    const second = await start(workDir);
    expect(readdirSync(workDir)).toEqual([]);
    await post(second.port, await job("job-2"));
    await backend.ended;
    expect(backend.finished?.files.map((file) => file.name)).toContain("Alice.mkv");
  });

  it("[DM20] SIGTERM in mid-job: it says that it was stopped, and ends", async () => {
    const { child, port } = await start(temporaryFolder());
    const reached = new Promise<void>((done) => {
      backend.trouble = (_method, path) => {
        if (!path.startsWith("/tracks")) return undefined;
        done();
        return "hang";
      };
    });
    await post(port, await job("job"));
    await reached;
    child.kill("SIGTERM");
    await once(child, "exit");
    expect(child.exitCode).toBe(0);
    expect(backend.failed).toMatchObject({ reason: "stopped", retry: true });
  });

  it("[DM20] it ends when the process that started it is gone", async () => {
    const { child } = await start(temporaryFolder());
    child.stdin?.end();
    await once(child, "exit");
    expect(child.exitCode).toBe(0);
  });
});
