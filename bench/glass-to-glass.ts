import type { Page } from "playwright-core";
import { untilSeen } from "../tests/e2e/rig/call-stats.ts";
import { joinRoom } from "../tests/e2e/rig/studio-page.ts";
import type { ClockReader, FrameDelay } from "./pages/clock-reader.ts";
import { openCallRoom } from "./parts/call-room.ts";
import { pageCode } from "./parts/page-code.ts";
import { percentile, rounded } from "./parts/statistics.ts";
import type { BenchRun } from "./parts/studio.ts";
import type { Report } from "./parts/table.ts";
import { letRun } from "./parts/wait.ts";

const SECONDS = 20;
const QUICK_SECONDS = 5;
const SETTLE_S = 10;
const QUICK_SETTLE_S = 3;
const HOST = "Bench Clock";
const PATIENCE_MS = 60_000;
/** How long the picture may take to come up to 720 lines. */
const RISE_MS = 30_000;
const FULL_WIDTH = 1280;
/** In a smaller window the tiles of two people are too small for the 720p layer. */
const WINDOW = { width: 1920, height: 1080 };

interface Stretch {
  readonly name: string;
  readonly seconds: number;
  readonly frames: readonly FrameDelay[];
  /** Shown frames whose clock could not be read with certainty. */
  readonly unread: number;
}

/** Measure (h): from a drawn frame to the same frame on somebody else's screen, in a call of two. */
export async function benchGlass({ server, quick, say }: BenchRun): Promise<Report> {
  const camera = await pageCode("clock-camera.ts");
  const reader = await pageCode("clock-reader.ts");
  await using room = await openCallRoom(server.url, HOST, async (context) => {
    await context.addInitScript({ content: camera });
  });
  const context = await room.person();
  const guest = await context.newPage();
  await guest.setViewportSize(WINDOW);
  await joinRoom(guest, (await room.invite()).link, "Bench Eye");
  await untilSeen(guest, [HOST], PATIENCE_MS);
  await guest.evaluate(reader);
  say("both see each other");
  const stretches = [await read(guest, "both cameras on", quick, say)];
  await guest.getByRole("button", { name: "Turn camera off" }).click();
  stretches.push(await read(guest, "the reader's camera off", quick, say));
  return report(stretches);
}

async function read(guest: Page, name: string, quick: boolean, say: BenchRun["say"]): Promise<Stretch> {
  if (!(await risesToFull(guest))) say("the picture does not come up to 720 lines");
  await letRun(quick ? QUICK_SETTLE_S : SETTLE_S);
  const seconds = quick ? QUICK_SECONDS : SECONDS;
  say(`${name}: reading the clock for ${seconds} s`);
  await guest.evaluate((host) => (globalThis as unknown as { clockReader: ClockReader }).clockReader.begin(host), HOST);
  await letRun(seconds);
  const found = await guest.evaluate(() => (globalThis as unknown as { clockReader: ClockReader }).clockReader.end());
  return { name, seconds, ...found };
}

/** @returns whether it has in time; a machine that is too slow is measured as it is, and the widths tell */
async function risesToFull(guest: Page): Promise<boolean> {
  const video = guest.getByRole("group", { name: HOST, exact: true }).locator("video");
  const untilMs = performance.now() + RISE_MS;
  while (performance.now() < untilMs) {
    if ((await video.evaluate((element: HTMLVideoElement) => element.videoWidth)) >= FULL_WIDTH) return true;
    await letRun(0.2);
  }
  return false;
}

function report(stretches: readonly Stretch[]): Report {
  const rows = stretches.flatMap(({ name, frames, seconds }) => {
    const row = (what: string, of: (frame: FrameDelay) => number) => [
      `${name}: ${what}`,
      ...[0.05, 0.5, 0.95, 0.99].map((share) => rounded(percentile(frames.map(of), share), 0)),
      rounded(frames.length / seconds, 1),
      [...new Set(frames.map(({ width }) => width))].join(", "),
    ];
    return [
      row("drawn to received", ({ received }) => received),
      row("received to handed over", ({ received, presented }) => presented - received),
      row("drawn to shown", ({ shown }) => shown),
    ];
  });
  const unread = stretches.reduce((sum, each) => sum + each.unread, 0);
  return {
    key: "h",
    title: "Glass to glass",
    columns: ["ms", "p5", "p50", "p95", "p99", "frames/s", "px wide"],
    rows,
    notes: [
      "Target: drawn to shown 100 ms (p50).",
      "To received: encoder, pacing, SFU. To handed over: jitter buffer, decoder. Far below 30 frames/s the machine was too slow for two pages, and the delays are its own.",
      `${unread} frames could not be read. The reader's window is ${WINDOW.width} × ${WINDOW.height}, so that the page asks for the 720p layer.`,
      "Two pages of one browser through the embedded SFU on the same machine. A frame begins when it has been drawn, so a camera's own exposure and readout are not in it; it ends when the browser expects it on the screen.",
    ],
    details: { stretches },
  };
}
