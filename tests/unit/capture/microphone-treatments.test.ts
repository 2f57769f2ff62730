import { expect, it } from "vitest";
import { MicrophoneTreatments, treatedWith, UNTOLD } from "#devices/microphone-treatments.ts";

function memory() {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
}

const HEADPHONES = { headphones: true, echoCancellation: false, noiseSuppression: false, autoGainControl: false };

it("[CP49] headphones switch all three off, and without them echo cancellation comes back", () => {
  const all = { ...UNTOLD, noiseSuppression: true, autoGainControl: true };
  expect(treatedWith(all, { headphones: true })).toEqual(HEADPHONES);
  expect(treatedWith(HEADPHONES, { headphones: false })).toEqual({ ...UNTOLD, headphones: false });
  expect(treatedWith(HEADPHONES, { noiseSuppression: true })).toEqual({ ...HEADPHONES, noiseSuppression: true });
  expect(treatedWith({ ...UNTOLD, echoCancellation: false }, { headphones: false }).echoCancellation).toBe(false);
});

it("[CP49] each microphone has its own, by its id, and by its name where ids change", () => {
  const kept = memory();
  new MicrophoneTreatments(kept).remember("id-1", "Desk microphone", HEADPHONES);
  const treatments = new MicrophoneTreatments(kept);
  expect(treatments.of("id-1", "")).toEqual(HEADPHONES);
  expect(treatments.of("id-9", "Desk microphone")).toEqual(HEADPHONES);
  expect(treatments.of("id-2", "Webcam")).toEqual(UNTOLD);
  expect(treatments.of("", "")).toEqual(UNTOLD);
  treatments.remember("id-2", "Webcam", UNTOLD);
  treatments.remember("id-9", "Desk microphone", UNTOLD);
  expect(treatments.of("id-1", "Desk microphone")).toEqual(UNTOLD);
});

it("[CP49] what cannot be read counts as nothing chosen", () => {
  for (const text of ["", "{", "[]", '[{"id":"a"}]', "null"]) {
    const kept = memory();
    kept.setItem("tapesync.treatments", text);
    expect(new MicrophoneTreatments(kept).of("a", "b")).toEqual(UNTOLD);
  }
});
