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

/** As long as Playwright waits by itself. */
const POLL = { timeout: 30_000, interval: 100 };

describe("[E2E10] the life of a room", () => {
  let session: Session;
  let marek: Page;

  const newcomer = async (): Promise<Page> =>
    (await openContext(session.browser, new URL(session.host.url()).origin)).newPage();
  const clipboard = () => session.host.evaluate(() => navigator.clipboard.readText());
  /** What stands on the clipboard after a press. */
  const copied = async (button: string, part: string): Promise<string> => {
    await session.host.evaluate(() => navigator.clipboard.writeText(""));
    await session.host.getByRole("button", { name: button, exact: true }).click();
    await until(`a link with ${part} is copied`, async () => (await clipboard()).includes(part));
    return clipboard();
  };
  const openChat = async (page: Page): Promise<void> => {
    await page.getByRole("button", { name: "Chat", exact: true }).click();
    await page.getByRole("textbox", { name: "Message" }).waitFor();
  };
  const say = async (page: Page, text: string): Promise<void> => {
    await page.getByRole("textbox", { name: "Message" }).fill(text);
    await page.getByRole("button", { name: "Send", exact: true }).click();
  };
  const people = (page: Page) => page.getByRole("list", { name: "Participants" }).getByRole("listitem");
  const knocks = () => session.host.getByRole("list", { name: "Waiting to come in" }).getByRole("listitem");

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
    // Said once the room has heard of this second knock.
    await marek.getByText(`${HOST} knows that you are here.`).waitFor();
    await expect.poll(() => knocks().count(), POLL).toBe(1);
    expect(await people(session.host).getByText(MAREK, { exact: true }).count()).toBe(0);
    await admit(session.host, MAREK);
    await untilInStudio(marek);
    await expect.poll(() => people(session.host).count(), POLL).toBe(2);
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
    await expect.poll(() => people(session.host).count(), POLL).toBe(2);
  });

  it("a denied person is told so, and nobody hears of them any more", async () => {
    const page = await newcomer();
    await knock(page, session.room, "Eve");
    await untilWaiting(page);
    const knocker = knocks().filter({ hasText: "Eve" });
    await knocker.getByRole("button", { name: "Deny", exact: true }).click();
    await page.getByText("The host said no.").first().waitFor();
    await knocker.waitFor({ state: "detached" });
    expect(await people(session.host).getByText("Eve", { exact: true }).count()).toBe(0);
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

  it("whoever is removed in mid-take is gone from the stage, and keeps what was recorded, whole", async () => {
    await record(session.host);
    await Promise.all([untilRecording(session.host), untilRecording(marek)]);
    await untilEpochs(marek, 2, EPOCHS);
    await people(session.host).filter({ hasText: MAREK }).getByRole("button").first().click();
    await session.host.getByRole("menuitem", { name: "Remove" }).click();
    await marek.getByText("The host has removed you from the room").first().waitFor();
    await session.host.getByRole("group", { name: MAREK, exact: true }).waitFor({ state: "detached" });
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
    await people(session.host).filter({ hasText: "Zoë" }).waitFor();
    await session.host.getByRole("button", { name: "Leave", exact: true }).click();
    await session.host.getByRole("button", { name: "End for all", exact: true }).click();
    await page.getByText("The host has ended the session").first().waitFor();
    await session.host.getByRole("list", { name: "Participants" }).waitFor({ state: "detached" });
  });
});
