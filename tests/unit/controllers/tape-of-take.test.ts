import { asLocal } from "#protocol/units.ts";
import { arrivedFraction, figuresOfTake, tapeOf } from "#controllers/tape-of-take.ts";
import { paintWave } from "#controllers/take-peaks.ts";
import type { EpochRow } from "#protocol/take-manifest.ts";
import { describe, expect, it } from "vitest";
import { alone, epochsOf, takeOf, trackOf } from "./rig/rows.ts";

const counts = (epochs: readonly EpochRow[]) => {
  const pending = epochs.filter((epoch) => epoch.receiptMs === null);
  const bytes = (some: readonly EpochRow[]) => some.reduce((sum, epoch) => sum + epoch.bytes, 0);
  return {
    epochs: epochs.length,
    bytes: bytes(epochs),
    pendingEpochs: pending.length,
    pendingBytes: bytes(pending),
  };
};

describe("a take's tape and lanes", () => {
  it("draws a take from its own rows, with the waveform where the sound lies", () => {
    const take = alone("one");
    const camera = trackOf(take, "camera", 30);
    const microphone = trackOf(take, "microphone", 30, {
      trackZeroUs: asLocal(11_000_000),
      gaps: [{ fromUs: 20_000_000, toUs: 23_000_000, reason: "device-lost" }],
    });
    const rows = [
      { track: camera, epochs: epochsOf(camera, 15) },
      { track: microphone, epochs: epochsOf(microphone, 15) },
    ];
    const figures = figuresOfTake(take, rows, counts(rows.flatMap((row) => row.epochs)));
    expect(figures).toMatchObject({
      lengthMs: 61_000,
      keptMs: 61_000,
      bytes: 60_000,
      bytesArrived: 30_000,
      gaps: [{ atMs: 21_000, lengthMs: 3_000 }],
      gapMs: 3_000,
      lostMs: 0,
    });
    expect(figures.lanes?.lanes).toHaveLength(1);
    const [lane] = figures.lanes?.lanes ?? [];
    expect(lane).toMatchObject({ name: "Inês Carvalho", kind: "person", fromMs: 0, toMs: 61_000 });
    // 600 buckets over 61 s: the first second has no sound, the rest has
    expect([...(lane?.wave?.peaks.slice(0, 9) ?? [])]).toEqual(Array(9).fill(0));
    expect(Math.min(...(lane?.wave?.peaks.slice(12) ?? []))).toBe(100);
    expect(tapeOf(figures, { live: false, local: false }).arrivedMs).toBe(30_500);
  });

  it("places tracks of two page loads by the room's clock, and shows the time between them as a gap", () => {
    const take = takeOf("two", { zeroRoomUs: 50_000_000 });
    const first = trackOf(take, "microphone", 5);
    const again = trackOf(take, "microphone", 5, {
      track: `${"again".padEnd(22, "1")}` as typeof first.track,
      trackZeroUs: asLocal(1_000_000),
    });
    const sample = (offsetUs: number) => ({ atUs: asLocal(0), offsetUs, uncertaintyUs: 1_000 });
    const rows = [
      { track: first, epochs: epochsOf(first, 0, { clock: sample(40_000_000) }) },
      // the page's clock has begun anew: room = local + 64 s, so this track's zero lies at 15 s of the take
      { track: again, epochs: epochsOf(again, 0, { clock: sample(64_000_000) }) },
    ];
    const figures = figuresOfTake(take, rows, counts(rows.flatMap((row) => row.epochs)));
    expect(figures.lengthMs).toBe(25_000);
    expect(figures.lanes?.lanes[0]).toMatchObject({
      fromMs: 0,
      toMs: 25_000,
      gaps: [{ atMs: 10_000, lengthMs: 5_000 }],
    });
  });

  it("[CP48] what was switched off is told apart from losses, up to the end too", () => {
    const take = takeOf("off");
    const off = { fromUs: 20_000_000, toUs: 50_000_000, reason: "muted" } as const;
    const microphone = trackOf(take, "microphone", 10, { gaps: [{ ...off, fromUs: 4_000_000, toUs: 6_000_000 }, off] });
    const figures = figuresOfTake(take, [{ track: microphone, epochs: epochsOf(microphone, 0) }], counts([]));
    const spans = [
      { atMs: 4_000, lengthMs: 2_000 },
      { atMs: 20_000, lengthMs: 30_000 },
    ];
    expect(figures).toMatchObject({ keptMs: 50_000, lengthMs: 50_000, lostMs: 0, gapMs: 0, gaps: [], off: spans });
    expect(figures.lanes?.lanes[0]).toMatchObject({ gaps: [], off: spans });
    expect(tapeOf(figures, { live: false, local: false })).toMatchObject({ gaps: [], off: spans });
  });

  it("tells a loss at a track's end from a gap, and from the end that a crash made", () => {
    const take = takeOf("three", { state: "cut-short" });
    const full = { fromUs: 20_000_000, toUs: 92_000_000, reason: "storage-full" } as const;
    const camera = trackOf(take, "camera", 10, { gaps: [full] });
    const cut = { fromUs: 20_000_000, toUs: 99_000_000, reason: "cut-short" } as const;
    const microphone = trackOf(take, "microphone", 10, { state: "cut-short", gaps: [cut] });
    const both = [camera, microphone].map((track) => ({ track, epochs: epochsOf(track, 0) }));
    const figures = figuresOfTake(take, both, counts([]));
    expect(figures).toMatchObject({ keptMs: 20_000, lengthMs: 92_000, lostMs: 72_000, gapMs: 0, gaps: [] });
    const soundGoesOn = trackOf(take, "microphone", 46);
    const rows = [
      { track: camera, epochs: epochsOf(camera, 0) },
      { track: soundGoesOn, epochs: epochsOf(soundGoesOn, 0) },
    ];
    expect(figuresOfTake(take, rows, counts([]))).toMatchObject({
      keptMs: 92_000,
      lengthMs: 92_000,
      lostMs: 72_000,
      gaps: [{ atMs: 20_000, lengthMs: 72_000 }],
    });
  });

  it("is right but for the lanes before any epoch has been read", () => {
    const take = alone("four");
    const camera = trackOf(take, "camera", 30, { gaps: [{ fromUs: 0, toUs: 500_000, reason: "late-start" }] });
    const figures = figuresOfTake(take, [{ track: camera }], counts(epochsOf(camera, 30)));
    expect(figures).toMatchObject({ lengthMs: 60_000, keptMs: 60_000, gapMs: 500, bytes: 30_000 });
    expect(figures.lanes).toBeUndefined();
  });

  it("never shows all of a tape as arrived while one epoch has no receipt", () => {
    const take = alone("five");
    const camera = trackOf(take, "camera", 30);
    const figures = figuresOfTake(take, [{ track: camera }], counts(epochsOf(camera, 29)));
    expect(arrivedFraction(figures, 0)).toBeLessThan(1);
    expect(arrivedFraction(figuresOfTake(take, [{ track: camera }], counts(epochsOf(camera, 30))))).toBe(1);
  });

  it("draws an hour of two tracks, 3,600 epochs, within a blink", () => {
    const take = alone("six");
    const tracks = (["camera", "microphone"] as const).map((source) => trackOf(take, source, 1_800));
    const rows = tracks.map((track) => ({ track, epochs: epochsOf(track, 900) }));
    const times: number[] = [];
    for (let turn = 0; turn < 10; turn += 1) {
      const before = performance.now();
      const figures = figuresOfTake(take, rows, counts(rows.flatMap((row) => row.epochs)));
      times.push(performance.now() - before);
      expect(figures.lanes?.lanes[0]?.wave?.peaks).toHaveLength(600);
    }
    // What else the machine did meanwhile is in all of them but the quickest.
    expect(Math.min(...times)).toBeLessThan(250);
  });

  it("keeps the loudest peak of each bucket, wherever the stretch begins", () => {
    const peaks = new Uint8Array(2_400).fill(10);
    peaks[1_199] = 255;
    const wave = paintWave([{ fromMs: 0, peaks }], 0, 120_000);
    expect(wave).toHaveLength(600);
    expect(wave[299]).toBe(255);
    expect([...wave].filter((value) => value === 255)).toHaveLength(1);
  });
});
