import type { BrowserContext, Page } from "playwright-core";
import { untilSeen } from "../tests/e2e/rig/call-stats.ts";
import { untilInStudio } from "../tests/e2e/rig/studio-page.ts";
import type { JoinTimes, JoinWatch } from "./pages/join-watch.ts";
import { type CallRoom, openCallRoom } from "./parts/call-room.ts";
import { pageCode } from "./parts/page-code.ts";
import { median, percentile, rounded } from "./parts/statistics.ts";
import type { BenchRun } from "./parts/studio.ts";
import type { Report } from "./parts/table.ts";
import { letRun, poll } from "./parts/wait.ts";

const JOINS = 15;
const QUICK_JOINS = 3;
/** As long as somebody needs for their name and the tick; the page keeps itself for offline use meanwhile. */
const IN_LOBBY_S = 5;
const HOST = "Bench Host";
const PATIENCE_MS = 60_000;
const ASK_MS = 50;

const STEPS: readonly (readonly [keyof JoinTimes, string])[] = [
  ["seatAnswered", "seat given (POST participants)"],
  ["devicesOpened", "devices opened anew"],
  ["encoderStarted", "recorder's code there, encoders begin to warm up"],
  ["socketAsked", "socket asked for"],
  ["socketOpen", "socket open"],
  ["welcome", "welcome: admitted"],
  ["sessionMade", "SFU session made"],
  ["publishAsked", "tracks/new asked: publish"],
  ["publishAnswered", "tracks/new answered: publish"],
  ["connected", "media connection up"],
  ["pullAsked", "tracks/new asked: pull"],
  ["pullAnswered", "tracks/new answered: pull"],
  ["trackThere", "the host's track is there"],
  ["frameReceived", "first frame received whole"],
  ["framePresented", "first frame shown"],
];

/** Measure (g): from a guest's press on Join to the host's picture. */
export async function benchFirstFrame({ server, quick, say }: BenchRun): Promise<Report> {
  const code = await pageCode("join-watch.ts");
  const joins: JoinTimes[] = [];
  await using room = await openCallRoom(server.url, HOST);
  const count = quick ? QUICK_JOINS : JOINS;
  for (let number = 1; number <= count; number += 1) {
    say(`join ${number} of ${count}`);
    joins.push(await oneJoin(room, code, `Guest ${number}`));
  }
  return report(joins);
}

async function oneJoin(room: CallRoom, code: string, name: string): Promise<JoinTimes> {
  const context = await room.person();
  try {
    return await joinAndLeave(context, room, code, name);
  } finally {
    await context.close();
  }
}

async function joinAndLeave(context: BrowserContext, room: CallRoom, code: string, name: string): Promise<JoinTimes> {
  await context.addInitScript({ content: code });
  const { link } = await room.invite();
  const page = await context.newPage();
  await page.goto(link);
  await page.getByRole("textbox", { name: "Your name" }).fill(name);
  await page.getByRole("checkbox", { name: "I agree to be recorded" }).check();
  await page.evaluate((host) => {
    (globalThis as unknown as { joinWatch: JoinWatch }).joinWatch.host = host;
  }, HOST);
  await letRun(IN_LOBBY_S);
  await page.getByRole("button", { name: "Join", exact: true }).click();
  await untilInStudio(page);
  const times = await untilShown(page);
  // What the host gets of this guest must be over before the next one comes.
  await untilSeen(room.host, [name]);
  await page.getByRole("button", { name: "Leave", exact: true }).click();
  await leaveForGood(page);
  await room.host.getByRole("group", { name, exact: true }).waitFor({ state: "detached", timeout: PATIENCE_MS });
  return times;
}

/** The page may ask once more. */
async function leaveForGood(page: Page): Promise<void> {
  const dialog = page.getByRole("alertdialog").or(page.getByRole("dialog"));
  const gone = page.getByRole("list", { name: "Participants" });
  await poll(
    "the guest is out",
    async () => {
      if (await dialog.isVisible()) await dialog.getByRole("button", { name: /^Leave/ }).click();
      return (await gone.isVisible()) ? undefined : true;
    },
    ASK_MS,
    PATIENCE_MS,
  );
}

function untilShown(page: Page): Promise<JoinTimes> {
  const read = async (): Promise<JoinTimes | undefined> => {
    const times = await page.evaluate(() => (globalThis as unknown as { joinWatch: JoinWatch }).joinWatch.times());
    return times.framePresented === undefined ? undefined : times;
  };
  return poll("the host's picture", read, ASK_MS, PATIENCE_MS);
}

function report(joins: readonly JoinTimes[]): Report {
  const after = (from: keyof JoinTimes, to: keyof JoinTimes): number[] =>
    joins.flatMap((times) => {
      const [begin, end] = [times[from], times[to]];
      return begin === undefined || end === undefined ? [] : end - begin;
    });
  const row = (name: string, values: readonly number[]) => [
    name,
    values.length,
    rounded(median(values), 0),
    rounded(percentile(values, 0.95), 0),
  ];
  const steps = STEPS.map(([step, name]) => ({ name, values: after("pressed", step) }));
  return {
    key: "g",
    title: "From the press on Join to the first remote frame",
    columns: ["ms after the press", "count", "p50", "p95"],
    rows: [
      ...steps.filter(({ values }) => values.length > 0).map(({ name, values }) => row(name, values)),
      row("from welcome to the first frame", after("welcome", "framePresented")),
      row("from the connection to the first frame", after("connected", "framePresented")),
    ],
    notes: [
      "Target: first frame shown after 500 ms (p50).",
      `${joins.length} guests with an invite, one after the other, each in a fresh profile after ${IN_LOBBY_S} s in the lobby; the host and the guest are pages of one browser.`,
      "Each step is the first time it happened after the press; steps overlap.",
    ],
    details: { joins },
  };
}
