import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openContext } from "./rig/browser.ts";
import { expectWhole } from "./rig/expectations.ts";
import { openSession, type Session } from "./rig/session.ts";
import {
  admit,
  joinRoom,
  knock,
  record,
  stop,
  until,
  untilEpochs,
  untilInStudio,
  untilRecording,
  untilSafe,
  untilWaiting,
} from "./rig/studio-page.ts";

const HOST = "Inês Carvalho";
const MAREK = "Marek Dvořák";
const EPOCHS = 2;

describe("[E2E10] the life of a room", () => {
  let session: Session;
  let marek: Page;

  const newcomer = async (): Promise<Page> =>
    (await openContext(session.browser, new URL(session.host.url()).origin)).newPage();
  /** What stands on the clipboard after a press. */
  const copied = async (button: string, part: string): Promise<string> => {
    await session.host.evaluate(() => navigator.clipboard.writeText(""));
    await session.host.getByRole("button", { name: button }).first().click();
    // Not waitForFunction: to it a promise is true already, whatever it will say.
    await until(`a link with ${part} is copied`, () =>
      session.host.evaluate(async (wanted) => (await navigator.clipboard.readText()).includes(wanted), part),
    );
    return session.host.evaluate(() => navigator.clipboard.readText());
  };
  const openChat = async (page: Page): Promise<void> => {
    await page.getByRole("button", { name: /^Chat/ }).first().click();
    await page.getByRole("textbox", { name: "Message" }).waitFor();
  };
  const say = async (page: Page, text: string): Promise<void> => {
    await page.getByRole("textbox", { name: "Message" }).fill(text);
    await page.getByRole("button", { name: "Send" }).click();
  };
  const people = (page: Page) => page.getByRole("list", { name: "Participants" }).getByRole("listitem");

  beforeAll(async () => {
    session = await openSession(HOST, { camera: "360p" });
    await session.host.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  });
  afterAll(() => session[Symbol.asyncDispose]());

  it("the guest link's key leaves the address bar; who knocks waits, over a reload too, and comes in once", async () => {
    const link = await copied("Copy guest link", "#k=");
    marek = await newcomer();
    await marek.goto(link);
    await knock(marek, session.room, MAREK);
    await untilWaiting(marek);
    expect(new URL(marek.url()).hash).toBe("");
    await marek.reload();
    await knock(marek, session.room, MAREK);
    await untilWaiting(marek);
    expect(await session.host.getByRole("button", { name: "Admit" }).count()).toBe(1);
    await admit(session.host, MAREK);
    await untilInStudio(marek);
    await people(session.host).nth(1).waitFor();
    expect(await people(session.host).count()).toBe(2);
  });

  it("who was let in is not asked again after a reload, and reads what was said before", async () => {
    await openChat(session.host);
    await openChat(marek);
    await say(marek, "Hello from Marek");
    await session.host.getByText("Hello from Marek").first().waitFor();
    await say(session.host, "Hello <b>back</b>");
    await marek.getByText("Hello <b>back</b>").first().waitFor();
    await marek.reload();
    await knock(marek, session.room, MAREK);
    await untilInStudio(marek);
    await openChat(marek);
    await marek.getByText("Hello <b>back</b>").first().waitFor();
    expect(await people(session.host).count()).toBe(2);
  });

  it("a denied person is told so, and nobody hears of them any more", async () => {
    const page = await newcomer();
    await knock(page, session.room, "Eve");
    await untilWaiting(page);
    const knocker = session.host.getByRole("listitem").filter({ hasText: "Eve" });
    await knocker.getByRole("button", { name: "Deny", exact: true }).click();
    await page.getByText("The host said no.").first().waitFor();
    await knocker.waitFor({ state: "detached" });
    await page.context().close();
  });

  it("an invite lets one person in, once", async () => {
    const invite = await copied("Invite", "#invite=");
    const first = await newcomer();
    await first.goto(invite);
    await joinRoom(first, session.room, "Ivy");
    const second = await newcomer();
    await second.goto(invite);
    await knock(second, session.room, "Second");
    await second
      .getByText(/It has been used/)
      .first()
      .waitFor();
    expect(new URL(second.url()).hash).toBe("");
    await Promise.all([first.context().close(), second.context().close()]);
  });

  it("whoever is removed in mid-take keeps what was recorded, whole", async () => {
    await record(session.host);
    await Promise.all([untilRecording(session.host), untilRecording(marek)]);
    await untilEpochs(marek, 2, EPOCHS);
    await people(session.host).filter({ hasText: MAREK }).getByRole("button").first().click();
    await session.host.getByRole("menuitem", { name: "Remove" }).click();
    await marek.getByText("The host has removed you from the room").first().waitFor();
    const tracks = await session.journal(marek);
    expect(tracks.map((track) => track.source).sort()).toEqual(["camera", "microphone"]);
    expectWhole(tracks);
    for (const track of tracks) expect(track.epochs.length).toBeGreaterThanOrEqual(EPOCHS);
    await stop(session.host);
    await untilSafe(session.host);
  });

  it("the end for all is everybody's", async () => {
    const page = await newcomer();
    await joinRoom(page, session.room, "Zoë", { admittedBy: session.host });
    await session.host.getByRole("button", { name: "Leave" }).first().click();
    await session.host.getByRole("button", { name: "End for all" }).click();
    await page.getByText("The host has ended the session").first().waitFor();
    await session.host.getByRole("list", { name: "Participants" }).waitFor({ state: "detached" });
  });
});
