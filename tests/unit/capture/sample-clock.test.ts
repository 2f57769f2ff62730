import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type PlacedBlock, SampleClock } from "#core/audio/sample-clock.ts";

const RATE = 48_000;
const FRAMES = 480;

interface Scenario {
  readonly blocks: number;
  /** Crystal error, parts per million. */
  readonly ppm: number;
  /** Jitter of each stamp, µs. */
  readonly jitterUs: (block: number) => number;
  /** Time that is lost right before a block, µs. */
  readonly lostUs: (block: number) => number;
}

interface Outcome {
  readonly placed: readonly PlacedBlock<number>[];
  readonly truth: readonly number[];
}

function run({ blocks, ppm, jitterUs, lostUs }: Scenario): Outcome {
  const clock = new SampleClock<number>(RATE);
  const placed: PlacedBlock<number>[] = [];
  const truth: number[] = [];
  let at = 1_000_000;
  for (let block = 0; block < blocks; block++) {
    at += lostUs(block);
    truth.push(at);
    placed.push(...clock.push({ payload: block, frames: FRAMES, startUs: at + jitterUs(block) }));
    at += (FRAMES / RATE) * 1e6 * (1 + ppm * 1e-6);
  }
  placed.push(...clock.drain());
  return { placed, truth };
}

const none = () => 0;
const jitter = (seed: number, size: number) => (block: number) => {
  const hash = Math.sin(block * 12.9898 + seed) * 43_758.5453;
  return (hash - Math.floor(hash) - 0.5) * 2 * size;
};

describe("sample clock", () => {
  it("[CP12] jitter below 3 ms never makes a jump, and every block comes out once, in order", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999 }), fc.integer({ min: -100, max: 100 }), (seed, ppm) => {
        const { placed, truth } = run({ blocks: 1500, ppm, jitterUs: jitter(seed, 1_500), lostUs: none });
        expect(placed.map((block) => block.payload)).toEqual([...placed.keys()]);
        expect(placed.length).toBe(truth.length);
        expect(placed.every((block) => block.jumpUs === 0 && block.cutFrames === 0)).toBe(true);
        const late = placed.slice(500).map((block) => Math.abs(block.startUs - (truth[block.payload] ?? 0)));
        expect(Math.max(...late)).toBeLessThan(600);
      }),
      { numRuns: 20 },
    );
  });

  it("[CP12] follows 50 ppm over two hours to within a millisecond, without a jump", () => {
    const { placed, truth } = run({ blocks: 720_000, ppm: 50, jitterUs: jitter(1, 500), lostUs: none });
    expect(placed.some((block) => block.jumpUs !== 0)).toBe(false);
    const last = placed.at(-1);
    expect(Math.abs((last?.startUs ?? 0) - (truth.at(-1) ?? 0))).toBeLessThan(1_000);
  });

  it("[CP13] a jump is found at the block where it began, with its size, whatever the jitter", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 999 }),
        fc.integer({ min: 5, max: 3_000 }),
        fc.integer({ min: 300, max: 600 }),
        (seed, lostMs, where) => {
          const lostUs = (block: number) => (block === where ? lostMs * 1000 : 0);
          const { placed, truth } = run({ blocks: 900, ppm: 20, jitterUs: jitter(seed, 300), lostUs });
          const jumps = placed.filter((block) => block.jumpUs > 0);
          expect(jumps.map((block) => block.payload)).toEqual([where]);
          expect(Math.abs((jumps[0]?.startUs ?? 0) - (truth[where] ?? 0))).toBeLessThan(700);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("[CP13] two jumps soon after each other are two", () => {
    const lostUs = (block: number) => (block === 300 ? 10_000 : block === 312 ? 40_000 : 0);
    const { placed } = run({ blocks: 600, ppm: 0, jitterUs: none, lostUs });
    const jumps = placed.filter((block) => block.jumpUs > 0).map((block) => [block.payload, Math.round(block.jumpUs)]);
    expect(jumps).toEqual([
      [300, 10_000],
      [312, 40_000],
    ]);
  });

  it("[CP14] buffers that are stamped late while a busy machine catches up are no jump", () => {
    // 200 ms late at block 300, then 10 ms less with each.
    const jitterUs = (block: number) => (block >= 300 && block < 320 ? (320 - block) * 10_000 : 0);
    const { placed } = run({ blocks: 600, ppm: 0, jitterUs, lostUs: none });
    expect(placed.filter((block) => block.jumpUs !== 0 || block.cutFrames !== 0)).toEqual([]);
  });

  it("[CP14] stamps that go back by little are evened out without losing a sample", () => {
    const jitterUs = (block: number) => (block >= 300 ? -20_000 : 0);
    const { placed, truth } = run({ blocks: 1_200, ppm: 0, jitterUs, lostUs: none });
    expect(placed.every((block) => block.cutFrames === 0 && block.jumpUs === 0)).toBe(true);
    expect(placed.every((block, at) => at === 0 || block.startUs > (placed[at - 1]?.startUs ?? 0))).toBe(true);
    const last = placed.at(-1);
    expect(Math.abs((last?.startUs ?? 0) - ((truth.at(-1) ?? 0) - 20_000))).toBeLessThan(3_100);
  });

  it("[CP14] of stamps that go back by much the most is cut and counted, and the rest evened out", () => {
    const jitterUs = (block: number) => (block >= 300 ? -100_000 : 0);
    const { placed } = run({ blocks: 600, ppm: 0, jitterUs, lostUs: none });
    const cut = placed.reduce((sum, block) => sum + block.cutFrames, 0);
    expect(cut / RATE).toBeGreaterThanOrEqual(0.06);
    expect(cut / RATE).toBeLessThanOrEqual(0.1);
  });
});
