import type { Browser, BrowserContext, Page } from "playwright-core";
import * as v from "valibot";
import { inviteCreated } from "#protocol/http-api.ts";
import { openBrowser, openContext } from "../../tests/e2e/rig/browser.ts";
import { joinRoom, newRoom } from "../../tests/e2e/rig/studio-page.ts";

/** A room with a host in a browser of its own. */
export interface CallRoom extends AsyncDisposable {
  readonly browser: Browser;
  readonly host: Page;
  /** `/r/ROOM` */
  readonly path: string;
  /** A one-time link past the waiting room, made with the host's own button. */
  invite(): Promise<{ readonly secret: string; readonly link: string }>;
  /** One more person's browser storage. */
  person(): Promise<BrowserContext>;
}

/** @param prepare is done to the host's context before its first page */
export async function openCallRoom(
  origin: string,
  hostName: string,
  prepare: (context: BrowserContext) => Promise<void> = () => Promise.resolve(),
): Promise<CallRoom> {
  await using cleanUp = new AsyncDisposableStack();
  const browser = await openBrowser();
  cleanUp.defer(() => browser.close());
  const context = await openContext(browser, origin);
  await prepare(context);
  const host = await context.newPage();
  const path = await newRoom(host);
  await joinRoom(host, path, hostName);
  const things = cleanUp.move();
  return {
    browser,
    host,
    path,
    invite: async () => {
      const answered = host.waitForResponse((answer) => new URL(answer.url()).pathname.endsWith("/invites"));
      await host.getByRole("button", { name: "Invite", exact: true }).click();
      const { invite } = v.parse(inviteCreated, await (await answered).json());
      return { secret: invite, link: `${path}#invite=${invite}` };
    },
    person: () => openContext(browser, origin),
    [Symbol.asyncDispose]: () => things.disposeAsync(),
  };
}
