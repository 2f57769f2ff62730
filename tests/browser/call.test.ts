import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ParticipantId } from "#protocol/ids.ts";
import { CallRoom, until } from "./call-rig/call-driver.ts";

const ANNA = "anna__________________" as ParticipantId;
const BEN = "ben___________________" as ParticipantId;

const room = new CallRoom();

beforeAll(() => room.open());
afterAll(() => room.close());
afterEach(async () => {
  expect(await room.empty()).toEqual([]);
});

describe("the live call in Chromium, over the embedded SFU", () => {
  it("[CA1] two people see and hear each other", async () => {
    const anna = await room.join(ANNA);
    const ben = await room.join(BEN);
    await anna.evaluate((ben) => callRig.show([{ participant: ben, source: "camera", width: 1280 }]), BEN);
    await ben.evaluate((anna) => callRig.show([{ participant: anna, source: "camera", width: 300 }]), ANNA);
    const seen = await until(anna, "Anna sees Ben", ({ pictures }) => (pictures[`${BEN} camera`]?.frames ?? 0) > 30);
    console.log(seen.tookMs, JSON.stringify(seen.state, null, 1));
    const seen2 = await until(ben, "Ben sees Anna", ({ pictures }) => (pictures[`${ANNA} camera`]?.frames ?? 0) > 30);
    console.log(JSON.stringify(seen2.state), room.requests, await anna.evaluate(() => callRig.connections()));
  });
});
