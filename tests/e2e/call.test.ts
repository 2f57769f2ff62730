import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readInbound, readLines, type Stretch, untilHeard, untilSeen, watchPages } from "./rig/call-stats.ts";
import { CAMERA_RATE } from "./rig/camera.ts";
import { deliveredTrack } from "./rig/placed.ts";
import { openSession, type Session } from "./rig/session.ts";
import {
  forSeconds,
  knock,
  readFigures,
  record,
  stop,
  until,
  untilInStudio,
  untilRecording,
  untilSafe,
} from "./rig/studio-page.ts";

const HOST = "Inês Carvalho";
const MAREK = "Marek Dvořák";
const ZOE = "Zoë Adeyemi";
const ALL = [HOST, MAREK, ZOE];

/** Over this long all pictures must run. */
const WATCHED_S = 8;
/** A busy neighbour takes frames from one stretch or the other; a call that does not run at full rate has no good one. */
const STRETCHES = 4;
/** Of the camera's frames: six pictures are decoded and nine encoded beside three recordings on two cores. */
const FULL_RATE = 0.9;
/** A microphone is off in mid-take for so long. */
const MUTED_S = 3;

const othersOf = (name: string): string[] => ALL.filter((each) => each !== name);

const tile = (page: Page, name: string) => page.getByRole("group", { name, exact: true });

const mutedTile = (page: Page, name: string) => tile(page, name).and(page.locator("[data-muted]"));

/** Three people each see two others. */
const PICTURES = 6;

const isWhole = ({ fps, freezes }: Stretch): boolean =>
  fps.length === PICTURES && freezes === 0 && Math.min(...fps) > CAMERA_RATE * FULL_RATE;

const wordsOf = ({ fps, freezes }: Stretch): string =>
  `${fps.map((each) => each.toFixed(1)).join(", ")} frames/s, ${freezes} freezes`;

describe("[CA1] three people in a call, recorded beside it", () => {
  let session: Session;
  let pages: ReadonlyMap<string, Page>;
  /** While a take runs. */
  const watch = () => watchPages(ALL.map(pageOf), () => forSeconds(session.host, WATCHED_S));
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
    const seen: Stretch[] = [];
    do seen.push(await watch());
    while (!seen.some(isWhole) && seen.length < STRETCHES);
    await stop(session.host);
    await Promise.all(ALL.map((name) => untilSafe(pageOf(name))));
    const words = seen.map(wordsOf).join("\n");
    console.log(words);
    expect(seen.some(isWhole), words).toBe(true);
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
    const muted = await readInbound(session.host);
    await marek.getByRole("button", { name: "Unmute microphone" }).click();
    await mutedTile(session.host, MAREK).waitFor({ state: "detached" });
    await untilHeard(session.host, 2, muted);
  });

  it("a screen is shared three times, and no description grows", async () => {
    const zoe = pageOf(ZOE);
    const readBoth = () => Promise.all([zoe, session.host].map((page) => readLines(page)));
    const before = (await readBoth()).map(({ used }) => used);
    /** Lines that the screen has now, of its sender and of one receiver. */
    const ofScreen = async () => (await readBoth()).map(({ used }, i) => used - (before[i] ?? 0));
    const lines: number[][] = [];
    for (let round = 0; round < 3; round += 1) {
      await zoe.getByRole("button", { name: "Share screen" }).click();
      await tile(session.host, `Screen of ${ZOE}`).locator("video").waitFor();
      // Its sound may come later than its picture.
      await until("all of the screen is received", async () => {
        const [sent = 0, received = 0] = await ofScreen();
        return sent > 0 && received === sent;
      });
      lines.push((await readBoth()).map(({ all }) => all));
      await zoe.getByRole("button", { name: "Stop sharing" }).click();
      await tile(session.host, `Screen of ${ZOE}`).waitFor({ state: "detached" });
      await until("the screen's lines are stopped", async () => (await ofScreen()).every((used) => used === 0));
    }
    expect(lines[1]).toEqual(lines[0]);
    expect(lines[2]).toEqual(lines[0]);
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
    await forSeconds(session.host, 1);
    await marek.getByRole("button", { name: "Mute microphone" }).click();
    await marek.getByRole("button", { name: "Unmute microphone" }).waitFor();
    await forSeconds(session.host, MUTED_S);
    await marek.getByRole("button", { name: "Unmute microphone" }).click();
    await marek.getByRole("button", { name: "Mute microphone" }).waitFor();
    await forSeconds(session.host, 1);
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
