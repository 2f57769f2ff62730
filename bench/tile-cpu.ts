import { type Inbound, readInbound, watchConnections } from "../tests/e2e/rig/call-stats.ts";
import { record, stop, until, untilRecording, untilSafe } from "../tests/e2e/rig/studio-page.ts";
import { type People, startPeople } from "./people/people.ts";
import { type CallRoom, openCallRoom } from "./parts/call-room.ts";
import { megapixels, readOwnSending } from "./parts/own-sending.ts";
import { browserSeconds, used } from "./parts/process-cpu.ts";
import { rounded } from "./parts/statistics.ts";
import type { BenchRun } from "./parts/studio.ts";
import type { Report } from "./parts/table.ts";
import { letRun } from "./parts/wait.ts";

const OTHERS = [0, 1, 3, 6];
const QUICK_OTHERS = [0, 1, 2];
const SECONDS = 15;
const QUICK_SECONDS = 4;
const SETTLE_S = 10;
const QUICK_SETTLE_S = 3;

interface Stretch {
  readonly others: number;
  readonly recording: boolean;
  readonly seconds: number;
  /** By kind of process: renderer, GPU … */
  readonly processes: Readonly<Record<string, number>>;
  readonly pictures: readonly { readonly width: number; readonly framesPerSecond: number }[];
  readonly freezes: number;
  /** Millions of px of the page's own camera that it encoded for the call in a second, all layers together. */
  readonly ownMegapixels: number;
}

/** Measure (j): what one more person in the call costs a page. */
export async function benchTiles(run: BenchRun): Promise<Report> {
  const stretches: Stretch[] = [];
  for (const recording of [false, true]) stretches.push(...(await series(run, recording)));
  return report(stretches);
}

/** One page stays; the others come in one after the other. */
async function series({ server, quick, say }: BenchRun, recording: boolean): Promise<Stretch[]> {
  await using room = await openCallRoom(server.url, "Bench Page", watchConnections);
  await using people = await startPeople();
  if (recording) {
    await record(room.host);
    await untilRecording(room.host);
  }
  const stretches: Stretch[] = [];
  let there = 0;
  for (const others of quick ? QUICK_OTHERS : OTHERS) {
    for (; there < others; there += 1) await letIn(room, people, server.url, `Person ${there + 1}`);
    say(`${others} others, ${recording ? "recording" : "not recording"}`);
    await untilAllMove(room, others);
    await letRun(quick ? QUICK_SETTLE_S : SETTLE_S);
    stretches.push(await measure(room, others, recording, quick ? QUICK_SECONDS : SECONDS));
  }
  if (recording) {
    await stop(room.host);
    await untilSafe(room.host);
  }
  return stretches;
}

async function letIn(room: CallRoom, people: People, origin: string, name: string): Promise<void> {
  const { secret } = await room.invite();
  await people.ask({ do: "join", origin, room: room.path.replace("/r/", ""), invite: secret, name });
}

const isPicture = (each: Inbound): boolean => each.kind === "video" && each.framesDecoded > 0;

async function untilAllMove({ host }: CallRoom, others: number): Promise<void> {
  await until(`${others} pictures arrive`, async () => (await readInbound(host)).filter(isPicture).length === others);
}

async function measure(room: CallRoom, others: number, recording: boolean, seconds: number): Promise<Stretch> {
  const inboundBefore = await readInbound(room.host);
  const ownBefore = await readOwnSending(room.host);
  const before = { cpu: await browserSeconds(room.browser), atMs: performance.now() };
  await letRun(seconds);
  const after = { cpu: await browserSeconds(room.browser), atMs: performance.now() };
  const inbound = await readInbound(room.host);
  const own = await readOwnSending(room.host);
  const elapsed = (after.atMs - before.atMs) / 1000;
  const frozen = (all: readonly Inbound[]): number => all.reduce((sum, { freezes }) => sum + freezes, 0);
  const framesBefore = new Map(inboundBefore.map(({ trackId, framesDecoded }) => [trackId, framesDecoded]));
  return {
    others,
    recording,
    seconds: elapsed,
    processes: Object.fromEntries(used(before.cpu, after.cpu)),
    pictures: inbound.filter(isPicture).map(({ trackId, width, framesDecoded }) => ({
      width,
      framesPerSecond: (framesDecoded - (framesBefore.get(trackId) ?? 0)) / elapsed,
    })),
    freezes: frozen(inbound) - frozen(inboundBefore),
    ownMegapixels: megapixels(ownBefore, own) / elapsed,
  };
}

/** % of a core, of the processes of that kind. */
function load({ processes, seconds }: Stretch, kind: RegExp): number {
  const cpu = Object.entries(processes).reduce((sum, [name, used]) => sum + (kind.test(name) ? used : 0), 0);
  return (cpu / seconds) * 100;
}

/** 1280 × 720, 640 × 360 and 320 × 180 px at 30 frames/s, millions. */
const OWN_FULL = ((1280 * 720 + 640 * 360 + 320 * 180) * 30) / 1e6;

const RENDERER = /^renderer$/i;
const GPU = /^gpu$/i;
const PAGE = /^(renderer|gpu)$/i;
const ALL = /./;

function report(stretches: readonly Stretch[]): Report {
  const rows = stretches.map((stretch) => {
    const { others, recording, pictures, freezes, ownMegapixels } = stretch;
    const alone = stretches.find((each) => each.recording === recording && each.others === 0);
    const perTile = alone && others > 0 ? (load(stretch, PAGE) - load(alone, PAGE)) / others : undefined;
    const frames = pictures.reduce((sum, { framesPerSecond }) => sum + framesPerSecond, 0);
    return [
      others,
      recording ? "on" : "off",
      `${rounded(load(stretch, RENDERER), 1)} %`,
      `${rounded(load(stretch, GPU), 1)} %`,
      perTile === undefined ? "–" : `${rounded(perTile, 1)} %`,
      `${rounded(load(stretch, ALL), 1)} %`,
      [...new Set(pictures.map(({ width }) => width))].join(", ") || "–",
      pictures.length === 0 ? "–" : rounded(frames / pictures.length, 1),
      freezes,
      rounded(ownMegapixels, 1),
    ];
  });
  return {
    key: "j",
    title: "The page's CPU per tile",
    columns: [
      "others",
      "recording",
      "renderer",
      "GPU process",
      "per tile",
      "whole browser",
      "px wide",
      "frames/s",
      "freezes",
      "own Mpx/s",
    ],
    rows,
    notes: [
      "Shares of one core. Per tile: renderer and GPU process, less what they use with nobody else there, divided by the others.",
      "The page publishes its own camera in three layers in every row, and shows it. The others are synthetic: prepared VP8 and Opus of a camera in three layers, sent through the room's own SFU; they pull nothing. The page chooses the layers.",
      `Own Mpx/s: what the page encodes of its own camera for the call; all three layers at 30 frames/s are ${rounded(OWN_FULL, 1)}. Where it differs from the row with nobody else, the page's own sending is in the difference too.`,
      "Without a GPU, everything is drawn by the GPU process in software.",
    ],
    details: { stretches },
  };
}
