import { describe, expect, it } from "vitest";
import { PeakMeter } from "#core/audio/peaks.ts";
import { SegmentTimes } from "#core/audio/segment-times.ts";
import { GapLedger } from "#core/capture/gap-ledger.ts";
import { Interruptions } from "#core/capture/interruptions.ts";
import { resolveOrigin } from "#core/capture/stamp-origin.ts";

describe("origin of audio stamps", () => {
  const SHIFT = 530_200;

  it("[CP4] takes the reading that is nearest to now", () => {
    // Both seen in one stream: the first still counts from the page, the later ones from the worker.
    expect(resolveOrigin(539_000, SHIFT, 546_600)).toBe(539_000);
    expect(resolveOrigin(18_800, SHIFT, 549_200)).toBe(18_800 + SHIFT);
  });

  it("[CP4] drops what could be either", () => {
    expect(resolveOrigin(1_000_000, 10_000, 1_011_000)).toBeUndefined();
  });

  it("[CP4] a stamp in the future is no reading", () => {
    expect(resolveOrigin(1_000_000, 50_000, 1_030_000)).toBe(1_000_000);
  });
});

describe("gap ledger", () => {
  it("[CP16] declares 20 ms and more, counts the rest", () => {
    const ledger = new GapLedger();
    ledger.add(0, 19_999, "capture-dropped");
    ledger.add(100_000, 120_000, "capture-dropped");
    expect(ledger.take()).toEqual([{ fromUs: 100_000, toUs: 120_000, reason: "capture-dropped" }]);
    expect(ledger.short).toEqual({ count: 1, us: 19_999 });
  });

  it("[CP16] frames skipped one after the other are one gap", () => {
    const ledger = new GapLedger();
    for (let frame = 0; frame < 3; frame++) ledger.add(frame * 16_667, (frame + 1) * 16_667, "encoder-busy");
    ledger.add(60_000, 90_000, "capture-dropped");
    expect(ledger.take().map((gap) => [gap.fromUs, gap.toUs])).toEqual([
      [0, 50_001],
      [60_000, 90_000],
    ]);
  });

  it("[CP17] hands each gap out once, to the epoch that it lies in or before", () => {
    const ledger = new GapLedger();
    ledger.add(1_000_000, 1_100_000, "muted");
    ledger.add(2_500_000, 2_600_000, "muted");
    expect(ledger.take(2_000_000)).toHaveLength(1);
    expect(ledger.take(2_000_000)).toHaveLength(0);
    expect(ledger.take(4_000_000)).toHaveLength(1);
    expect(ledger.all()).toHaveLength(2);
  });
});

describe("interruptions", () => {
  it("[CP18] a gap gets the reason that covers most of it", () => {
    const known = new Interruptions();
    known.begin("device-lost", 1_000_000);
    known.end("device-lost", 3_000_000);
    known.note("page-frozen", 5_000_000, 9_000_000);
    expect(known.reasonFor(1_100_000, 3_100_000, "capture-dropped")).toBe("device-lost");
    expect(known.reasonFor(4_900_000, 9_100_000, "capture-dropped")).toBe("page-frozen");
    expect(known.reasonFor(10_000_000, 10_100_000, "capture-dropped")).toBe("capture-dropped");
  });
});

describe("times of a stretch", () => {
  it("[CP12] resampled samples lie where their input was", () => {
    const times = new SegmentTimes(44_100, 48_000);
    times.add(441, 1_000_000, 1e6 / 44_100);
    times.add(441, 1_010_000, 1e6 / 44_100);
    times.add(441, 1_020_001, 1e6 / 44_100);
    expect(times.at(0)).toBeCloseTo(1_000_000, 6);
    expect(times.at(480)).toBeCloseTo(1_010_000, 3);
    expect(times.at(960)).toBeCloseTo(1_020_001, 3);
    expect(times.endUs).toBeCloseTo(1_030_001, 3);
  });
});

describe("peaks", () => {
  it("[CP19] the loudest of each 1/20 s over all channels", () => {
    const meter = new PeakMeter();
    const left = new Float32Array(4_800);
    const right = new Float32Array(4_800);
    left[10] = -0.5;
    right[2_400] = 1.5;
    meter.add([left, right], 0, 4_800);
    meter.skip(2_400);
    meter.add([left, right], 0, 100);
    expect([...Buffer.from(meter.take(), "base64")]).toEqual([128, 255, 0, 128]);
    expect(meter.take()).toBe("");
  });
});
