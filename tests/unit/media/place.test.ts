import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { deliverTake } from "#media/deliver-take.ts";
import type { TakeSources } from "#media/stitch/sources.ts";
import { checkFcpxml } from "#media/timeline/check-fcpxml.ts";
import { readXml, walk } from "#media/timeline/xml.ts";
import { readFileSync } from "node:fs";
import { folderSink } from "../../../container/files/folder-sink.ts";
import { hashBytes } from "../../../container/files/hash.ts";
import { makeClip, temporaryFolder, removeFolders } from "./clips.ts";
import { probePackets } from "./probe.ts";
import { makePage, type Page, record, takeOf, trackSources } from "./tapes.ts";

afterAll(removeFolders);

async function deliver(take: TakeSources) {
  const folder = temporaryFolder();
  const delivery = await deliverTake(take, folderSink(folder), { hash: hashBytes, files: "all", parallel: 4 });
  const files = delivery.manifest.masters.map((each) => ({ name: each.file, durationUs: each.durationUs, startUs: 0 }));
  const text = readFileSync(join(folder, "timeline.fcpxml"), "utf8");
  expect(checkFcpxml(text, files)).toEqual([]);
  return { folder, manifest: delivery.manifest, text };
}

const seconds = (text: string): number => {
  const [over = "", under = "1"] = text.replace("s", "").split("/");
  return Number(over) / Number(under);
};

/** Where a moment of a file lies on the multicam, seconds; `undefined` where it does not show it. */
function onTimeline(text: string, file: string, at: number): number | undefined {
  for (const angle of [...walk(readXml(text))].filter((item) => item.name === "mc-angle")) {
    for (const clip of angle.children.filter((item) => item.attributes["name"] === file)) {
      const within = at - seconds(clip.attributes["start"] ?? "0s");
      if (within >= -1e-9 && within < seconds(clip.attributes["duration"] ?? "0s") - 1e-9)
        return seconds(clip.attributes["offset"] ?? "0s") + within;
    }
  }
  return undefined;
}

/** A camera from `fromUs` on the true take time line; the n-th frame is exposed at `fromUs` + n/30 s of the device's clock. */
async function camera(name: string, page: Page, fromUs: number, length: number) {
  const clip = await makeClip("avc", { seconds: 2 });
  return record({ page, clip, source: "camera", name, fromUs, seconds: length });
}

