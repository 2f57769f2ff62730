import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fitClock, toTake } from "#media/clock-model.ts";
import type { ClockSample } from "#protocol/clock.ts";
import { asLocal } from "#protocol/units.ts";

const ZERO = 1_763_000_000_000_000;

interface World {
  readonly offsetUs: number;
  readonly ppm: number;
  readonly seconds: number;
  readonly everySeconds: number;
  readonly uncertaintyUs: number;
  /** −1…1 of the uncertainty, per sample. */
  readonly error: (index: number) => number;
}

function fit(world: World) {
  const { offsetUs, ppm, seconds, everySeconds, uncertaintyUs, error } = world;
  const bootUs = 3_600_000_000;
  const samples: ClockSample[] = [];
  for (let at = 0; at <= seconds; at += everySeconds) {
    const atUs = bootUs + at * 1e6;
    const offset = offsetUs + atUs * ppm * 1e-6 + error(samples.length) * uncertaintyUs;
    samples.push({ atUs: asLocal(atUs), offsetUs: offset, uncertaintyUs });
  }
  const [fromUs, toUs] = [bootUs, bootUs + seconds * 1e6];
  const model = fitClock({ samples, takeZeroRoomUs: ZERO, timeOriginMs: 0, fromUs, toUs, aloneZeroUs: 0 });
  const errorAt = (localUs: number) =>
    Math.abs(toTake(model, localUs) - (offsetUs + localUs * (1 + ppm * 1e-6) - ZERO));
  return { model, worstUs: Math.max(errorAt(fromUs), errorAt(toUs), errorAt((fromUs + toUs) / 2)) };
}

const world = (rest: Partial<World> = {}): World => ({
  offsetUs: ZERO - 3_605_000_000,
  ppm: 0,
  seconds: 60,
  everySeconds: 2,
  uncertaintyUs: 1000,
  error: () => 0,
  ...rest,
});

describe("clock model", () => {
  it("[DM21] the true time lies within the uncertainty, whatever the clocks and errors are", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -100, max: 100 }),
        fc.integer({ min: 1, max: 7200 }),
        fc.integer({ min: 100, max: 20_000 }),
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 50 }),
        (ppm, seconds, uncertaintyUs, errors) => {
          const error = (index: number) => errors[index % errors.length] ?? 0;
          const everySeconds = Math.max(2, seconds / 500);
          const { model, worstUs } = fit(world({ ppm, seconds, everySeconds, uncertaintyUs, error }));
          // Float64 of µs since 1970 resolves a quarter of a µs.
          expect(worstUs).toBeLessThanOrEqual(model.uncertaintyUs + 2);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("[DM21] two hours at 80 ppm are placed within 2 ms", () => {
    const error = (index: number) => Math.sin(index * 1.7);
    const { model, worstUs } = fit(world({ ppm: 80, seconds: 7200, error }));
    expect(worstUs).toBeLessThan(2_000);
    expect(model.ratePpm).toBeCloseTo(80, 0);
  });

  it("[DM21] a short take has no rate unless its samples prove one", () => {
    expect(fit(world({ ppm: 30, seconds: 40 })).model.ratePpm).toBe(0);
    expect(fit(world({ ppm: 150, seconds: 50, uncertaintyUs: 100 })).model.ratePpm).toBeCloseTo(150, -1);
  });

  it("[DM21] samples that contradict each other widen the uncertainty", () => {
    const error = (index: number) => (index === 7 ? 20 : 0);
    const { model } = fit(world({ error }));
    expect(model.uncertaintyUs).toBeGreaterThan(10_000);
  });

  it("[DM21] without samples the wall clock is used, and says how bad it is", () => {
    const evidence = { samples: [], timeOriginMs: ZERO / 1000 - 5000, fromUs: 0, toUs: 1, aloneZeroUs: 0 };
    const model = fitClock({ ...evidence, takeZeroRoomUs: ZERO });
    expect(model).toMatchObject({ method: "wall-clock", offsetUs: -5_000_000, uncertaintyUs: 1_000_000 });
  });

  it("[DM21] alone, the take's zero is the track's own", () => {
    const evidence = { samples: [], timeOriginMs: 0, fromUs: 0, toUs: 1, aloneZeroUs: 5_000_000 };
    const model = fitClock({ ...evidence, takeZeroRoomUs: null });
    expect(toTake(model, 5_250_000)).toBe(250_000);
    expect(model).toMatchObject({ method: "alone", uncertaintyUs: 0 });
  });
});
