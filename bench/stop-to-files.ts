import type { BrowserContext } from "playwright-core";
import { joinRoom, newRoom, record, stop, untilClock, untilSafe } from "../tests/e2e/rig/studio-page.ts";
import { declare, joinAsHost, putAllButLast, untilDownloadable } from "./parts/api-device.ts";
import { makeClips, newPreparedTake } from "./parts/clips.ts";
import { uploadHeldBack } from "./parts/held-back.ts";
import { seatRows } from "./parts/manifest-rows.ts";
import type { PreparedClip } from "./parts/prepared-take.ts";
import { rounded } from "./parts/statistics.ts";
import { type BenchRun, inFreshBrowser } from "./parts/studio.ts";
import type { Report } from "./parts/table.ts";

interface StopRun {
  readonly what: string;
  readonly seconds: number;
  readonly safeS: number;
  readonly filesS: number;
  /** Until the link stands on the exports page that was opened at Stop. */
  readonly shownS: number | undefined;
  readonly masterBytes: number;
}

const RECORDED_S = 60;
const PREPARED_S = [300, 1_200];
const PATIENCE_MS = 600_000;

/** Measure (b): how long after Stop everything has arrived, and how long until the MKV can be downloaded. */
export async function benchStop({ server, quick, say }: BenchRun): Promise<Report> {
  const clips = await makeClips();
  const runs: StopRun[] = [];
  const recordedS = quick ? 10 : RECORDED_S;
  say(`recording ${recordedS} s`);
  runs.push(await inFreshBrowser(server.url, (context) => recorded(context, server.url, recordedS)));
  for (const seconds of quick ? [60] : [RECORDED_S, ...PREPARED_S]) {
    say(`${seconds} s of media, all but the last epochs uploaded before Stop`);
    runs.push(await fed(server.url, clips, seconds));
  }
  for (const seconds of quick ? [60] : PREPARED_S) {
    say(`${seconds} s of media in the page's journal, nothing uploaded`);
    runs.push(await inFreshBrowser(server.url, (context) => heldBack(context, server.url, clips, seconds)));
  }
  return report(runs);
}

/** A person records in a room and presses Stop. */
async function recorded(context: BrowserContext, origin: string, seconds: number): Promise<StopRun> {
  const page = await context.newPage();
  const room = await newRoom(page);
  await joinRoom(page, room, "Bench");
  const [seat] = await seatRows(page);
  if (!seat || seat.token === null) throw new Error("the page has no seat");
  const access = { room: seat.room, token: seat.token };
  await record(page);
  await untilClock(page, seconds);
  const stoppedMs = performance.now();
  await stop(page);
  const [safeMs, files] = await Promise.all([
    untilSafe(page).then(() => performance.now()),
    untilDownloadable(origin, access, undefined, PATIENCE_MS),
  ]);
  return {
    what: "recorded in a room",
    seconds,
    safeS: (safeMs - stoppedMs) / 1000,
    filesS: (files.atMs - stoppedMs) / 1000,
    shownS: await shownAfter(context, room, stoppedMs),
    masterBytes: files.bytes,
  };
}

/** The exports page is opened once the file is there, so that it takes no time from making it. */
async function shownAfter(context: BrowserContext, room: string, stoppedMs: number): Promise<number> {
  const page = await context.newPage();
  await page.goto(`${room}/exports`);
  await page
    .getByRole("link", { name: /\.mkv$/ })
    .first()
    .waitFor();
  return (performance.now() - stoppedMs) / 1000;
}

/** A device that has kept up: at Stop the last epoch of each track is still to be sent. No browser takes part. */
async function fed(origin: string, clips: readonly PreparedClip[], seconds: number): Promise<StopRun> {
  const device = await joinAsHost(origin);
  const take = newPreparedTake(clips, seconds);
  await declare(device, take);
  const finish = await putAllButLast(device, take);
  const stoppedMs = performance.now();
  await finish();
  const safeMs = performance.now();
  const files = await untilDownloadable(origin, device.access, take.take, PATIENCE_MS);
  return {
    what: "fed through the API, uploaded but for the last 2 s",
    seconds,
    safeS: (safeMs - stoppedMs) / 1000,
    filesS: (files.atMs - stoppedMs) / 1000,
    shownS: undefined,
    masterBytes: files.bytes,
  };
}

/** A take that was recorded without a network; the clock starts when the page is opened with one. */
async function heldBack(
  context: BrowserContext,
  origin: string,
  clips: readonly PreparedClip[],
  seconds: number,
): Promise<StopRun> {
  const upload = await uploadHeldBack(context, origin, clips, seconds);
  const files = await untilDownloadable(origin, upload.access, upload.take, PATIENCE_MS);
  return {
    what: "held back whole, uploaded by the page at launch",
    seconds,
    safeS: (upload.lastReceiptMs - upload.launchedMs) / 1000,
    filesS: (files.atMs + performance.timeOrigin - upload.launchedMs) / 1000,
    shownS: undefined,
    masterBytes: files.bytes,
  };
}

function report(runs: readonly StopRun[]): Report {
  return {
    key: "b",
    title: "From Stop to Safe to leave, and to the MKV",
    columns: ["", "media s", "Safe to leave s", "MKV s", "link shown s", "MKV MB"],
    rows: runs.map((run) => [
      run.what,
      run.seconds,
      rounded(run.safeS, 2),
      rounded(run.filesS, 2),
      run.shownS === undefined ? "" : rounded(run.shownS, 2),
      rounded(run.masterBytes / 1e6, 1),
    ]),
    notes: [
      "Targets for 1 minute: at most 3 s until Safe to leave, at most 10 s until the MKV.",
      "One person, camera (720p30, 4.4 Mbit/s) and microphone. MKV: the first byte of it answers 206.",
      "Fed: a device that has kept up; its last epochs and the seals are sent at Stop. Held back: Stop stands for the page's launch.",
    ],
    details: runs,
  };
}
