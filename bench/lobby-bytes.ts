import { gzipSync } from "node:zlib";
import type { BrowserContext, Page } from "playwright-core";
import { joinAsHost } from "./parts/api-device.ts";
import { rounded, sum } from "./parts/statistics.ts";
import { type BenchRun, inFreshBrowser } from "./parts/studio.ts";
import type { Report } from "./parts/table.ts";
import { type Passed, watchTraffic } from "./parts/traffic.ts";
import { letRun } from "./parts/wait.ts";

/** What comes later is listed too: the service worker keeps the whole app for days without a network. */
const AFTER_S = 4;

interface File {
  readonly path: string;
  readonly dest: string;
  readonly when: "before" | "after";
  /** ms since the navigation. */
  readonly atMs: number;
  readonly sent: number;
  readonly encoding: string;
  readonly gzip: number;
}

/** Measure (e): JavaScript that is asked for before a first visitor can use the lobby. */
export async function benchLobby({ server, say }: BenchRun): Promise<Report> {
  say("first visit of a lobby");
  const { access } = await joinAsHost(server.url);
  await using traffic = await watchTraffic(server.url);
  const { startedMs, readyMs } = await inFreshBrowser(traffic.url, (context) => visit(context, `/r/${access.room}`));
  const files: File[] = [];
  for (const passed of traffic.passed.filter(isScript)) files.push(await weigh(server.url, passed, startedMs, readyMs));
  return report(files, readyMs - startedMs);
}

/** One that was there already (304) is not sent again. */
const isScript = (passed: Passed): boolean => /javascript/.test(passed.type) && passed.bytes > 0;

async function visit(context: BrowserContext, room: string): Promise<{ startedMs: number; readyMs: number }> {
  const page = await context.newPage();
  const startedMs = Date.now();
  await page.goto(room, { waitUntil: "commit" });
  const readyMs = await untilUsable(page);
  await letRun(AFTER_S);
  return { startedMs, readyMs };
}

/** Join stands there, and the cameras can be chosen: the camera's name, and none. @returns wall clock, ms */
async function untilUsable(page: Page): Promise<number> {
  const ready = await page.waitForFunction(
    () => {
      const join = [...document.querySelectorAll("button")].find((button) => button.textContent?.trim() === "Join");
      const shown = join?.checkVisibility() === true;
      const filled = [...document.querySelectorAll("select")].some(
        (select) => select.labels?.[0]?.textContent?.includes("Camera") === true && select.options.length >= 2,
      );
      return shown && filled ? performance.timeOrigin + performance.now() : undefined;
    },
    undefined,
    { polling: "raf" },
  );
  const at = await ready.jsonValue();
  if (at === undefined) throw new Error("the lobby gave no time");
  return at;
}

async function weigh(origin: string, passed: Passed, startedMs: number, readyMs: number): Promise<File> {
  const answer = await fetch(origin + passed.path);
  const body = new Uint8Array(await answer.arrayBuffer());
  return {
    path: passed.path,
    dest: passed.dest,
    when: passed.atMs <= readyMs ? "before" : "after",
    atMs: passed.atMs - startedMs,
    sent: passed.bytes,
    encoding: passed.encoding,
    gzip: gzipSync(body).byteLength,
  };
}

const kb = (bytes: number): number => rounded(bytes / 1000, 1);

function report(files: readonly File[], readyAfterMs: number): Report {
  const before = files.filter((file) => file.when === "before");
  const after = files.filter((file) => file.when === "after");
  const total = sum(before.map((file) => file.gzip));
  const encodings = [...new Set(files.map((file) => file.encoding || "uncompressed"))].join(", ");
  return {
    key: "e",
    title: "JavaScript before the lobby can be used",
    columns: ["file", "as", "at ms", "gzip kB", "sent kB"],
    rows: [
      ...before.map((file) => [file.path, file.dest, Math.round(file.atMs), kb(file.gzip), kb(file.sent)]),
      ["in all", "", Math.round(readyAfterMs), kb(total), kb(sum(before.map((file) => file.sent)))],
    ],
    notes: [
      `Target: at most 90 kB gzipped. 1 kB is 1,000 bytes. The local server sends ${encodings}; gzip is what a server that compresses sends.`,
      `After that, ${after.length} more scripts of ${kb(sum(after.map((file) => file.gzip)))} kB: ${after.map((file) => `${file.path.split("/").at(-1)} (${file.dest})`).join(", ")}`,
    ],
    details: { readyAfterMs, files },
  };
}
