import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseCodec, codecCandidates } from "#core/video/codec-candidates.ts";
import { FrameClock } from "#core/video/frame-clock.ts";
import { FramePacing } from "#core/video/frame-pacing.ts";

const INTERVAL = 1_000_000 / 30;

describe("frame clock", () => {
  const OFFSET = -1_243_460_800;
  /** The page tells capture times, rounded to 100 µs, of a dozen frames at once. */
  const DOZEN = 12;
  const told = (times: readonly number[]): number[] => times.map((at) => Math.round(at / 100) * 100);

  interface Camera {
    readonly frames: number;
    readonly at: (frame: number) => number;
    readonly delayUs: (frame: number) => number;
    /** Frames that the worker does not read. */
    readonly lost?: (frame: number) => boolean;
    /** Frames that the page does not show. */
    readonly unseen?: (frame: number) => boolean;
    readonly before?: (frame: number) => void;
  }

  /** The page tells of each dozen until that is enough, as `watchCaptureTimes` does. @returns times of the frames that were read */
  function run(clock: FrameClock, camera: Camera): { readonly frame: number; readonly localUs: number }[] {
    let seen: number[] = [];
    const read: { frame: number; localUs: number }[] = [];
    for (let frame = 0; frame < camera.frames; frame++) {
      camera.before?.(frame);
      const at = camera.at(frame);
      if (!camera.lost?.(frame)) {
        const stampUs = Math.round(at - OFFSET);
        clock.arrived(stampUs, at + camera.delayUs(frame));
        read.push({ frame, localUs: clock.localUs(stampUs) ?? Number.NaN });
      }
      if (!camera.unseen?.(frame)) seen.push(at);
      if (seen.length < DOZEN) continue;
      clock.hint(told(seen));
      seen = [];
    }
    return read;
  }

  const regular = (frame: number): number => 500_000 + frame * INTERVAL;
  const wrongUs = (clock: FrameClock): number => Math.abs((clock.offsetUs() ?? 0) - OFFSET);

  it("[CP3] capture times of the page fix the mapping to within their rounding", () => {
    const clock = new FrameClock();
    run(clock, { frames: 20, at: regular, delayUs: (frame) => 900 + 5_000 * ((frame * 7) % 3) });
    expect(clock.quality().method).toBe("arrival");
    run(clock, {
      frames: 60,
      at: (frame) => regular(20 + frame),
      delayUs: (frame) => 900 + 5_000 * ((frame * 7) % 3),
    });
    expect(clock.quality().method).toBe("capture-time");
    expect(wrongUs(clock)).toBeLessThan(60);
  });

  it("[CP3] capture times of frames that the worker was not ready to read are followed by others that tell", () => {
    const clock = new FrameClock();
    const known: boolean[] = [];
    run(clock, {
      frames: 70,
      at: (frame) => regular(frame) + 700 * Math.sin(frame * 1.7),
      delayUs: (frame) => 4_000 + 3_000 * (frame % 3),
      // It loads, then tries its codecs with the camera's buffers in its hands.
      lost: (frame) => frame < 22 && frame !== 9 && frame !== 17,
      before: () => known.push(clock.isKnown),
    });
    expect(known.slice(0, 24)).not.toContain(true);
    expect(clock.quality()).toEqual({ method: "capture-time", uncertaintyUs: 200 });
    expect(wrongUs(clock)).toBeLessThan(100);
  });

  it("[CP3] … and are never taken for those of later frames of a camera that is perfectly regular", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 500, max: 25_000 }), (deaf, quickestUs) => {
        const clock = new FrameClock();
        run(clock, {
          frames: 120,
          at: regular,
          delayUs: (frame) => quickestUs + 2_000 * (frame % 4),
          lost: (frame) => frame < deaf,
          before: () => {
            if (clock.isKnown) expect(wrongUs(clock)).toBeLessThan(250);
          },
        });
        expect(clock.isKnown).toBe(true);
        expect(wrongUs(clock)).toBeLessThan(250);
      }),
    );
  });

  it("[CP3] a machine that delivers every frame late, by more than an interval, moves nothing", () => {
    const clock = new FrameClock();
    const jittered = (frame: number): number => regular(frame) + 1_500 * Math.sin(frame * 1.7);
    const delayUs = (frame: number): number => 45_000 + 7_000 * (frame % 3);
    run(clock, { frames: 40, at: jittered, delayUs });
    expect(clock.isKnown).toBe(true);
    expect(wrongUs(clock)).toBeLessThan(100);
    run(clock, { frames: 120, at: (frame) => jittered(40 + frame), delayUs });
    clock.freeze();
    expect(wrongUs(clock)).toBeLessThan(100);
  });

  it("[CP3] a camera that is perfectly regular does not shift the mapping by whole intervals", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 10, max: 79 }), { maxLength: 12 }),
        fc.uniqueArray(fc.integer({ min: 0, max: 79 }), { maxLength: 20 }),
        fc.integer({ min: 500, max: 25_000 }),
        (lost, unseen, quickestUs) => {
          const clock = new FrameClock();
          // Delivery is slow now and then, and some frames never reach this reader, or the page's.
          run(clock, {
            frames: 80,
            at: regular,
            delayUs: (frame) => quickestUs + 9_000 * ((frame * 7) % 5),
            lost: (frame) => lost.includes(frame),
            unseen: (frame) => unseen.includes(frame),
          });
          clock.freeze();
          expect(wrongUs(clock)).toBeLessThan(clock.isKnown ? 250 : 62_000);
        },
      ),
    );
  });

  it("[CP3] a take that began without them is mended slowly: no frame comes before the one before it", () => {
    const clock = new FrameClock();
    const delayUs = (frame: number): number => 21_000 + 4_000 * (frame % 3);
    run(clock, { frames: 3, at: regular, delayUs });
    clock.freeze();
    expect(clock.quality().method).toBe("arrival");
    const read = run(clock, { frames: 160, at: (frame) => regular(3 + frame), delayUs });
    const steps = read.slice(1).map(({ localUs }, i) => localUs - (read[i]?.localUs ?? 0));
    expect(Math.min(...steps)).toBeGreaterThan(INTERVAL * 0.98);
    expect(Math.max(...steps)).toBeLessThan(INTERVAL + 2);
    expect(clock.quality().method).toBe("capture-time");
    expect(wrongUs(clock)).toBeLessThan(250);
    // The encoder gives frames back when others have arrived: the time of each stays as it was.
    for (const { frame, localUs } of read) expect(clock.localUs(Math.round(regular(3 + frame) - OFFSET))).toBe(localUs);
  });

  it("[CP3] a take that began with them does not move, whatever is told", () => {
    const clock = new FrameClock();
    run(clock, { frames: 60, at: regular, delayUs: () => 5_000 });
    clock.freeze();
    const before = clock.offsetUs();
    run(clock, { frames: 60, at: (frame) => regular(60 + frame) + 3_000 * Math.sin(frame), delayUs: () => 100 });
    expect(clock.offsetUs()).toBe(before);
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
