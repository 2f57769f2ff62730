import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseCodec, codecCandidates } from "#core/video/codec-candidates.ts";
import { FrameClock } from "#core/video/frame-clock.ts";
import { FramePacing } from "#core/video/frame-pacing.ts";

const INTERVAL = 1_000_000 / 30;

describe("frame clock", () => {
  const OFFSET = -1_243_460_800;

  it("[CP3] capture times of the page fix the mapping to within their rounding", () => {
    const clock = new FrameClock();
    const captures: number[] = [];
    for (let frame = 0; frame < 60; frame++) {
      const at = 500_000 + frame * INTERVAL;
      clock.arrived(Math.round(at - OFFSET), at + 900 + 5_000 * ((frame * 7) % 3));
      if (frame % 5 === 0) captures.push(Math.round(at / 100) * 100);
    }
    expect(clock.quality().method).toBe("arrival");
    clock.hint(captures);
    expect(clock.quality().method).toBe("capture-time");
    expect(Math.abs((clock.offsetUs() ?? 0) - OFFSET)).toBeLessThan(60);
  });

  it("[CP3] a machine that delivers every frame late, by more than an interval, moves nothing", () => {
    const clock = new FrameClock();
    const at = Array.from({ length: 150 }, (_, frame) => 500_000 + frame * INTERVAL + 1_500 * Math.sin(frame * 1.7));
    const arrive = (frame: number) =>
      clock.arrived(Math.round((at[frame] ?? 0) - OFFSET), (at[frame] ?? 0) + 45_000 + 7_000 * (frame % 3));
    for (let frame = 0; frame < 20; frame++) arrive(frame);
    clock.hint(Array.from({ length: 12 }, (_, i) => Math.round((at[i * 2] ?? 0) / 100) * 100));
    for (let frame = 20; frame < 24; frame++) arrive(frame);
    expect(clock.isKnown).toBe(true);
    expect(Math.abs((clock.offsetUs() ?? 0) - OFFSET)).toBeLessThan(100);
    for (let frame = 24; frame < 150; frame++) arrive(frame);
    clock.freeze();
    expect(Math.abs((clock.offsetUs() ?? 0) - OFFSET)).toBeLessThan(100);
  });

  it("[CP3] a camera that is perfectly regular does not shift the mapping by whole intervals", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 10, max: 79 }), { maxLength: 12 }),
        fc.integer({ min: 500, max: 25_000 }),
        fc.integer({ min: 8, max: 60 }),
        (lost, quickestUs, hintedAt) => {
          const clock = new FrameClock();
          const at = (frame: number): number => 500_000 + frame * INTERVAL;
          for (let frame = 0; frame < 80; frame++) {
            if (frame === hintedAt) {
              clock.hint(Array.from({ length: 12 }, (_, i) => Math.round(at(hintedAt + i - 10) / 100) * 100));
            }
            // delivery is slow now and then, and some frames never reach this reader
            if (!lost.includes(frame)) {
              clock.arrived(Math.round(at(frame) - OFFSET), at(frame) + quickestUs + 9_000 * ((frame * 7) % 5));
            }
          }
          clock.freeze();
          expect(Math.abs((clock.offsetUs() ?? 0) - OFFSET)).toBeLessThan(clock.isKnown ? 250 : 62_000);
        },
      ),
    );
  });

  it("[CP3] without them the quickest arrival decides, and a take freezes the mapping", () => {
    const clock = new FrameClock();
    expect(clock.offsetUs()).toBeUndefined();
    clock.arrived(1_000_000, 1_500_000);
    clock.arrived(1_033_333, 1_532_000);
    expect(clock.offsetUs()).toBe(498_667);
    clock.freeze();
    clock.arrived(1_066_666, 1_066_700);
    expect(clock.offsetUs()).toBe(498_667);
  });
});

