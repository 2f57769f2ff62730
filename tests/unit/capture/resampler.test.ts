import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Resampler } from "#core/audio/resampler.ts";

type Plane = Float32Array<ArrayBuffer>;

function sine(frequency: number, rate: number, frames: number): Plane {
  return Float32Array.from({ length: frames }, (_, at) => Math.sin((2 * Math.PI * frequency * at) / rate));
}

/** Through the resampler in pieces of the given sizes, the last one again and again. */
function resample(input: Plane, from: number, to: number, sizes: readonly number[]): Plane {
  const resampler = new Resampler(from, to, 1);
  const parts: number[] = [];
  let at = 0;
  for (let turn = 0; at < input.length; turn++) {
    const size = sizes[Math.min(turn, sizes.length - 1)] ?? 441;
    parts.push(...(resampler.push([input.slice(at, at + size)])[0] ?? []));
    at += size;
  }
  parts.push(...(resampler.flush()[0] ?? []));
  return Float32Array.from(parts);
}

/** Signal to noise in dB against the ideal tone, away from the ends. */
function quality(output: Plane, frequency: number, rate: number): number {
  const ideal = sine(frequency, rate, output.length);
  let signal = 0;
  let noise = 0;
  for (let at = 200; at < output.length - 200; at++) {
    signal += (ideal[at] ?? 0) ** 2;
    noise += ((ideal[at] ?? 0) - (output[at] ?? 0)) ** 2;
  }
  return 10 * Math.log10(signal / noise);
}

describe("resampler", () => {
  it.each([
    [44_100, 1_000],
    [44_100, 10_000],
    [44_100, 17_000],
    [16_000, 3_000],
    [8_000, 1_000],
    [32_000, 9_000],
    [96_000, 10_000],
    [88_200, 15_000],
  ])("[CP10] %i Hz to 48 kHz keeps a tone of %i Hz in place, with noise 80 dB below", (rate, frequency) => {
    const output = resample(sine(frequency, rate, rate / 2), rate, 48_000, [441]);
    expect(quality(output, frequency, 48_000)).toBeGreaterThan(80);
  });

  it("[CP10] what 48 kHz cannot hold is taken out of 96 kHz", () => {
    const output = resample(sine(30_000, 96_000, 48_000), 96_000, 48_000, [960]);
    expect(Math.max(...output.slice(500, -500).map(Math.abs))).toBeLessThan(1e-4);
  });

  it("[CP11] N samples become exactly ⌈N × 48000 / rate⌉, and no seam is heard between buffers", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(44_100, 16_000, 48_000, 96_000, 22_050, 11_025),
        fc.integer({ min: 1, max: 3_000 }),
        fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 6 }),
        (rate, frames, sizes) => {
          const input = sine(440, rate, frames);
          const whole = resample(input, rate, 48_000, [frames]);
          const pieces = resample(input, rate, 48_000, sizes);
          expect(whole.length).toBe(Math.ceil((frames * 48_000) / rate));
          expect(pieces).toEqual(whole);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("[CP11] begins anew after a flush", () => {
    const resampler = new Resampler(44_100, 48_000, 2);
    const tone = sine(1_000, 44_100, 4_410);
    const first = [...(resampler.push([tone, tone])[0] ?? []), ...(resampler.flush()[0] ?? [])];
    const second = [...(resampler.push([tone, tone])[1] ?? []), ...(resampler.flush()[1] ?? [])];
    expect(second).toEqual(first);
  });
});