describe("placement", () => {
  it("[DM12] frames lie within one frame of their true time: early, late, with other clocks, in whole frames", async () => {
    const people = [
      { name: "Early", page: makePage({ bootMs: 3_000 }), fromUs: 1_000 },
      { name: "Late", page: makePage({ bootMs: 900_000, ratePpm: 60 }), fromUs: 12_345_678 },
      { name: "Odd", page: makePage({ bootMs: -7_777, ratePpm: -80 }), fromUs: 33_332 },
    ];
    const tapes = await Promise.all(people.map(({ name, page, fromUs }) => camera(name, page, fromUs, 20)));
    const take = takeOf(
      Object.fromEntries(tapes.map((tape, index) => [people[index]?.name ?? "", [trackSources(tape)]])),
    );
    const { folder, text } = await deliver(take);
    for (const { name, page, fromUs } of people) {
      const packets = probePackets(join(folder, `${name}.mkv`));
      for (const [index, packet] of packets.slice(0, -1).entries()) {
        const trueSeconds = (fromUs + ((index * 1e6) / 30) * (1 + page.ratePpm * 1e-6)) / 1e6;
        const placed = onTimeline(text, `${name}.mkv`, packet.seconds);
        expect(Math.abs((placed ?? Number.NaN) - trueSeconds), `${name} frame ${index}`).toBeLessThan(1 / 30);
      }
    }
  });

  it("[DM8] a declared gap is a gap on the timeline, and what follows it is in its place", async () => {
    const page = makePage();
    const gaps = [{ fromUs: 4_000_000, toUs: 7_000_000, reason: "page-frozen" as const }];
    const picture = await record({
      page,
      clip: await makeClip("avc", { seconds: 2 }),
      source: "camera",
      fromUs: 0,
      seconds: 12,
      gaps,
    });
    const sound = await record({
      page,
      clip: await makeClip("opus", { seconds: 2 }),
      source: "microphone",
      fromUs: 0,
      seconds: 12,
      gaps,
    });
    const { text, manifest } = await deliver(takeOf({ Alice: [trackSources(picture), trackSources(sound)] }));
    const angle = [...walk(readXml(text))].find((item) => item.name === "mc-angle");
    expect(angle?.children.map((item) => item.name)).toEqual(["asset-clip", "gap", "asset-clip"]);
    expect(seconds(angle?.children[1]?.attributes["duration"] ?? "")).toBeCloseTo(3, 1);
    expect(onTimeline(text, "Alice.mkv", 10)).toBeCloseTo(10, 6);
    for (const track of manifest.participants[0]?.tracks ?? []) {
      expect(track.gaps).toMatchObject([{ reason: "page-frozen" }]);
    }
  });

  it("[DM24] a short gap in the picture is held on the timeline and declared in the manifest; one in the sound is cut", async () => {
    const page = makePage();
    const gaps = [{ fromUs: 4_000_000, toUs: 4_100_000, reason: "capture-dropped" as const }];
    const video = await record({
      page,
      clip: await makeClip("avc", { seconds: 2 }),
      source: "camera",
      fromUs: 0,
      seconds: 8,
      gaps,
    });
    const audio = await record({
      page,
      clip: await makeClip("opus", { seconds: 2 }),
      source: "microphone",
      fromUs: 0,
      seconds: 8,
      gaps,
    });
    const itemsOf = async (...tracks: Parameters<typeof trackSources>[0][]): Promise<string[][]> => {
      const { text, manifest } = await deliver(takeOf({ Alice: tracks.map((track) => trackSources(track)) }));
      for (const track of manifest.participants[0]?.tracks ?? []) {
        expect(track.gaps).toMatchObject([{ reason: "capture-dropped" }]);
      }
      const angles = [...walk(readXml(text))].filter((item) => item.name === "mc-angle");
      return angles.map((angle) => angle.children.map((item) => item.name));
    };
    expect(await itemsOf(video)).toEqual([["asset-clip"]]);
    expect((await itemsOf(audio))[0]).toContain("gap");
  });

  it("[DM8] a late guest has a declared late start, and only one", async () => {
    const host = await camera("Host", makePage(), 5_000, 8);
    const page = makePage({ bootMs: 1_000 });
    const declared = [{ fromUs: -3_000_000, toUs: 20_000, reason: "late-start" as const }];
    const guest = await record({
      page,
      clip: await makeClip("avc", { seconds: 2 }),
      source: "camera",
      name: "Guest",
      fromUs: 3_000_000,
      seconds: 4,
    });
    const silent = await record({
      page,
      clip: await makeClip("opus", { seconds: 2 }),
      source: "microphone",
      name: "Guest",
      fromUs: 3_010_000,
      seconds: 4,
    });
    const take = takeOf({
      Host: [trackSources(host)],
      Guest: [trackSources(guest, { gaps: declared }), trackSources(silent)],
    });
    const { manifest } = await deliver(take);
    const [picture, sound] = manifest.participants[1]?.tracks ?? [];
    expect(picture?.gaps).toEqual([{ fromUs: 0, toUs: 3_020_000, reason: "late-start" }]);
    expect(sound?.gaps).toEqual([{ fromUs: 0, toUs: 3_010_000, reason: "late-start" }]);
    expect(manifest.participants[0]?.tracks[0]?.gaps).toEqual([]);
  });

  it("[DM6] sound is where it was captured, to the sample: the codec's delay is declared", async () => {
    const beep = "aevalsrc='if(between(t,1,1.01),sin(2*PI*1000*t),0)':sample_rate=48000:duration=4";
    const clip = await makeClip("opus", { seconds: 4, audio: beep });
    const sound = await record({ page: makePage(), clip, source: "microphone", fromUs: 0, seconds: 3 });
    const { folder } = await deliver(takeOf({ Alice: [trackSources(sound)] }));
    // The filter puts each sample where its time stamp says, from the file's zero on.
    const place = ["-af", "aresample=async=1:first_pts=0"];
    const args = [
      "-v",
      "error",
      "-copyts",
      "-i",
      join(folder, "Alice.mkv"),
      ...place,
      "-f",
      "s16le",
      "-ac",
      "1",
      "-ar",
      "48000",
      "-",
    ];
    const pcm = execFileSync("ffmpeg", args, { maxBuffer: 64 * 1024 * 1024 });
    const samples = new Int16Array(pcm.buffer, pcm.byteOffset, pcm.byteLength / 2);
    const onset = samples.findIndex((sample) => Math.abs(sample) > 3_000);
    expect(Math.abs(onset - 48_000)).toBeLessThan(48);
  });
});
