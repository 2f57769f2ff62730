import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { callTrack } from "#protocol/call.ts";
import type { ParticipantId } from "#protocol/ids.ts";
import * as v from "valibot";
import { CallRoom, PATIENCE_MS, until } from "./call-rig/call-driver.ts";
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

/** Waits until the call has all that it will have, so that nothing more is negotiated until somebody does something. */
async function settled(page: Page, published: number, received: number): Promise<void> {
  const hasAll = (state: RigState) =>
    state.state === "connected" && state.published.length === published && state.received.length === received;
  await until(page, `${published} published and ${received} received`, hasAll);
  await page.waitForFunction(() => callRig.connections().isStable);
}

/** Anna and Ben, who see each other. */
async function twoPeople(): Promise<{ anna: Page; ben: Page }> {
  const anna = await room.join(ANNA);
  const ben = await room.join(BEN);
  await showCamera(anna, BEN);
  await showCamera(ben, ANNA);
  await until(anna, "Anna sees Ben", (state) => frames(state, cameraOf(BEN)) > 10);
  await until(ben, "Ben sees Anna", (state) => frames(state, cameraOf(ANNA)) > 10);
  await Promise.all([settled(anna, 2, 2), settled(ben, 2, 2)]);
  return { anna, ben };
}

/** Waits for so many frames more than there are now. */
async function seesMore(page: Page, key: string, more: number): Promise<void> {
  const now = await page.evaluate(() => callRig.state());
  const from = now === null ? 0 : frames(now, key);
  await until(page, `${more} more frames of ${key}`, (state) => frames(state, key) >= from + more);
}

describe("the live call in Chromium, over the embedded SFU", () => {
  it("[CA1] two people see and hear each other, and what is published is what the room takes", async () => {
    const { anna, ben } = await twoPeople();
    const loud = (who: ParticipantId) => (state: RigState) => (state.levels[who] ?? 0) > 0.4;
    await until(anna, "Anna hears Ben's beep", loud(BEN));
    await until(ben, "Ben hears his own beep", loud(BEN));
    const { state } = await until(
      anna,
      "quality of Ben, and a round trip that was measured",
      ({ quality, roundTripMs }) => quality[BEN] !== undefined && (roundTripMs ?? 0) > 0,
    );
    expect(state.state).toBe("connected");
    // In the order in which they began to flow.
    const published = v.parse(v.array(callTrack), state.published);
    expect(Object.fromEntries(published.map(({ source, simulcast }) => [source, simulcast]))).toEqual({
      microphone: false,
      camera: true,
    });
    expect(state.received.map(({ key }) => key).toSorted()).toEqual([cameraOf(BEN), `${BEN} microphone`]);
    expect(state.failures).toEqual([]);
  });

  it("[CA3] camera off sends black and on again the picture, on the same line, with no negotiation", async () => {
    const { anna, ben } = await twoPeople();
    const before = await anna.evaluate(() => callRig.connections());
    const published = (await anna.evaluate(() => callRig.state()))?.published;
    expect(published).toHaveLength(2);

    await anna.evaluate(() => {
      callRig.send("camera", "nothing");
      callRig.send("microphone", "nothing");
    });
    const isBlack = ({ pictures }: RigState) => (pictures[cameraOf(ANNA)]?.brightness ?? 255) < BLACK;
    await until(ben, "black", isBlack);
    await seesMore(ben, cameraOf(ANNA), 3);
    // The fake microphone beeps every second, and is silent in between.
    await until(ben, "lasting silence", ({ silentMs }) => (silentMs[ANNA] ?? 0) > 3_000);

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
    // Anna's camera stays where it is: one that is shown no more gives its line back two seconds later.
    await ben.evaluate((participant) => {
      const shown = [
        { source: "screen", width: 1280 },
        { source: "camera", width: 640 },
      ] as const;
      callRig.show(shown.map((each) => ({ participant, ...each })));
    }, ANNA);
    const linesUsed = (page: Page) => page.evaluate(() => callRig.connections().usedLines);
    const before = [await linesUsed(anna), await linesUsed(ben)];
    const lines: { sent: number; received: number; used: number }[] = [];
    for (let time = 0; time < 3; time++) {
      await anna.evaluate(() => callRig.send("screen", "device"));
      await until(ben, "the screen", (state) => frames(state, screen) > 3);
      await anna.evaluate(() => callRig.send("screen", null));
      await until(ben, "no screen", ({ received }) => received.every(({ key }) => key !== screen));
      await expect.poll(async () => [await linesUsed(anna), await linesUsed(ben)]).toEqual(before);
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

  it("[CA11] the layer follows the width of the tile, with no negotiation", async () => {
    // Ben sends no picture: a machine that has to encode two may send no large layer.
    const anna = await room.join(ANNA);
    const ben = await room.join(BEN, ["microphone"]);
    await showCamera(ben, ANNA);
    await until(ben, "Ben sees Anna", (state) => frames(state, cameraOf(ANNA)) > 10);
    await settled(ben, 1, 2);
    await settled(anna, 2, 1);
    const { negotiations } = await ben.evaluate(() => callRig.connections());
    const shows = (layer: string, width: number) => (state: RigState) =>
      layerOf(state, cameraOf(ANNA)) === layer && state.pictures[cameraOf(ANNA)]?.width === width;
    await showCamera(ben, ANNA, 200);
    await until(ben, "the small layer", shows("l", 240));
    await showCamera(ben, ANNA, 1280);
    await until(ben, "the large layer", shows("h", 960), 2 * PATIENCE_MS);
    expect((await ben.evaluate(() => callRig.connections())).negotiations).toBe(negotiations);
  });

  // How soon it heals is held up by healing.test.ts, on a clock of its own; here that it does, with real media.
  it("[CA20] an SFU that is killed and started again: everybody sees each other again", async () => {
    const { anna, ben } = await twoPeople();
    await room.sfu.kill();
    const told = await until(anna, "Anna is told", ({ state }) => state === "reconnecting");
    expect(told.state.received.map(({ key }) => key)).toContain(cameraOf(BEN));
    await room.sfu.start();
    await Promise.all([seesMore(anna, cameraOf(BEN), 3), seesMore(ben, cameraOf(ANNA), 3)]);
    await until(anna, "Anna is connected", ({ state }) => state === "connected");
    await anna.waitForFunction(() => callRig.connections().open === 1);
  });

  it("[CA21] a network that is away for 10 s: everybody sees each other again", async () => {
    const { anna, ben } = await twoPeople();
    room.sfu.freeze();
    const awayMs = performance.now();
    const awaySaid = await until(anna, "Anna is told", ({ state }) => state === "reconnecting");
    expect(awaySaid.state.received.map(({ key }) => key)).toContain(cameraOf(BEN));
    await expect.poll(() => performance.now() - awayMs).toBeGreaterThan(10_000);
    room.sfu.resume();
    await Promise.all([seesMore(anna, cameraOf(BEN), 3), seesMore(ben, cameraOf(ANNA), 3)]);
    await until(anna, "Anna is connected", ({ state }) => state === "connected");
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
