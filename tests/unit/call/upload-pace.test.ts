import { describe, expect, it } from "vitest";
import {
  FIRST_PACE,
  LEAST_BYTES_PER_SECOND,
  type PaceSample,
  stepUploadPace,
  type UploadPaceState,
} from "#core/call/upload-pace.ts";

const UNLIMITED = 20_000_000;

/** An upload that is as fast as it may be, on a link that is nowhere full. */
const CALM: PaceSample = {
  roundTripMs: 30,
  loss: 0,
  bandwidthLimited: false,
  availableBits: 1_500_000,
  uploaded: UNLIMITED,
};
const IDLE: PaceSample = { ...CALM, uploaded: null };
const ILL = [
  ["20 ms more than the least round trip", { roundTripMs: 55 }],
  ["loss", { loss: 0.05 }],
  ["a picture that is held back", { bandwidthLimited: true }],
] as const;

function after(from: UploadPaceState, sample: PaceSample, seconds: number): UploadPaceState {
  let state = from;
  for (let second = 0; second < seconds; second++) state = stepUploadPace(state, sample);
  return state;
}

const wishOf = (state: UploadPaceState): number => state.bytesPerSecond ?? UNLIMITED;
const mean = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length;

/** Deterministic, 0…1. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Seen {
  readonly addedMs: number;
  /** Of what the link leaves to the upload, 0…1. */
  readonly used: number;
}

/** A link with a buffer of half a second: what does not fit through waits in it. An idle call comes first. */
function throughLink(linkBytes: number, seconds: number, noiseMs = 0): Seen[] {
  const unit = random(7);
  const share = linkBytes * 0.6;
  let state = after(FIRST_PACE, IDLE, 5);
  let queued = 0;
  const seen: Seen[] = [];
  for (let second = 0; second < seconds; second++) {
    const wish = wishOf(state);
    const uploaded = Math.min(share, queued + wish);
    queued = Math.min(linkBytes / 2, Math.max(0, queued + wish - share));
    const addedMs = (queued / linkBytes) * 1_000;
    seen.push({ addedMs, used: uploaded / share });
    state = stepUploadPace(state, { ...CALM, roundTripMs: 30 + addedMs + noiseMs * unit(), uploaded });
  }
  return seen;
}

