import type { Page } from "playwright-core";
import { untilSeen } from "../tests/e2e/rig/call-stats.ts";
import { joinRoom } from "../tests/e2e/rig/studio-page.ts";
import type { ClockReader, FrameDelay } from "./pages/clock-reader.ts";
import { openCallRoom } from "./parts/call-room.ts";
import { pageCode } from "./parts/page-code.ts";
import { percentile, rounded } from "./parts/statistics.ts";
import type { BenchRun } from "./parts/studio.ts";
import type { Report } from "./parts/table.ts";
import { letRun, poll } from "./parts/wait.ts";

const SECONDS = 20;
const QUICK_SECONDS = 5;
const SETTLE_S = 10;
const QUICK_SETTLE_S = 3;
const HOST = "Bench Clock";
const PATIENCE_MS = 60_000;
const ASK_MS = 200;
const FULL_WIDTH = 1280;
/** In a smaller window the tiles of two people are too small for the 720p layer. */
const WINDOW = { width: 1600, height: 900 };

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
  await untilFull(guest);
  say("both see each other");
  await letRun(quick ? QUICK_SETTLE_S : SETTLE_S);
  const seconds = quick ? QUICK_SECONDS : SECONDS;
  say(`reading the clock for ${seconds} s`);
  await guest.evaluate(reader);
  await guest.evaluate((host) => (globalThis as unknown as { clockReader: ClockReader }).clockReader.begin(host), HOST);
  await letRun(seconds);
  const read = await guest.evaluate(() => (globalThis as unknown as { clockReader: ClockReader }).clockReader.end());
  return report(read, seconds);
}

/** The picture has come up to 720p. */
async function untilFull(guest: Page): Promise<void> {
  const width = (): Promise<number> =>
    guest
      .getByRole("group", { name: HOST, exact: true })
      .locator("video")
      .evaluate((video: HTMLVideoElement) => video.videoWidth);
  await poll(
    "a picture of 720 lines",
    async () => ((await width()) >= FULL_WIDTH ? true : undefined),
    ASK_MS,
    PATIENCE_MS,
  );
}

function report(read: { frames: readonly FrameDelay[]; unread: number }, seconds: number): Report {
  const { frames, unread } = read;
  const row = (name: string, values: readonly number[]) => [
    name,
    ...[0.05, 0.5, 0.95, 0.99].map((share) => rounded(percentile(values, share), 0)),
  ];
  const widths = [...new Set(frames.map(({ width }) => width))].join(", ");
  return {
    key: "h",
    title: "Glass to glass",
    columns: ["ms", "p5", "p50", "p95", "p99"],
    rows: [
      row(
        "drawn to received: encoder, pacing, SFU",
        frames.map(({ received }) => received),
      ),
      row(
        "received to handed over: jitter buffer, decoder",
        frames.map(({ received, presented }) => presented - received),
      ),
      row(
        "drawn to shown",
        frames.map(({ shown }) => shown),
      ),
    ],
    notes: [
      "Target: drawn to shown 100 ms (p50).",
      `${frames.length} frames in ${seconds} s (${rounded(frames.length / seconds, 1)} a second; far below 30 the machine was too slow for two pages, and the delays are its own), ${unread} unread, ${widths} px wide; the window is ${WINDOW.width} × ${WINDOW.height}, so that the page asks for the 720p layer.`,
      "Two pages of one browser through the embedded SFU on the same machine. A frame begins when it has been drawn, so a camera's own exposure and readout are not in it; it ends when the browser expects it on the screen.",
    ],
    details: { seconds, unread, frames },
  };
}
