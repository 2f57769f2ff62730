import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { countMediaLines, type Inbound, readInbound, untilHeard, untilSeen } from "./rig/call-stats.ts";
import { CAMERA_RATE } from "./rig/camera.ts";
import { deliveredTrack } from "./rig/placed.ts";
import { openSession, type Session } from "./rig/session.ts";
import {
  joinRoom,
  knock,
  readFigures,
  record,
  stop,
  until,
  untilClock,
  untilInStudio,
  untilRecording,
  untilSafe,
  untilWaiting,
} from "./rig/studio-page.ts";

const HOST = "Inês Carvalho";
const MAREK = "Marek Dvořák";
const ZOE = "Zoë Adeyemi";
const ALL = [HOST, MAREK, ZOE];

/** Over this long all pictures must run. */
const WATCHED_S = 8;
/** Of the camera's frames: six pictures are decoded and nine encoded beside three recordings on two cores. */
const FULL_RATE = 0.9;

/** With whichever apostrophe. */
const REFUSED = /You can.t come in with this link/;

const othersOf = (name: string): string[] => ALL.filter((each) => each !== name);

const tile = (page: Page, name: string) => page.getByRole("group", { name, exact: true });

const mutedTile = (page: Page, name: string) => tile(page, name).and(page.locator("[data-muted]"));

/** Frames of each picture that arrived between two readings. */
function framesBetween(before: readonly Inbound[], after: readonly Inbound[]): number[] {
  return after
    .filter((each) => each.kind === "video")
    .map((each) => each.framesDecoded - (before.find((one) => one.trackId === each.trackId)?.framesDecoded ?? 0));
}

const freezesOf = (inbound: readonly Inbound[]): number => inbound.reduce((sum, each) => sum + each.freezes, 0);

describe("[CA1] three people in a call, recorded beside it", () => {
  let session: Session;
  let pages: ReadonlyMap<string, Page>;
  const pageOf = (name: string): Page => {
    const page = pages.get(name);
    if (!page) throw new Error(`${name} is not there`);
    return page;
  };

  beforeAll(async () => {
    session = await openSession(HOST, { camera: "360p", watch: true });
    const marek = await session.guest(MAREK);
    const zoe = await session.guest(ZOE);
    pages = new Map([
      [HOST, session.host],
      [MAREK, marek],
      [ZOE, zoe],
    ]);
  });
  afterAll(() => session[Symbol.asyncDispose]());

  it("all see and hear each other", async () => {
    await Promise.all(ALL.map((name) => untilSeen(pageOf(name), othersOf(name))));
    await Promise.all(ALL.map((name) => untilHeard(pageOf(name), 2)));
  });

  it("every picture runs at the camera's rate and none freezes while all three are recorded", async () => {
    await record(session.host);
    await Promise.all(ALL.map((name) => untilRecording(pageOf(name))));
    const before = await Promise.all(ALL.map((name) => readInbound(pageOf(name))));
    await untilClock(session.host, WATCHED_S);
    const after = await Promise.all(ALL.map((name) => readInbound(pageOf(name))));
    await stop(session.host);
    await Promise.all(ALL.map((name) => untilSafe(pageOf(name))));
    const frames = ALL.flatMap((_, i) => framesBetween(before[i] ?? [], after[i] ?? []));
    expect(frames).toHaveLength(6);
    const fps = frames.map((count) => count / WATCHED_S);
    expect(Math.min(...fps), `frames/s: ${fps.map((each) => each.toFixed(1)).join(", ")}`).toBeGreaterThan(
      CAMERA_RATE * FULL_RATE,
    );
    const froze = ALL.map((_, i) => freezesOf(after[i] ?? []) - freezesOf(before[i] ?? []));
    expect(froze).toEqual([0, 0, 0]);
  });

  it("the recording beside the call has every frame of the camera, or counts it", async () => {
    for (const name of ALL) {
      const camera = (await readFigures(pageOf(name))).find((each) => each.source === "camera");
      expect(camera?.sealed).toBe(camera?.encoded);
      expect((camera?.sealed ?? 0) + (camera?.dropped ?? 0)).toBeGreaterThanOrEqual(camera?.captured ?? Infinity);
    }
  });

  it("camera off and on: the tile stays the same element, the picture goes and comes back", async () => {
    const marek = pageOf(MAREK);
    const seen = await tile(session.host, MAREK).elementHandle();
    await marek.getByRole("button", { name: "Turn camera off" }).click();
    await tile(session.host, MAREK).locator("video").waitFor({ state: "hidden" });
    await marek.getByRole("button", { name: "Turn camera on" }).click();
    await untilSeen(session.host, [MAREK]);
    const now = await tile(session.host, MAREK).elementHandle();
    expect(await seen?.evaluate((element, other) => element === other, now)).toBe(true);
  });

  it("mute and unmute: the others are told, and hear again", async () => {
    const marek = pageOf(MAREK);
    await marek.getByRole("button", { name: "Mute microphone" }).click();
    await mutedTile(session.host, MAREK).waitFor();
    await marek.getByRole("button", { name: "Unmute microphone" }).click();
    await mutedTile(session.host, MAREK).waitFor({ state: "detached" });
    await untilHeard(session.host, 2);
  });

  it("a screen is shared three times, and no description grows", async () => {
    const zoe = pageOf(ZOE);
    const lines: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      await zoe.getByRole("button", { name: "Share screen" }).click();
      await tile(session.host, `Screen of ${ZOE}`).locator("video").waitFor();
      lines.push(await countMediaLines(zoe), await countMediaLines(session.host));
      await zoe.getByRole("button", { name: "Stop sharing" }).click();
      await tile(session.host, `Screen of ${ZOE}`).waitFor({ state: "detached" });
    }
    expect(lines.slice(4)).toEqual(lines.slice(2, 4));
  });

  it("who leaves is gone from the stage; who comes back by a reload has the seat and needs no second yes", async () => {
    const marek = pageOf(MAREK);
    await marek.reload();
    await knock(marek, session.room, MAREK);
    await untilInStudio(marek);
    await untilSeen(session.host, [MAREK, ZOE]);
    await untilSeen(marek, [HOST, ZOE]);
    const zoe = pageOf(ZOE);
    await zoe.getByRole("button", { name: "Leave", exact: true }).click();
    await tile(session.host, ZOE).waitFor({ state: "detached" });
    await tile(marek, ZOE).waitFor({ state: "detached" });
  });

  it("[CP] switched off in mid-take is a declared gap with reason muted, and the device's light is out", async () => {
    const marek = pageOf(MAREK);
    await record(session.host);
    await untilRecording(marek);
    await untilClock(session.host, 2);
    await marek.getByRole("button", { name: "Mute microphone" }).click();
    await marek.getByRole("button", { name: "Unmute microphone" }).waitFor();
    await untilClock(session.host, 5);
    await marek.getByRole("button", { name: "Unmute microphone" }).click();
    await marek.getByRole("button", { name: "Mute microphone" }).waitFor();
    await untilClock(session.host, 8);
    await stop(session.host);
    await Promise.all([session.host, marek].map((page) => untilSafe(page)));
    const delivery = await session.deliver();
    const muted = deliveredTrack(delivery, MAREK, "microphone").gaps.filter((gap) => gap.reason === "muted");
    expect(muted).toHaveLength(1);
    const [gap] = muted;
    expect((gap?.toUs ?? 0) - (gap?.fromUs ?? 0)).toBeGreaterThan(2e6);
    expect(deliveredTrack(delivery, MAREK, "camera").gaps.filter((each) => each.reason === "muted")).toEqual([]);
  });
});

