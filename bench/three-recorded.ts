import type { Page } from "playwright-core";
import { type Stretch, untilSeen, watchPages } from "../tests/e2e/rig/call-stats.ts";
import { openSession } from "../tests/e2e/rig/session.ts";
import { record, stop, untilReady, untilRecording, untilSafe } from "../tests/e2e/rig/studio-page.ts";
import { median, rounded } from "./parts/statistics.ts";
import type { BenchRun } from "./parts/studio.ts";
import type { Report } from "./parts/table.ts";
import { letRun } from "./parts/wait.ts";

const NAMES = ["Bench Host", "Bench Marek", "Bench Zoe"] as const;
/** Each of three people sees two others. */
const PICTURES = 6;
const STRETCHES = 5;
const QUICK_STRETCHES = 1;
const SECONDS = 8;
const QUICK_SECONDS = 4;
const SETTLE_S = 10;
const QUICK_SETTLE_S = 3;
const PATIENCE_MS = 60_000;

/** Measure (l): what three people see of each other while each of them is recorded. */
export async function benchThree({ server, quick, say }: BenchRun): Promise<Report> {
  const [hostName, ...guestNames] = NAMES;
  await using session = await openSession(hostName, { server, camera: "360p", watch: true });
  const people = new Map<string, Page>([[hostName, session.host]]);
  for (const name of guestNames) people.set(name, await session.guest(name));
  const onAll = (work: (page: Page, name: string) => Promise<void>) =>
    Promise.all([...people].map(([name, page]) => work(page, name)));
  const othersOf = (name: string): string[] => NAMES.filter((each) => each !== name);
  await onAll((page, name) => untilSeen(page, othersOf(name), PATIENCE_MS));
  await untilReady(session.host, NAMES.length);
  await record(session.host);
  await onAll((page) => untilRecording(page));
  await letRun(quick ? QUICK_SETTLE_S : SETTLE_S);
  const stretches: Stretch[] = [];
  while (stretches.length < (quick ? QUICK_STRETCHES : STRETCHES)) {
    const stretch = await watchPages([...people.values()], () => letRun(quick ? QUICK_SECONDS : SECONDS));
    if (stretch.fps.length !== PICTURES)
      throw new Error(`${stretch.fps.length} pictures are received, not ${PICTURES}`);
    stretches.push(stretch);
    say(`stretch ${stretches.length}: ${stretch.fps.map((fps) => fps.toFixed(1)).join(", ")} frames/s`);
  }
  await stop(session.host);
  await onAll((page) => untilSafe(page));
  return report(stretches);
}

function report(stretches: readonly Stretch[]): Report {
  const rowOf = (what: string | number, fps: readonly number[], freezes: number) => [
    what,
    rounded(Math.min(...fps), 1),
    rounded(median(fps), 1),
    freezes,
  ];
  const all = stretches.flatMap(({ fps }) => fps);
  const freezes = stretches.reduce((total, stretch) => total + stretch.freezes, 0);
  return {
    key: "l",
    title: "Three in a call, each recorded",
    columns: ["stretch", "frames/s, least of six", "median of six", "freezes"],
    rows: [...stretches.map((stretch, n) => rowOf(n + 1, stretch.fps, stretch.freezes)), rowOf("all", all, freezes)],
    notes: [
      "Six pictures: on each of three pages the two others. Freezes are of all six together. The cameras have 30 frames/s.",
      "Three pages of one browser on the server's machine, with cameras of 640 × 360; each records its camera and microphone and uploads meanwhile.",
    ],
    details: { stretches },
  };
}