describe("frame pacing", () => {
  const wobble = (frame: number, size: number): number => Math.sin(frame * 1.7) * size;

  it("[CP15] finds each missing frame, whatever the jitter of the stamps", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 20, max: 500 }), { maxLength: 12 }),
        fc.integer({ min: 0, max: 8_000 }),
        (lost, jitterUs) => {
          const pacing = new FramePacing(30);
          for (let frame = 0; frame < 520; frame++) {
            if (!lost.includes(frame)) pacing.frame(1_000_000 + frame * INTERVAL + wobble(frame, jitterUs), 1_000);
          }
          const missing = pacing.missing().reduce((sum, one) => sum + one.frames, 0);
          expect(missing).toBe(lost.length);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("[CP15] a frame that is stamped late is not missing", () => {
    const pacing = new FramePacing(30);
    for (let frame = 0; frame < 90; frame++) pacing.frame(frame * INTERVAL + (frame === 40 ? 19_000 : 0), 1_000);
    expect(pacing.missing()).toEqual([]);
  });

  it("[CP15] a wait that is long enough to be declared is told, even when a late stamp may be all of it", () => {
    const pacing = new FramePacing(30);
    for (let frame = 0; frame < 90; frame++) pacing.frame(frame * INTERVAL + (frame === 40 ? 22_000 : 0), 1_000);
    expect(pacing.missing()).toEqual([
      { fromUs: expect.closeTo(40 * INTERVAL, -1), toUs: expect.closeTo(40 * INTERVAL + 22_000, -1), frames: 0 },
    ]);
  });

  it("[CP15] a camera that slows down in dim light has lost nothing", () => {
    const pacing = new FramePacing(30);
    for (let frame = 0; frame < 60; frame++) pacing.frame(frame * INTERVAL, 1_000);
    for (let frame = 1; frame < 60; frame++) pacing.frame(59 * INTERVAL + frame * 2 * INTERVAL, 1_000);
    expect(pacing.missing()).toEqual([]);
    expect(pacing.intervalUs).toBeCloseTo(2 * INTERVAL, -1);
  });

  it("[CP15] the same intervals behind a full queue are missing frames", () => {
    const pacing = new FramePacing(30);
    for (let frame = 0; frame < 60; frame++) pacing.frame(frame * INTERVAL, 1_000);
    for (let frame = 1; frame <= 30; frame++) pacing.frame(59 * INTERVAL + frame * 2 * INTERVAL, 250_000);
    expect(pacing.missing().reduce((sum, one) => sum + one.frames, 0)).toBe(30);
  });
});

describe("codec choice", () => {
  const picture = { width: 1280, height: 720, frameRate: 30 };
  const trial = (index: number, framesPerSecond: number) => {
    const candidate = codecCandidates(picture, "camera")[index];
    if (candidate === undefined) throw new Error("no such candidate");
    return { candidate, framesPerSecond };
  };

  it("[CP7] levels fit the picture", () => {
    const codecs = (width: number, height: number, frameRate: number) =>
      codecCandidates({ width, height, frameRate }, "camera").map((candidate) => candidate.codec);
    expect(codecs(1280, 720, 30)).toEqual(["avc1.64001f", "avc1.42e01f", "vp09.00.31.08", "av01.0.05M.08"]);
    expect(codecs(1920, 1080, 30)).toEqual(["avc1.640028", "avc1.42e028", "vp09.00.40.08", "av01.0.08M.08"]);
    expect(codecs(3840, 2160, 30)[0]).toBe("avc1.640033");
  });

  it("[CP7] the first that is in time wins, else the clearly fastest", () => {
    expect(chooseCodec([trial(0, 60), trial(2, 200)], 30)?.candidate.family).toBe("h264");
    expect(chooseCodec([trial(0, 20), trial(2, 60)], 30)?.candidate.family).toBe("vp9");
    expect(chooseCodec([trial(0, 40), trial(2, 44)], 30)?.candidate.family).toBe("h264");
    expect(chooseCodec([trial(0, 0), trial(2, 10)], 30)?.candidate.family).toBe("vp9");
    expect(chooseCodec([trial(0, 0)], 30)).toBeUndefined();
  });
});
