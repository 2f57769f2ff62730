import { ClockSync } from "#core/clock-sync/clock-sync.ts";
import { asLocal, asRoom } from "#protocol/units.ts";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

const OFFSET_US = 1_790_000_000_000_123;

/** One exchange over a network that takes `out` and `back` µs, with a room clock that runs `ppm` faster. */
function exchange(atUs: number, out: number, back: number, ppm = 0) {
  const arrived = (atUs + out) * (1 + ppm * 1e-6) + OFFSET_US;
  return {
    sentUs: asLocal(atUs),
    serverUs: asRoom(Math.floor(arrived / 1000) * 1000),
    receivedUs: asLocal(atUs + out + back),
  };
}

const trueOffset = (atUs: number, ppm: number): number => OFFSET_US + atUs * ppm * 1e-6;

describe("clock sync", () => {
  it("[CP40] knows nothing before the first exchange", () => {
    const sync = new ClockSync();
    expect(sync.sample).toBeNull();
    expect(sync.roomOf(asLocal(1))).toBeUndefined();
  });

  it("[CP41] the true offset always lies within the stated uncertainty", () => {
    const trip = fc.integer({ min: 50, max: 400_000 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(trip, trip, fc.integer({ min: 1_000, max: 5_000_000 })), { minLength: 1, maxLength: 150 }),
        fc.double({ min: -150, max: 150, noNaN: true }),
        (trips, ppm) => {
          const sync = new ClockSync();
          let nowUs = 10_000_000;
          for (const [out, back, pause] of trips) {
            sync.add(exchange(nowUs, out, back, ppm));
            nowUs += out + back + pause;
          }
          const sample = sync.sample;
          expect(sample).not.toBeNull();
          if (sample === null) return;
          const error = Math.abs(sample.offsetUs - trueOffset(sample.atUs, ppm));
          expect(error).toBeLessThanOrEqual(sample.uncertaintyUs + 1);
        },
      ),
    );
  });

  it("[CP42] many exchanges beat the resolution of the room's clock", () => {
    const sync = new ClockSync();
    for (let n = 0; n < 24; n += 1) sync.add(exchange(5_000_000 + n * 83_171, 150, 150));
    expect(sync.sample?.uncertaintyUs).toBeLessThan(500);
  });

  it("[CP43] after the room's clock was set, the old exchanges are forgotten", () => {
    const sync = new ClockSync();
    for (let n = 0; n < 20; n += 1) sync.add(exchange(n * 2_000_000, 200, 200));
    const before = sync.sample?.offsetUs ?? 0;
    const late = exchange(41_000_000, 200, 200);
    sync.add({ ...late, serverUs: asRoom(late.serverUs + 3_000_000) });
    expect((sync.sample?.offsetUs ?? 0) - before).toBeGreaterThan(2_990_000);
  });

  it("[CP44] an answer older than its question is ignored", () => {
    const sync = new ClockSync();
    sync.add({ sentUs: asLocal(20), serverUs: asRoom(1_000), receivedUs: asLocal(10) });
    expect(sync.sample).toBeNull();
  });

  it("maps both ways", () => {
    const sync = new ClockSync();
    sync.add(exchange(1_000_000, 500, 500));
    const room = sync.roomOf(asLocal(2_000_000));
    expect(room).toBeDefined();
    if (room !== undefined) expect(sync.localOf(room)).toBeCloseTo(2_000_000, 3);
  });
});
