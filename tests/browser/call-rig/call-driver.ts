import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { build } from "vite";
import type { CallTrack } from "#protocol/call.ts";
import type { ParticipantId, Source } from "#protocol/ids.ts";
import { openPlainBrowser } from "../../e2e/rig/browser.ts";
import type { CallRig, RigState } from "./call-page.ts";
import { SfuProcess } from "./sfu-process.ts";

const TYPES: Record<string, string> = { ".js": "text/javascript", ".html": "text/html; charset=utf-8" };

declare global {
  /** On the rig's page. */
  var callRig: CallRig;
}

/** One request of a page to the SFU. */
export interface RigRequest {
  readonly operation: string;
  readonly token: string;
  readonly status: number;
}

/** Where the room is: an address of this machine, and how a browser gets there. */
export interface Place {
  readonly host: string;
  launcher(program: string): string;
}

/** A room of pages around one embedded SFU: pages, the backend's proxy, and who publishes what. */
export class CallRoom {
  readonly sfu: SfuProcess;
  readonly requests: RigRequest[] = [];
  /** Tokens that the proxy refuses with 401. */
  readonly expired = new Set<string>();
  /** Operations that are answered with a redirect, as a sign-in page before the studio does; once each. */
  readonly redirected: string[] = [];
  readonly #place: Place;
  readonly #pages = new Map<ParticipantId, Page>();
  readonly #tracks = new Map<ParticipantId, readonly CallTrack[]>();
  readonly #errors: string[] = [];
  #folder = "";
  #server: Server | null = null;
  #browser: Browser | null = null;

  constructor(place: Place = { host: "127.0.0.1", launcher: (program) => program }) {
    this.#place = place;
    this.sfu = new SfuProcess(place.host);
  }

  async open(): Promise<void> {
    await this.sfu.start();
    this.#folder = await mkdtemp(join(tmpdir(), "tapesync-call-rig-"));
    const configFile = fileURLToPath(new URL("vite.config.ts", import.meta.url));
    await build({ configFile, logLevel: "error", build: { outDir: this.#folder, emptyOutDir: true } });
    const server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        response.statusCode = 502;
        response.end(JSON.stringify({ error: { reason: "sfu-unreachable", message: String(error) } }));
      });
    });
    await new Promise<void>((resolve) => {
      server.listen(0, this.#place.host, resolve);
    });
    this.#server = server;
    const launcher = (program: string): string => this.#place.launcher(program);
    this.#browser = await openPlainBrowser({ place: { launcher, trust: this.#origin } });
  }

  async close(): Promise<void> {
    await this.#browser?.close();
    this.#server?.closeAllConnections();
    this.#server?.close();
    await this.sfu.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Everybody leaves, and the next test begins with nobody. @returns what the pages threw */
  async empty(): Promise<readonly string[]> {
    // Out of the room before they go, so that nobody is told of anything on a page that is being closed.
    const leaving = [...this.#pages.values()];
    this.#pages.clear();
    for (const page of leaving) await page.context().close();
    this.#tracks.clear();
    this.expired.clear();
    this.redirected.length = 0;
    this.requests.length = 0;
    // A test that failed while the network was away must not fail the next one.
    this.sfu.resume();
    return this.#errors.splice(0);
  }

  /** A page with devices, not yet in the call. */
  async page(self: ParticipantId): Promise<Page> {
    if (this.#browser === null) throw new Error("the rig is not open");
    const page = await (await this.#browser.newContext()).newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("pageerror", (error) => this.#errors.push(`${self}: ${error.message}`));
    await page.exposeFunction("tellRoom", (who: ParticipantId, tracks: readonly CallTrack[]) =>
      this.#tell(who, tracks),
    );
    await page.goto(`${this.#origin}/`);
    await page.waitForFunction(() => "callRig" in globalThis);
    await page.evaluate(() => callRig.openDevices());
    this.#pages.set(self, page);
    return page;
  }

  /** A page that sends camera and microphone, or what is named. */
  async join(self: ParticipantId, sources: readonly Source[] = ["microphone", "camera"]): Promise<Page> {
    const page = await this.page(self);
    await page.evaluate(
      ([id, sent]) => {
        callRig.join(id);
        for (const source of sent) callRig.send(source, "device");
      },
      [self, sources] as const,
    );
    await page.evaluate((publishers) => callRig.follow(publishers), this.#othersOf(self));
    return page;
  }

  get #origin(): string {
    if (this.#server === null) throw new Error("the rig is not open");
    return `http://${this.#place.host}:${(this.#server.address() as AddressInfo).port}`;
  }

  async #tell(who: ParticipantId, tracks: readonly CallTrack[]): Promise<void> {
    this.#tracks.set(who, tracks);
    for (const [self, page] of [...this.#pages]) {
      if (self === who || this.#pages.get(self) !== page) continue;
      try {
        await page.evaluate((publishers) => callRig.follow(publishers), this.#othersOf(self));
      } catch (error) {
        // One who has left meanwhile need not be told.
        if (this.#pages.get(self) === page) throw error;
      }
    }
  }

  #othersOf(self: ParticipantId) {
    return [...this.#tracks].flatMap(([participant, tracks]) =>
      participant === self ? [] : [{ participant, tracks }],
    );
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? "/", "http://rig");
    const operation = pathname.split("/api/realtime/")[1];
    if (operation !== undefined) return this.#proxy(operation, request, response);
    const file = pathname === "/" ? "index.html" : pathname.slice(1);
    response.setHeader("content-type", TYPES[extname(file)] ?? "application/octet-stream");
    response.end(await readFile(join(this.#folder, file)).catch(() => ""));
  }

  /** As the backend's: its own token for the page's, its own words for a token that has run out. */
  async #proxy(operation: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const token = request.headers.authorization?.replace("Bearer ", "") ?? "";
    response.setHeader("content-type", "application/json");
    const note = (status: number): void => {
      this.requests.push({ operation: `${request.method} ${operation}`, token, status });
      response.statusCode = status;
    };
    if (this.expired.has(token)) {
      note(401);
      response.end(JSON.stringify({ error: { reason: "token-expired", message: "the token has run out" } }));
      return;
    }
    const redirect = this.redirected.findIndex((each) => operation.endsWith(each));
    if (redirect >= 0) {
      this.redirected.splice(redirect, 1);
      note(302);
      response.setHeader("location", "/sign-in");
      response.end();
      return;
    }
    const headers = { authorization: this.sfu.authorization, "content-type": "application/json" };
    const body = chunks.length > 0 ? Buffer.concat(chunks) : null;
    const reply = await fetch(`${this.sfu.address}/${operation}`, { method: request.method ?? "GET", headers, body });
    const text = await reply.text();
    note(reply.status);
    response.end(text);
  }
}

/** For what comes at all: no goal, but the end of hope, on a machine that is slow and busy. */
export const PATIENCE_MS = 60_000;

/** Waits until the page's call is so. @throws with the last state when it never was */
export async function until(
  page: Page,
  what: string,
  isSo: (state: RigState) => boolean,
  withinMs = PATIENCE_MS,
): Promise<{ readonly state: RigState }> {
  const startMs = performance.now();
  let last: RigState | null = null;
  while (performance.now() - startMs < withinMs) {
    last = await page.evaluate(() => callRig.state());
    if (last !== null && isSo(last)) return { state: last };
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
  }
  throw new Error(`${what}: not within ${withinMs} ms; ${JSON.stringify(last)}`);
}
