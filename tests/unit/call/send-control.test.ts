import { describe, expect, it } from "vitest";
import { type Adaptation, FULL, type OutboundSample, stepAdaptation } from "#core/call/adaptation.ts";
import {
  bitsOfStep,
  cameraEncodings,
  LAST_STEP,
  screenEncodings,
  SEND_STEPS,
  soundEncodings,
} from "#core/call/send-shape.ts";

const CALM: OutboundSample = {
  availableBits: 4_000_000,
  limitation: "none",
  loss: 0,
  roundTripMs: 30,
  recorderSlow: false,
};
const NARROW: OutboundSample = { ...CALM, availableBits: 300_000, limitation: "bandwidth" };

function seconds(from: Adaptation, sample: OutboundSample, count: number): Adaptation {
  let state = from;
  for (let second = 0; second < count; second++) state = stepAdaptation(state, sample);
  return state;
}

describe("how a camera is sent", () => {
  const sizes = (width: number, height: number, step = 0) =>
    cameraEncodings({ width, height }, step).map(({ rid, active, scaleDownBy }) => [
      rid,
      active,
      Math.round(height / scaleDownBy),
    ]);

  it("[CA30] 720 lines at most, a half and a quarter of it; the smallest first", () => {
    const three = [
      ["l", true, 180],
      ["m", true, 360],
      ["h", true, 720],
    ];
    expect(sizes(1280, 720)).toEqual(three);
    expect(sizes(1920, 1080)).toEqual(three);
    expect(sizes(3840, 2160)).toEqual(three);
    expect(cameraEncodings({ width: 1280, height: 720 }, 0).map(({ maxBitrate }) => maxBitrate)).toEqual([
      200_000, 600_000, 1_200_000,
    ]);
  });

  it("[CA30] a camera that is held upright counts its width", () => {
    expect(cameraEncodings({ width: 720, height: 1280 }, 0)).toEqual(cameraEncodings({ width: 1280, height: 720 }, 0));
  });

  it("[CA30] a small camera's own size is in the best layer that libwebrtc sends", () => {
    expect(sizes(640, 360)).toEqual([
      ["l", true, 180],
      ["m", true, 360],
      ["h", false, 180 * 2],
    ]);
    expect(sizes(320, 180)[0]).toEqual(["l", true, 180]);
    expect(sizes(320, 180).filter(([, active]) => active)).toHaveLength(1);
  });

  it("[CA30] no encoding is larger than its source, in any size and step", () => {
    for (let height = 90; height <= 2160; height += 45) {
      for (const [step] of SEND_STEPS.entries()) {
        const all = [...cameraEncodings({ width: height * 2, height }, step), ...screenEncodings({ height }, step)];
        expect(all.every(({ scaleDownBy }) => scaleDownBy >= 1)).toBe(true);
        expect(all.some(({ active }) => active)).toBe(true);
      }
    }
  });

  it("[CA31] each step needs less, the last one still is a picture, and no step touches sound", () => {
    for (let step = 1; step <= LAST_STEP; step++) expect(bitsOfStep(step)).toBeLessThan(bitsOfStep(step - 1));
    expect(cameraEncodings({ width: 1280, height: 720 }, LAST_STEP).map(({ rid, active }) => [rid, active])).toEqual([
      ["l", true],
      ["m", false],
      ["h", false],
    ]);
    expect(soundEncodings("microphone").every(({ active }) => active)).toBe(true);
  });
});

describe("how much of the pictures is sent", () => {
  it("[CA32] begins with all, and a moment of congestion changes nothing", () => {
    expect(FULL.step).toBe(0);
    expect(seconds(FULL, NARROW, 3).step).toBe(0);
    expect(seconds(seconds(seconds(FULL, NARROW, 3), CALM, 1), NARROW, 3).step).toBe(0);
  });

  it("[CA32] congestion that lasts: a step every four seconds, to the smallest layer and no further", () => {
    expect(seconds(FULL, NARROW, 4).step).toBe(1);
    expect(seconds(FULL, NARROW, 8).step).toBe(2);
    expect(seconds(FULL, { ...NARROW, availableBits: 30_000 }, 300).step).toBe(LAST_STEP);
  });

  it("[CA32] loss, a busy processor and a recording that falls behind count alike", () => {
    for (const bad of [{ loss: 0.2 }, { limitation: "cpu" }, { recorderSlow: true }] as const) {
      expect(seconds(FULL, { ...CALM, ...bad }, 4).step).toBe(1);
    }
    expect(seconds(FULL, { ...CALM, loss: 0.02 }, 100).step).toBe(0);
  });

  it("[CA32] limited, but with room for what is sent: stays", () => {
    expect(seconds(FULL, { ...NARROW, availableBits: bitsOfStep(0) }, 60).step).toBe(0);
  });

  it("[CA33] up again after a quiet time, a step at a time", () => {
    const low = seconds(FULL, { ...NARROW, availableBits: 30_000 }, 60);
    expect(seconds(low, CALM, 11).step).toBe(LAST_STEP);
    expect(seconds(low, CALM, 12).step).toBe(LAST_STEP - 1);
    expect(seconds(low, CALM, 36).step).toBe(0);
  });

  it("[CA33] each step up in vain makes the next one wait twice as long", () => {
    let state = seconds(FULL, { ...NARROW, availableBits: 30_000 }, 60);
    const waits: number[] = [];
    for (let time = 0; time < 6; time++) {
      let waited = 0;
      while (state.step === LAST_STEP) {
        state = stepAdaptation(state, CALM);
        waited++;
      }
      waits.push(waited);
      state = seconds(state, { ...NARROW, availableBits: 30_000 }, 4);
      expect(state.step).toBe(LAST_STEP);
    }
    expect(waits).toEqual([12, 24, 48, 96, 120, 120]);
  });
});
