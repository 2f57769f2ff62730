import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { callTrack } from "#protocol/call.ts";
import type { ParticipantId } from "#protocol/ids.ts";
import * as v from "valibot";
import { CallRoom, until } from "./call-rig/call-driver.ts";
import type { RigState } from "./call-rig/call-page.ts";

const ANNA = "anna__________________" as ParticipantId;
const BEN = "ben___________________" as ParticipantId;

/** A picture below this is black: the fake camera's is about 50. */
const BLACK = 16;

const room = new CallRoom();

beforeAll(() => room.open());
afterAll(() => room.close());
afterEach(async () => {
  expect(await room.empty()).toEqual([]);
});

const cameraOf = (who: ParticipantId) => `${who} camera`;
const frames = (state: RigState, key: string) => state.pictures[key]?.frames ?? 0;
const layerOf = (state: RigState, key: string) => state.received.find((each) => each.key === key)?.layer;

async function showCamera(page: Page, who: ParticipantId, width = 640): Promise<void> {
  await page.evaluate(([participant, px]) => callRig.show([{ participant, source: "camera", width: px }]), [
    who,
    width,
  ] as const);
}

/** Anna and Ben, who see each other. */
async function twoPeople(): Promise<{ anna: Page; ben: Page }> {
  const anna = await room.join(ANNA);
  const ben = await room.join(BEN);
  await showCamera(anna, BEN);
  await showCamera(ben, ANNA);
  await until(anna, "Anna sees Ben", (state) => frames(state, cameraOf(BEN)) > 10);
  await until(ben, "Ben sees Anna", (state) => frames(state, cameraOf(ANNA)) > 10);
  return { anna, ben };
}

/** Waits for so many frames more than there are now, and that they are fresh. */
async function seesMore(page: Page, key: string, more: number, withinMs = 10_000): Promise<number> {
  const now = await page.evaluate(() => callRig.state());
  const from = now === null ? 0 : frames(now, key);
  const isMoving = (state: RigState) => frames(state, key) >= from + more;
  return (await until(page, `${more} more frames of ${key}`, isMoving, withinMs)).tookMs;
}

