import { describe, expect, it } from "vitest";
import { fitGaps } from "#core/upload/track-seal.ts";
import { uploadOrder } from "#core/upload/upload-order.ts";
import type { Gap } from "#protocol/gaps.ts";
import type { Source, TakeId, TrackId } from "#protocol/ids.ts";
import { UploadRig } from "./rig/upload-rig.ts";

async function ordered(rig: UploadRig): Promise<string[]> {
  const takes = new Map((await rig.repo.takes()).map((take): [TakeId, typeof take] => [take.take, take]));
  const tracks = [...rig.repo.trackRows.values()];
  const sources = new Map(tracks.map((track): [TrackId, Source] => [track.track, track.source]));
  const order = uploadOrder(await rig.repo.pending(1000), takes, sources);
  return order.map((epoch) => `${epoch.track.replace(/-+$/, "")} ${epoch.seq}`);
}

describe("the order of sending", () => {
  it("[UP19] the microphone goes before the camera, by number", async () => {
    const rig = new UploadRig();
    await rig.recorded("t", { tracks: { screen: 1, camera: 2, "screen-audio": 1, microphone: 2 } });
    expect(await ordered(rig)).toEqual([
      "t-microphone 0",
      "t-screen-audio 0",
      "t-camera 0",
      "t-screen 0",
      "t-microphone 1",
      "t-camera 1",
    ]);
  });

  it("[UP19] the oldest take goes first", async () => {
    const rig = new UploadRig();
    await rig.recorded("a", { tracks: { microphone: 2 }, startedMs: 200 });
    await rig.recorded("b", { tracks: { microphone: 2 }, startedMs: 100 });
    expect(await ordered(rig)).toEqual(["b-microphone 0", "b-microphone 1", "a-microphone 0", "a-microphone 1"]);
  });

  it("[UP19] a take that records now gets every other place beside an older backlog", async () => {
    const rig = new UploadRig();
    await rig.recorded("old", { tracks: { microphone: 4 }, startedMs: 100 });
    await rig.recorded("now", { tracks: { microphone: 2 }, startedMs: 200, state: "recording" });
    expect(await ordered(rig)).toEqual([
      "old-microphone 0",
      "now-microphone 0",
      "old-microphone 1",
      "now-microphone 1",
      "old-microphone 2",
      "old-microphone 3",
    ]);
  });
});

describe("the gaps of a seal", () => {
  const gap = (fromUs: number, toUs: number): Gap => ({ fromUs, toUs, reason: "muted" });

  it("[UP18] are sorted, and stay as they are when they fit", () => {
    expect(fitGaps([gap(50, 60), gap(0, 10)], 2)).toEqual([gap(0, 10), gap(50, 60)]);
  });

  it("[UP18] that are too many become one with their nearest neighbour: never less is declared", () => {
    const gaps = [gap(0, 10), gap(12, 20), gap(100, 110), gap(111, 120), gap(500, 510)];
    expect(fitGaps(gaps, 3)).toEqual([gap(0, 20), gap(100, 120), gap(500, 510)]);
    expect(fitGaps(gaps, 1)).toEqual([gap(0, 510)]);
  });
});
