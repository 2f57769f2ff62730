import { createRefresher } from "#controllers/refresher.ts";
import { expect, it } from "vitest";
import { HandClock } from "./rig/hand-clock.ts";

/** Each look takes as long as the next number says, ms; nothing when there is none. */
function rig(...takes: number[]) {
  const clock = new HandClock();
  const begunMs: number[] = [];
  const look = createRefresher(
    async () => {
      begunMs.push(clock.nowUs() / 1000 - 1_000);
      await clock.delay(takes.shift() ?? 0);
    },
    { clock, scheduler: clock, failed: () => undefined },
  );
  return { clock, begunMs, look };
}

it("[RF1] many hints are one look, the first at once, the next half a second later", async () => {
  const { clock, begunMs, look } = rig();
  for (let hint = 0; hint < 5; hint++) look.ask();
  await clock.pass(0);
  for (let hint = 0; hint < 5; hint++) look.ask();
  await clock.pass(2_000);
  expect(begunMs).toEqual([0, 500]);
});

it("[RF2] a look costs at most a tenth of the time", async () => {
  const { clock, begunMs, look } = rig(300);
  look.ask();
  await clock.pass(300);
  look.ask();
  await clock.pass(5_000);
  expect(begunMs).toEqual([0, 3_300]);
});

it("[RF3] one that took long leaves the page stale for 5 s and no longer", async () => {
  const { clock, begunMs, look } = rig(7_000);
  look.ask();
  await clock.pass(7_000);
  look.ask();
  await clock.pass(10_000);
  expect(begunMs).toEqual([0, 12_000]);
});

it("[RF4] a look that fails is reported, and the next hint looks again; closed, nothing looks any more", async () => {
  const clock = new HandClock();
  const failures: unknown[] = [];
  let looks = 0;
  const look = createRefresher(
    async () => {
      looks += 1;
      throw new Error("no disk");
    },
    { clock, scheduler: clock, failed: (error) => void failures.push(error) },
  );
  look.ask();
  await clock.pass(500);
  look.ask();
  await clock.pass(500);
  expect([looks, failures.length]).toEqual([2, 2]);
  look.close();
  look.ask();
  await clock.pass(5_000);
  expect(looks).toBe(2);
});
