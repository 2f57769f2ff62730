import type { Browser, BrowserContext, Page } from "playwright-core";
import { openBrowser, openContext } from "./browser.ts";
import { watchConnections } from "./call-stats.ts";
import type { CameraSize } from "./camera.ts";
import { type Delivery, download } from "./delivery.ts";
import { tempFolder } from "./folders.ts";
import { copyJournal, type JournalTrack } from "./journal.ts";
import { type StudioServer, startServer } from "./server.ts";
import { joinRoom, newRoom } from "./studio-page.ts";

/** A studio, one browser and a room in it with a host. */
export interface Session extends AsyncDisposable {
  readonly server: StudioServer;
  readonly browser: Browser;
  /** `/r/ROOM` */
  readonly room: string;
  readonly host: Page;
  /** A guest with storage of their own comes in: knocks, and the host admits them. */
  guest(name: string): Promise<Page>;
  /** What this person's device holds of the take. */
  journal(page: Page): Promise<JournalTrack[]>;
  /** The newest take's files, downloaded by the host. */
  deliver(): Promise<Delivery>;
}

export interface SessionWishes {
  readonly server?: StudioServer;
  /** Where the browser finds the studio, when not at its own address: a gate's. */
  readonly url?: string;
  readonly camera?: CameraSize;
  /** The pages' connections can be read: `call-stats.ts`. */
  readonly watch?: boolean;
}

export async function openSession(hostName: string, wishes: SessionWishes = {}): Promise<Session> {
  await using cleanUp = new AsyncDisposableStack();
  const studio = wishes.server ?? cleanUp.use(await startServer());
  const base = wishes.url ?? studio.url;
  const browser = cleanUp.use(await openBrowser(wishes.camera ? { camera: wishes.camera } : {}));
  const newContext = async (): Promise<BrowserContext> => {
    const context = await openContext(browser, base);
    if (wishes.watch) await watchConnections(context);
    return context;
  };
  const hostContext = await newContext();
  const host = await hostContext.newPage();
  const room = await newRoom(host);
  await joinRoom(host, room, hostName);
  const things = cleanUp.move();
  const folder = (what: string) => things.use(tempFolder(what)).path;
  return {
    server: studio,
    browser,
    room,
    host,
    guest: async (name) => {
      const page = await (await newContext()).newPage();
      await joinRoom(page, room, name, { admittedBy: host });
      return page;
    },
    journal: (page) => copyJournal(page, folder("journal")),
    deliver: () => deliver(hostContext, room, folder("delivery")),
    [Symbol.asyncDispose]: () => things.disposeAsync(),
  };
}

/** In a page of its own, as a person would open it beside the studio. */
export async function deliver(context: BrowserContext, room: string, folder: string): Promise<Delivery> {
  const page = await context.newPage();
  const delivery = await download(page, room, folder);
  await page.close();
  return delivery;
}
