import type { BrowserContext, Page } from "playwright-core";
import { until } from "./studio-page.ts";

/** What arrives of one track of the call, since its connection began. */
export interface Inbound {
  readonly kind: "audio" | "video";
  readonly trackId: string;
  readonly framesDecoded: number;
  readonly framesPerSecond: number;
  readonly width: number;
  readonly freezes: number;
  readonly freezeSeconds: number;
  readonly packets: number;
  readonly lost: number;
  /** Sum of the samples' energy: it stands still in silence. */
  readonly soundEnergy: number;
  readonly samples: number;
  readonly concealed: number;
}

declare global {
  interface Window {
    /** Every connection that the page has made and not closed. */
    tapesyncConnections?: Set<RTCPeerConnection>;
  }
}

/** From now on the pages of this context let their connections be read. Before the first of them is opened. */
export async function watchConnections(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const all = new Set<RTCPeerConnection>();
    window.tapesyncConnections = all;
    window.RTCPeerConnection = new Proxy(window.RTCPeerConnection, {
      construct(Connection, args: [RTCConfiguration?], made) {
        const connection: RTCPeerConnection = Reflect.construct(Connection, args, made);
        all.add(connection);
        return connection;
      },
    });
  });
}

/** Of the connections that are open. */
export function readInbound(page: Page): Promise<Inbound[]> {
  return page.evaluate(async () => {
    const found: Inbound[] = [];
    for (const connection of window.tapesyncConnections ?? []) {
      if (connection.connectionState === "closed") continue;
      const active = new Set(connection.getReceivers().map((receiver) => receiver.track.id));
      for (const [, report] of await connection.getStats()) {
        if (report.type !== "inbound-rtp" || !active.has(report.trackIdentifier)) continue;
        found.push({
          kind: report.kind,
          trackId: report.trackIdentifier,
          framesDecoded: report.framesDecoded ?? 0,
          framesPerSecond: report.framesPerSecond ?? 0,
          width: report.frameWidth ?? 0,
          freezes: report.freezeCount ?? 0,
          freezeSeconds: report.totalFreezesDuration ?? 0,
          packets: report.packetsReceived ?? 0,
          lost: report.packetsLost ?? 0,
          soundEnergy: report.totalAudioEnergy ?? 0,
          samples: report.totalSamplesReceived ?? 0,
          concealed: report.concealedSamples ?? 0,
        });
      }
    }
    return found;
  });
}

/** By how much a figure of each track has grown from one reading to a later one; a track that came meanwhile began at 0. */
export function grownBetween(
  before: readonly Inbound[],
  after: readonly Inbound[],
  kind: Inbound["kind"],
  of: (one: Inbound) => number,
): number[] {
  const was = new Map(before.map((each) => [each.trackId, of(each)]));
  return after.filter((each) => each.kind === kind).map((each) => of(each) - (was.get(each.trackId) ?? 0));
}

/** What pages received while something went on. */
export interface Stretch {
  /** Of each picture, frames/s. */
  readonly fps: readonly number[];
  /** Of all pictures together. */
  readonly freezes: number;
  /** Share of the sound that was made up for what had not come, 0…1. */
  readonly concealed: number;
}

const sumOf = (all: readonly number[]): number => all.reduce((sum, each) => sum + each, 0);

/** Reads before and after `meanwhile`. */
export async function watchPages(pages: readonly Page[], meanwhile: () => Promise<unknown>): Promise<Stretch> {
  const readAll = () => Promise.all(pages.map((page) => readInbound(page)));
  const fromMs = performance.now();
  const before = await readAll();
  await meanwhile();
  const seconds = (performance.now() - fromMs) / 1000;
  const after = await readAll();
  const grown = (kind: Inbound["kind"], of: (one: Inbound) => number): number[] =>
    after.flatMap((inbound, i) => grownBetween(before[i] ?? [], inbound, kind, of));
  const samples = sumOf(grown("audio", (each) => each.samples));
  return {
    fps: grown("video", (each) => each.framesDecoded).map((frames) => frames / seconds),
    freezes: sumOf(grown("video", (each) => each.freezes)),
    concealed: sumOf(grown("audio", (each) => each.concealed)) / Math.max(1, samples),
  };
}

/** The local description of the connection that has most lines. */
export interface MediaLines {
  /** Grows when lines are not used again. */
  readonly all: number;
  /** Those that are not stopped. */
  readonly used: number;
}

export function readLines(page: Page): Promise<MediaLines> {
  return page.evaluate(() => {
    let most = { all: 0, used: 0 };
    for (const connection of window.tapesyncConnections ?? []) {
      if (connection.connectionState === "closed") continue;
      const lines = connection.localDescription?.sdp.match(/^m=\S+ \d+/gm) ?? [];
      if (lines.length > most.all)
        most = { all: lines.length, used: lines.filter((line) => !line.endsWith(" 0")).length };
    }
    return most;
  });
}

/** How many pictures of others move: a `video` in a tile that has shown more frames since the last look. */
export async function movingTiles(page: Page): Promise<string[]> {
  const frames = () =>
    page.getByRole("group").evaluateAll((tiles) =>
      tiles.flatMap((tile) => {
        const video = tile.querySelector("video");
        const name = tile.getAttribute("aria-label") ?? "";
        return video ? [[name, video.getVideoPlaybackQuality().totalVideoFrames] as const] : [];
      }),
    );
  const before = new Map(await frames());
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 400)));
  return (await frames()).flatMap(([name, count]) => (count > (before.get(name) ?? 0) ? [name] : []));
}

/** The pictures of all of these people move on this page. */
export function untilSeen(page: Page, names: readonly string[], patienceMs?: number): Promise<void> {
  return until(
    `${names.join(", ")} are seen`,
    async () => {
      const moving = await movingTiles(page);
      return names.every((name) => moving.includes(name));
    },
    patienceMs,
  );
}

/** A beep has 0.03 to 0.2; a second of silence, which is never quite 0 once it is decoded, about 1e-10. */
const SILENT_ENERGY = 1e-4;

/** So many sounds of others have arrived since a reading, or since they began, and none of them was silence. */
export function untilHeard(page: Page, sounds: number, since: readonly Inbound[] = []): Promise<void> {
  return until(`${sounds} sounds are heard`, async () => {
    const energies = grownBetween(since, await readInbound(page), "audio", (each) => each.soundEnergy);
    return energies.filter((energy) => energy > SILENT_ENERGY).length >= sounds;
  });
}

/** So many new frames are shown in this person's tile from now on, whatever stream they come from. */
export function untilFrames(page: Page, name: string, frames: number): Promise<void> {
  const video = page.getByRole("group", { name, exact: true }).locator("video");
  return video.evaluate(
    (element, wanted) =>
      new Promise<void>((resolve) => {
        if (!(element instanceof HTMLVideoElement)) throw new TypeError("not a video");
        let seen = 0;
        const count = () => {
          seen += 1;
          if (seen >= wanted) resolve();
          else element.requestVideoFrameCallback(count);
        };
        element.requestVideoFrameCallback(count);
      }),
    frames,
  );
}