describe("what an upload may take beside a call", () => {
  it("[CA60] begins at 2 Mbit/s and grows while the call is well, until nothing limits", () => {
    expect(FIRST_PACE.bytesPerSecond).toBe(256_000);
    expect(after(FIRST_PACE, CALM, 15).bytesPerSecond).toBeGreaterThan(1_000_000);
    expect(after(FIRST_PACE, CALM, 37).bytesPerSecond).toBeNull();
  });

  it("[CA60] does not grow while nothing is uploaded, nor to more than three times what moves", () => {
    expect(after(FIRST_PACE, IDLE, 100).bytesPerSecond).toBe(256_000);
    expect(after(FIRST_PACE, { ...CALM, uploaded: 0 }, 100).bytesPerSecond).toBe(256_000);
    const proven = wishOf(after(FIRST_PACE, { ...CALM, uploaded: 300_000 }, 100));
    expect(proven).toBeGreaterThan(300_000);
    expect(proven).toBeLessThan(1_200_000);
  });

  it.each(ILL)("[CA61] %s: less, at once", (_what, bad) => {
    const well = after(FIRST_PACE, CALM, 10);
    expect(wishOf(after(well, { ...CALM, ...bad }, 2))).toBeLessThan(wishOf(well) * 0.8);
  });

  it.each(ILL)("[CA61] %s while nothing is uploaded: no less", (_what, bad) => {
    const well = after(FIRST_PACE, CALM, 10);
    expect(wishOf(after(well, { ...IDLE, ...bad }, 30))).toBeGreaterThanOrEqual(wishOf(well));
  });

  it("[CA61] less of what really moves: a pace above it would limit nothing", () => {
    const free = after(FIRST_PACE, CALM, 40);
    expect(free.bytesPerSecond).toBeNull();
    const less = after(free, { ...CALM, roundTripMs: 80, uploaded: 200_000 }, 2);
    expect(wishOf(less)).toBeLessThan(200_000);
  });

  it("[CA61] libwebrtc's belief in the line falls by a third: less, in the same second, and once", () => {
    const well = after(FIRST_PACE, CALM, 10);
    const fallen = after(well, { ...CALM, availableBits: 1_000_000 }, 1);
    expect(wishOf(fallen)).toBeLessThan(wishOf(well) * 0.8);
    expect(wishOf(after(fallen, { ...CALM, availableBits: 1_000_000 }, 10))).toBeGreaterThan(wishOf(fallen));
    expect(wishOf(after(well, { ...CALM, availableBits: 1_300_000 }, 1))).toBeGreaterThan(wishOf(well));
    expect(wishOf(after(well, { ...IDLE, availableBits: 300_000 }, 5))).toBe(wishOf(well));
  });

  it("[CA61] one late report is no queue", () => {
    const well = after(FIRST_PACE, CALM, 10);
    const late = after(after(well, { ...CALM, roundTripMs: 90 }, 1), CALM, 1);
    expect(wishOf(late)).toBeGreaterThanOrEqual(wishOf(well));
  });

  it("[CA60] what was too much last time is not passed while nothing tells of it", () => {
    const less = after(after(FIRST_PACE, CALM, 3), { ...CALM, roundTripMs: 80 }, 2);
    const brim = less.brim ?? 0;
    expect(brim).toBeGreaterThan(0);
    expect(wishOf(after(less, IDLE, 600))).toBeLessThan(brim);
  });

  it("[CA62] never stops, however much each step down helps; a far server is no queue", () => {
    let state = after(FIRST_PACE, CALM, 3);
    const wishes: number[] = [];
    for (let second = 0; second < 100; second++) {
      state = stepUploadPace(state, { ...CALM, roundTripMs: 60 + wishOf(state) / 1_000 });
      wishes.push(wishOf(state));
    }
    expect(Math.min(...wishes)).toBe(LEAST_BYTES_PER_SECOND);
    expect(after(FIRST_PACE, { ...CALM, roundTripMs: 280 }, 40).bytesPerSecond).toBeNull();
  });

  it.each(ILL)("[CA63] %s that two steps down do not change is not the upload's doing", (_what, bad) => {
    const well = after(FIRST_PACE, CALM, 6);
    const tried = after(well, { ...CALM, ...bad }, 12);
    expect(wishOf(tried)).toBeGreaterThanOrEqual(wishOf(well));
    // a minute later it is tried once more
    expect(wishOf(after(tried, { ...CALM, ...bad }, 40))).toBe(UNLIMITED);
  });

  it.each([250_000, 625_000, 2_500_000])(
    "[CA61] a link of %i bytes/s: kept busy, and the queue within reason",
    (link) => {
      const seen = throughLink(link, 300).slice(30);
      const added = seen.map(({ addedMs }) => addedMs);
      expect(mean(seen.map(({ used }) => used))).toBeGreaterThan(0.6);
      expect(added.filter((ms) => ms <= 20).length / added.length).toBeGreaterThan(0.8);
    },
  );

  it("[CA61] the same with round trips that wobble by 10 ms", () => {
    const seen = throughLink(250_000, 300, 10).slice(30);
    expect(mean(seen.map(({ used }) => used))).toBeGreaterThan(0.6);
    expect(seen.filter(({ addedMs }) => addedMs <= 20).length / seen.length).toBeGreaterThan(0.8);
  });

  it.each([1, 2, 3, 4, 5])("[CA63] a busy machine's round trips, 5 to 80 ms whatever is uploaded (seed %i)", (seed) => {
    const unit = random(seed);
    const line = 2_000_000;
    let state = after(FIRST_PACE, IDLE, 5);
    let moved = 0;
    for (let second = 0; second < 300; second++) {
      const uploaded = Math.min(line, wishOf(state));
      moved += uploaded;
      state = stepUploadPace(state, { ...CALM, roundTripMs: 5 + 75 * unit(), uploaded });
    }
    expect(moved / (300 * line)).toBeGreaterThan(0.5);
  });
});
