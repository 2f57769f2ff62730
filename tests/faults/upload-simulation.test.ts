import { describe, expect, it } from "vitest";
import { simulateUpload } from "./upload-simulation.ts";

/** `TAPESYNC_SEED=123` replays one run, `TAPESYNC_SEEDS=5000` makes more of them. */
const ONLY = process.env["TAPESYNC_SEED"];
const RUNS = Number(process.env["TAPESYNC_SEEDS"] ?? 60);
const seeds = ONLY === undefined ? Array.from({ length: RUNS }, (_, index) => index + 1) : [Number(ONLY)];

/**
 * The matrix rows "upload" and "tabs, service worker": requests dropped before and after the store, answered twice, late
 * and out of order, by 429, 5xx and captive portals, not at all; clocks a day off; tokens that end; up to three
 * uploaders, each killed between any two of its awaits.
 */
describe("the upload under faults", () => {
  it(`[UP5] [UP11] [UP15] [UP20] arrives whole with ${seeds.length} seeds: a receipt is the server's hash, one writer, nothing lost`, async () => {
    let faults = 0;
    let deaths = 0;
    for (const seed of seeds) {
      const simulated = await simulateUpload(seed);
      faults += simulated.faults;
      deaths += simulated.deaths;
    }
    expect(faults).toBeGreaterThan(20 * seeds.length);
    expect(deaths).toBeGreaterThan(2 * seeds.length);
  }, 300_000);

  it("the same seed is the same run", async () => {
    const [first, second] = [await simulateUpload(42), await simulateUpload(42)];
    expect(first.operations).toEqual(second.operations);
  });
});
