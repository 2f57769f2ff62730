import { setTimeout as wait } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { openBrowser, openContext } from "./browser.ts";
import { type Stretch, untilFrames, untilSeen, watchConnections, watchPages } from "./call-stats.ts";
import { openNetwork, type TestNetwork } from "./network.ts";
import { type StudioServer, startServer } from "./server.ts";
import { joinRoom, newRoom, until } from "./studio-page.ts";

const HOST = "Inês Carvalho";
const GUEST = "Marek Dvořák";

/** Who does not see the other by then is said never to. */
const HEALS_AT_ALL_MS = 60_000;
/** One new frame could have been on its way already. */
const NEW_FRAMES = 5;

/** What is wrong with a cable for a while. */
export interface CableFault {
  readonly what: string;
  begin(network: TestNetwork): void;
  end(network: TestNetwork): void;
}

export const losing = (percent: number): CableFault => ({
  what: `${percent} % lost`,
  begin: (network) => network.lose(percent),
  end: (network) => network.lose(0),
});

export const narrowed = (kbit: number): CableFault => ({
  what: `${kbit} kbit/s`,
  begin: (network) => network.narrow(kbit),
  end: (network) => network.narrow(null),
});

/** A studio and two people in a call, each in a browser of their own with the small camera; the guest's is behind a cable. */
export interface CableCall extends AsyncDisposable {
  readonly network: TestNetwork;
  /** Nothing gets through the cable for so long; nobody is told. Resolves with its return. */
  darken(seconds: number): Promise<void>;
  /** The SFU is killed; resolves once there is another one. */
  replaceSfu(): Promise<void>;
  /** From now until the host and the guest see new frames of the other, ms each. Infinity: not within a minute. */
  healed(): Promise<[host: number, guest: number]>;
  untilBothSeen(): Promise<void>;
  /** What the guest sees and hears with that fault, after it has lasted `settleS`. Without it both see each other again. */
  watchWith(fault: CableFault, settleS: number, watchedS: number): Promise<Stretch>;
}

/** @param network its number, as `openNetwork` has it */
export async function openCableCall(network: number): Promise<CableCall> {
  await using cleanUp = new AsyncDisposableStack();
  const server = cleanUp.use(await startServer({ TAPESYNC_HOST: "0.0.0.0" }));
  const cable = cleanUp.use(openNetwork(network));
  const far = `http://${cable.here}:${new URL(server.url).port}`;
  const near = cleanUp.use(await openBrowser({ camera: "360p" }));
  const behind = cleanUp.use(await openBrowser({ camera: "360p", network: { of: cable, trust: far } }));
  const host = await watchedPage(near, server.url);
  const guest = await watchedPage(behind, far);
  const untilBothSeen = async () => void (await Promise.all([untilSeen(host, [GUEST]), untilSeen(guest, [HOST])]));
  const room = await newRoom(host);
  await joinRoom(host, room, HOST);
  await joinRoom(guest, room, GUEST, { admittedBy: host });
  await untilBothSeen();
  const things = cleanUp.move();
  return {
    network: cable,
    darken: async (seconds) => {
      const back = cable.blackout();
      await wait(seconds * 1000);
      back();
    },
    replaceSfu: () => replaceSfu(server),
    healed: () => {
      const fromMs = performance.now();
      return Promise.all([sinceSeen(host, GUEST, fromMs), sinceSeen(guest, HOST, fromMs)]);
    },
    untilBothSeen,
    watchWith: async (fault, settleS, watchedS) => {
      fault.begin(cable);
      try {
        await wait(settleS * 1000);
        return await watchPages([guest], () => wait(watchedS * 1000));
      } finally {
        fault.end(cable);
        await untilBothSeen();
      }
    },
    [Symbol.asyncDispose]: () => things.disposeAsync(),
  };
}

async function watchedPage(browser: Browser, url: string): Promise<Page> {
  const context = await openContext(browser, url);
  await watchConnections(context);
  return context.newPage();
}

async function replaceSfu(server: StudioServer): Promise<void> {
  const before = await server.childPid("sfu/main.ts");
  process.kill(before, "SIGKILL");
  await until("another SFU runs", async () => (await server.childPid("sfu/main.ts").catch(() => before)) !== before);
}

/** ms from `fromMs` until the page has shown new frames of that person. */
async function sinceSeen(page: Page, name: string, fromMs: number): Promise<number> {
  const never = wait(HEALS_AT_ALL_MS, Infinity, { ref: false });
  const seen = untilFrames(page, name, NEW_FRAMES).then(() => performance.now() - fromMs);
  return Promise.race([seen, never]);
}