describe("the live call in Chromium, over the embedded SFU", () => {
  it("[CA1] two people see and hear each other, and what is published is what the room takes", async () => {
    const { anna, ben } = await twoPeople();
    const loud = (who: ParticipantId) => (state: RigState) => (state.levels[who] ?? 0) > 0.4;
    await until(anna, "Anna hears Ben's beep", loud(BEN));
    await until(ben, "Ben hears his own beep", loud(BEN));
    const { state } = await until(anna, "quality of Ben", ({ quality }) => quality[BEN] !== undefined);
    expect(state.state).toBe("connected");
    expect(v.parse(v.array(callTrack), state.published).map(({ source, simulcast }) => [source, simulcast])).toEqual([
      ["microphone", false],
      ["camera", true],
    ]);
    expect(state.received.map(({ key }) => key).toSorted()).toEqual([cameraOf(BEN), `${BEN} microphone`]);
    expect(state.failures).toEqual([]);
    expect(state.roundTripMs).toBeGreaterThan(0);
  });

  it("[CA3] camera off sends black and on again the picture, on the same line, with no negotiation", async () => {
    const { anna, ben } = await twoPeople();
    const before = await anna.evaluate(() => callRig.connections());
    const published = (await until(anna, "published", (state) => state.published.length === 2)).state.published;

    await anna.evaluate(() => {
      callRig.send("camera", "nothing");
      callRig.send("microphone", "nothing");
    });
    const isBlack = ({ pictures }: RigState) => (pictures[cameraOf(ANNA)]?.brightness ?? 255) < BLACK;
    await until(ben, "black", isBlack);
    await seesMore(ben, cameraOf(ANNA), 3);
    await until(ben, "silence", ({ levels }) => levels[ANNA] === 0);

    await anna.evaluate(() => {
      callRig.send("camera", "device");
      callRig.send("microphone", "device");
    });
    await until(ben, "a picture again", (state) => !isBlack(state));
    await until(ben, "sound again", ({ levels }) => (levels[ANNA] ?? 0) > 0.4);
    const after = await until(anna, "published", (state) => state.published.length === 2);
    expect(after.state.published).toEqual(published);
    expect(after.state.failures).toEqual([]);
    expect(await anna.evaluate(() => callRig.connections())).toEqual(before);
    expect(await anna.evaluate(() => callRig.deviceStates())).toMatchObject({ camera: "live", microphone: "live" });
  });

  it("[CA4] a screen goes on and off three times on the same lines of both descriptions", async () => {
    const { anna, ben } = await twoPeople();
    const screen = `${ANNA} screen`;
    await ben.evaluate((participant) => callRig.show([{ participant, source: "screen", width: 1280 }]), ANNA);
    const before = await Promise.all([anna, ben].map((page) => page.evaluate(() => callRig.connections().usedLines)));
    const lines: { sent: number; received: number; used: number }[] = [];
    for (let time = 0; time < 3; time++) {
      await anna.evaluate(() => callRig.send("screen", "device"));
      await until(ben, "the screen", (state) => frames(state, screen) > 3);
      await anna.evaluate(() => callRig.send("screen", null));
      await until(ben, "no screen", ({ received }) => received.every(({ key }) => key !== screen));
      await anna.waitForFunction((count) => callRig.connections().usedLines === count, before[0]);
      const [sent, received] = await Promise.all([anna, ben].map((page) => page.evaluate(() => callRig.connections())));
      lines.push({ sent: sent?.lines ?? 0, received: received?.lines ?? 0, used: sent?.usedLines ?? 0 });
    }
    expect(lines[1]).toEqual(lines[0]);
    expect(lines[2]).toEqual(lines[0]);
    expect((await anna.evaluate(() => callRig.state()))?.failures).toEqual([]);
  });

  it("[CA9] the sound of a screen is heard in both its channels", async () => {
    const { anna, ben } = await twoPeople();
    await anna.evaluate(() => callRig.send("screen-audio", "device"));
    const sound = `${ANNA} screen-audio`;
    await until(ben, "the sound", ({ received }) => received.some(({ key }) => key === sound));
    // The rig's screen sounds on the left alone.
    const isLeft = () =>
      ben.evaluate(async (key) => {
        const [left = 0, right = 1] = await callRig.sides(key);
        return left > 0.1 && right < left / 20;
      }, sound);
    await expect.poll(isLeft, { timeout: 20_000, interval: 100 }).toBe(true);
  });

  it("[CA11] the layer follows the width of the tile", async () => {
    const { ben } = await twoPeople();
    const widthIs = (width: number) => (state: RigState) => state.pictures[cameraOf(ANNA)]?.width === width;
    await showCamera(ben, ANNA, 200);
    const small = await until(ben, "the small layer", widthIs(240));
    expect(layerOf(small.state, cameraOf(ANNA))).toBe("l");
    await showCamera(ben, ANNA, 1280);
    const large = await until(ben, "the large layer", widthIs(960));
    expect(layerOf(large.state, cameraOf(ANNA))).toBe("h");
    expect((await ben.evaluate(() => callRig.connections())).negotiations).toBeLessThanOrEqual(4);
  });

  it("[CA20] an SFU that is killed and started again: everybody sees each other within 5 s", async () => {
    const { anna, ben } = await twoPeople();
    await room.sfu.kill();
    await until(anna, "Anna is told", ({ state }) => state === "reconnecting");
    const kept = await anna.evaluate(() => callRig.state());
    expect(kept?.received.map(({ key }) => key)).toContain(cameraOf(BEN));
    await room.sfu.start();
    const [annaSees, benSees] = await Promise.all([seesMore(anna, cameraOf(BEN), 3), seesMore(ben, cameraOf(ANNA), 3)]);
    expect(annaSees).toBeLessThan(5_000);
    expect(benSees).toBeLessThan(5_000);
    await until(anna, "only one connection is left", ({ state }) => state === "connected");
    await anna.waitForFunction(() => callRig.connections().open === 1);
  });

  it("[CA21] a network that is away for 10 s heals within 2 s of its return", async () => {
    const { anna, ben } = await twoPeople();
    room.sfu.freeze();
    const awayMs = performance.now();
    await until(anna, "Anna is told", ({ state }) => state === "reconnecting", 5_000);
    await anna.waitForTimeout(10_000 - (performance.now() - awayMs));
    room.sfu.resume();
    const [annaSees, benSees] = await Promise.all([seesMore(anna, cameraOf(BEN), 3), seesMore(ben, cameraOf(ANNA), 3)]);
    expect(annaSees).toBeLessThan(2_000);
    expect(benSees).toBeLessThan(2_000);
  });

  it("[CA5] a token that has run out is renewed, for requests of the library too", async () => {
    const { anna, ben } = await twoPeople();
    room.expired.add("first");
    await anna.evaluate(() => callRig.send("screen", "device"));
    await ben.evaluate((participant) => callRig.show([{ participant, source: "screen", width: 1280 }]), ANNA);
    await until(ben, "the screen", (state) => frames(state, `${ANNA} screen`) > 3);
    const refused = room.requests.filter(({ status }) => status === 401);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(6);
  });

  it("[CA6] a redirect neither asks anybody anything nor loads the page anew", async () => {
    const { anna, ben } = await twoPeople();
    const dialogs: string[] = [];
    anna.on("dialog", (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    await anna.evaluate(() => Object.assign(globalThis, { isSamePage: true }));
    room.redirected.push("/tracks/new");
    await anna.evaluate(() => callRig.send("screen", "device"));
    await ben.evaluate((participant) => callRig.show([{ participant, source: "screen", width: 1280 }]), ANNA);
    await until(ben, "the screen", (state) => frames(state, `${ANNA} screen`) > 3);
    expect(room.requests.filter(({ status }) => status === 302)).toHaveLength(1);
    expect(dialogs).toEqual([]);
    expect(await anna.evaluate(() => "isSamePage" in globalThis)).toBe(true);
  });

  it("[CA7] started and closed 20 times: no connection and no timer is left", async () => {
    const anna = await room.page(ANNA);
    const before = await anna.evaluate(() => callRig.timers());
    for (let time = 0; time < 20; time++) {
      await anna.evaluate((id) => {
        callRig.join(id);
        callRig.send("microphone", "nothing");
        callRig.send("camera", "device");
      }, ANNA);
      // Some are closed before they have a session, some while they join, some when they are connected.
      if (time % 4 === 1) await anna.waitForFunction(() => callRig.connections().open > 0);
      if (time % 4 === 2) await until(anna, "connected", ({ state }) => state === "connected");
      if (time % 10 === 3) await until(anna, "published", ({ published }) => published.length === 2);
      await anna.evaluate(() => callRig.close());
    }
    await anna.waitForFunction(() => callRig.connections().open === 0);
    await anna.waitForFunction((count) => callRig.timers() <= count, before);
    expect(await anna.evaluate(() => callRig.deviceStates())).toMatchObject({ camera: "live", microphone: "live" });
  });
});
