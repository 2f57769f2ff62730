import { type CaptureRun, type RivalKind, runRival, runStudio, type StudioRun } from "./parts/capture-runs.ts";
import { pageCode } from "./parts/page-code.ts";
import { median, rounded, sum } from "./parts/statistics.ts";
import { type BenchRun, inFreshBrowser } from "./parts/studio.ts";
import type { Report } from "./parts/table.ts";

type Kind = "studio" | RivalKind;

const NAMES: Record<Kind, string> = {
  studio: "Tapesync",
  bare: "bare VideoEncoder loop",
  "media-recorder": "MediaRecorder",
  preview: "preview only",
};
const KINDS = ["studio", "bare", "media-recorder", "preview"] as const;

const SECONDS = 20;
const ROUNDS = 3;
const QUICK_SECONDS = 8;

/** Measure (a): what one recorded frame costs, against the least and against what the browser has built in. */
export async function benchCapture({ server, quick, say }: BenchRun): Promise<Report> {
  const code = await pageCode("rival-page.ts");
  const seconds = quick ? QUICK_SECONDS : SECONDS;
  const runs: Record<Kind, CaptureRun[]> = { studio: [], bare: [], "media-recorder": [], preview: [] };
  let studio: StudioRun | undefined;
  for (let round = 1; round <= (quick ? 1 : ROUNDS); round += 1) {
    for (const kind of KINDS) {
      say(`round ${round}: ${NAMES[kind]}, ${seconds} s`);
      const run = await inFreshBrowser(server.url, async (context) => {
        if (kind === "studio") {
          studio = await runStudio(context, seconds);
          return studio;
        }
        if (!studio) throw new Error("the studio runs first: it chooses the codec");
        return runRival(context, server.url, code, { kind, ...studio.settings }, seconds);
      });
      runs[kind].push(run);
    }
  }
  return report(runs, studio, seconds);
}

/** ms of the renderer's CPU per frame. Where nothing is recorded, a frame of the camera stands for one. */
const perFrame = (run: CaptureRun): number => (run.rendererSeconds * 1000) / (run.frames || run.seconds * 30);
const allPerFrame = (run: CaptureRun): number =>
  (sum(Object.values(run.processes)) * 1000) / (run.frames || run.seconds * 30);

function report(runs: Record<Kind, CaptureRun[]>, studio: StudioRun | undefined, seconds: number): Report {
  const of = (kind: Kind, figure: (run: CaptureRun) => number): number => median(runs[kind].map(figure));
  const bare = of("bare", perFrame);
  const recorder = of("media-recorder", perFrame);
  const rows = KINDS.map((kind) => [
    NAMES[kind],
    rounded(of(kind, perFrame), 2),
    rounded(of(kind, perFrame) / bare, 2),
    rounded(of(kind, perFrame) / recorder, 2),
    `${rounded(of(kind, (run) => run.rendererSeconds / run.seconds) * 100, 1)} %`,
    rounded(of(kind, allPerFrame), 2),
    rounded(
      of(kind, (run) => run.frames / run.seconds),
      2,
    ),
    rounded(
      of(kind, (run) => (run.bytes * 8) / run.seconds / 1e6),
      2,
    ),
  ]);
  const { codec, bitrate } = studio?.settings ?? { codec: "", bitrate: 0 };
  return {
    key: "a",
    title: "CPU per recorded frame, 720p30 with sound",
    columns: [
      "",
      "renderer ms/frame",
      "× bare",
      "× MediaRecorder",
      "of a core",
      "browser ms/frame",
      "frames/s",
      "Mbit/s",
    ],
    rows,
    notes: [
      `${codec} at ${bitrate / 1e6} Mbit/s, ${studio?.picture}; medians of ${runs.studio.length} rounds of ${seconds} s. Target: at most 1.25 × bare.`,
      ...surplus(runs),
    ],
    details: { seconds, settings: studio?.settings, picture: studio?.picture, runs },
  };
}

/** Where the studio's renderer spends more than the bare loop's, ms per frame and thread. */
function surplus(runs: Record<Kind, CaptureRun[]>): string[] {
  const names = new Set([...runs.studio, ...runs.bare].flatMap((run) => Object.keys(run.threads)));
  const of = (kind: Kind, name: string): number =>
    median(runs[kind].map((run) => ((run.threads[name] ?? 0) * 1000) / (run.frames || run.seconds * 30)));
  const threads = [...names]
    .map((name) => ({ name, studio: of("studio", name), bare: of("bare", name) }))
    .filter((each) => Math.max(each.studio, each.bare) >= 0.02)
    .sort((a, b) => b.studio - b.bare - (a.studio - a.bare));
  return [
    "Threads of the renderer, ms/frame, Tapesync against bare:",
    ...threads.map(({ name, studio, bare }) => `  ${name}: ${rounded(studio, 2)} against ${rounded(bare, 2)}`),
  ];
}
