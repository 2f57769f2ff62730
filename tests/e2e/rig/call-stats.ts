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
      construct(Connection, args: [RTCConfiguration?]) {
        const connection = new Connection(...args);
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

/** Lines of the local description of the connection that has most of them: grows when lines are not used again. */
export function countMediaLines(page: Page): Promise<number> {
  return page.evaluate(() => {
    const counts = [...(window.tapesyncConnections ?? [])]
      .filter((connection) => connection.connectionState !== "closed")
      .map((connection) => connection.localDescription?.sdp.match(/^m=/gm)?.length ?? 0);
    return Math.max(0, ...counts);
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

/** So many sounds of others arrive, and none of them is silence. */
export function untilHeard(page: Page, sounds: number, patienceMs?: number): Promise<void> {
  let before = new Map<string, number>();
  const louder = new Set<string>();
  return until(
    `${sounds} sounds are heard`,
    async () => {
      const audio = (await readInbound(page)).filter((each) => each.kind === "audio");
      for (const { trackId, soundEnergy } of audio) {
        if (soundEnergy > (before.get(trackId) ?? 0)) louder.add(trackId);
      }
      before = new Map(audio.map((each) => [each.trackId, each.soundEnergy]));
      return audio.filter((each) => louder.has(each.trackId)).length >= sounds;
    },
    patienceMs,
  );
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
