import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { BrowserContext, Page } from "playwright-core";
import { build } from "vite";
import type { SeatRow } from "#protocol/take-manifest.ts";
import { openPlainProfile } from "../../e2e/rig/browser.ts";
import { type HttpServer, type MemoryHttpServer, memoryHttpServer } from "../../unit/upload/rig/http-server.ts";
import type { MemoryServer } from "../../unit/upload/rig/memory-server.ts";
import type { Planted } from "./plant.worker.ts";
import type { UploadRigPage } from "./upload-page.ts";

declare global {
  /** In the rig's page only; what is evaluated there sees it. */
  var uploadRig: UploadRigPage;
}

/** For what comes at all: no goal, but the end of hope. An upload that failed rests for up to half a minute. */
const PATIENCE_MS = 120_000;

const TYPES: Record<string, string> = { ".js": "text/javascript", ".html": "text/html; charset=utf-8" };

export interface UploadRigServer extends HttpServer {
  readonly memory: MemoryServer;
  /** Answers every call of the API in its place; `null`: the API is back. */
  breakWith(answer: ((response: ServerResponse) => void) | null): void;
  /** What stands at the end of the service worker's script: another text is another version. */
  version: string;
}

/** Builds the rig's page and the app's service worker, and serves both beside the memory server's API. */
export async function serveUploadRig(): Promise<UploadRigServer> {
  const folder = await mkdtemp(path.join(tmpdir(), "tapesync-upload-rig-"));
  await build({
    configFile: fileURLToPath(new URL("vite.config.ts", import.meta.url)),
    logLevel: "error",
    build: { outDir: folder, emptyOutDir: true },
  });
  let version = "";
  const file = async (url: string, response: ServerResponse): Promise<void> => {
    const name = url === "/" ? "index.html" : url.slice(1);
    const content = await readFile(path.join(folder, name));
    response.setHeader("Content-Type", TYPES[path.extname(name)] ?? "application/octet-stream");
    response.setHeader("Cache-Control", "no-cache");
    response.end(name === "sw.js" ? `${content.toString("utf8")}\n// ${version}` : content);
  };
  const server: MemoryHttpServer = await memoryHttpServer((request, response) => {
    file(request.url ?? "/", response).catch(() => response.writeHead(404).end());
  });
  return {
    ...server,
    get version() {
      return version;
    },
    set version(next) {
      version = next;
    },
    close: async () => {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A person with a profile on the disk: Background Sync needs one. */
export async function openProfile(origin: string): Promise<{ context: BrowserContext; close: () => Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), "tapesync-profile-"));
  const context = await openPlainProfile(folder, origin);
  context.setDefaultTimeout(PATIENCE_MS);
  return {
    context,
    close: async () => {
      await context.close();
      // The browser's last processes may still write while they end.
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}

export async function openRig(context: BrowserContext, address = "/"): Promise<Page> {
  const page = await context.newPage();
  await page.goto(address);
  await page.waitForFunction(() => "uploadRig" in window);
  return page;
}

/** A seat on the server, and a take to be planted for it. */
export async function takeFor(server: UploadRigServer, size: { epochs: number; bytes: number }): Promise<Planted> {
  const { signal } = new AbortController();
  const room = await server.memory.createRoom({}, signal);
  if (room.kind !== "ok") throw new Error("no room");
  const { hostSecret } = room.value;
  const joined = await server.memory.join(room.value.room, { name: "Inês", consent: true, hostSecret }, signal);
  if (joined.kind !== "ok") throw new Error("not joined");
  const seat: SeatRow = {
    ...joined.value,
    // The memory server's clock starts at the fixed day of the tests.
    tokenExpiresMs: Date.now() + 900_000,
    room: room.value.room,
    hostSecret,
    title: "Rig",
    participantName: "Inês",
    usedMs: Date.now(),
  };
  const id = <Id extends string>(): Id => randomBytes(16).toString("base64url") as Id;
  return { take: id(), track: id(), seat, ...size };
}