describe("[WR] the waiting room", () => {
  let session: Session;
  beforeAll(async () => {
    session = await openSession(HOST, { camera: "360p" });
  });
  afterAll(() => session[Symbol.asyncDispose]());

  it("who knocks is not in the room; Deny says so in plain words", async () => {
    const page = await (await session.browser.newContext({ baseURL: session.server.url })).newPage();
    await knock(page, session.room, MAREK);
    await untilWaiting(page);
    await session.host.getByRole("button", { name: "Deny", exact: true }).click();
    await page.getByText(REFUSED).first().waitFor();
    await until("nobody knocks", async () => (await session.host.getByRole("button", { name: "Admit" }).count()) === 0);
    expect(await session.host.getByRole("list", { name: "Participants" }).getByText(MAREK).count()).toBe(0);
  });

  it("an invite skips the queue, once", async () => {
    const { host } = session;
    await host.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await host.getByRole("button", { name: "Invite", exact: true }).click();
    await until("a link is copied", async () => /#.*invite=/.test(await clipboard(host)));
    const link = await clipboard(host);
    const first = await (await session.browser.newContext()).newPage();
    await knock(first, link, MAREK);
    await untilInStudio(first);
    expect(new URL(first.url()).hash).toBe("");
    const second = await (await session.browser.newContext()).newPage();
    await knock(second, link, ZOE);
    await second.getByText(REFUSED).first().waitFor();
  });

  it("who is removed sees why, and its token opens nothing any more", async () => {
    const { host } = session;
    const page = await session.guest(ZOE);
    const entry = host.getByRole("list", { name: "Participants" }).getByRole("listitem").filter({ hasText: ZOE });
    await entry.getByRole("button", { name: /More|Menu|Actions/ }).click();
    await host
      .getByRole("menuitem", { name: "Remove" })
      .or(host.getByRole("button", { name: "Remove" }))
      .click();
    await page
      .getByText(/removed/i)
      .first()
      .waitFor();
    await tile(host, ZOE).waitFor({ state: "detached" });
  });

  it("chat is read by those who have the link's key", async () => {
    const { host } = session;
    await host.getByRole("button", { name: "Copy guest link" }).click();
    await until("the guest link is copied", async () => /#.*k=/.test(await clipboard(host)));
    const page = await (await session.browser.newContext()).newPage();
    await joinRoom(page, await clipboard(host), "Ada Chat", { admittedBy: host });
    for (const each of [host, page]) await each.getByRole("button", { name: /^Chat/ }).first().click();
    await page.getByRole("textbox", { name: "Message" }).fill("Hello <b>there</b>");
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await host.getByText("Hello <b>there</b>").waitFor();
  });
});

function clipboard(page: Page): Promise<string> {
  return page.evaluate(() => navigator.clipboard.readText());
}
