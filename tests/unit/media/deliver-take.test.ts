import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { afterAll, describe, expect, it } from "vitest";
import { type Delivery, deliverTake } from "#media/deliver-take.ts";
import type { EpochPacket } from "#media/epoch-writer.ts";
import type { TakeMarker, TakeSources } from "#media/stitch/sources.ts";
import { checkFcpxml } from "#media/timeline/check-fcpxml.ts";
import { frameTime } from "#media/timeline/fcpxml.ts";
import { readXml, walk } from "#media/timeline/xml.ts";
import { deliveryManifest } from "#protocol/delivery-manifest.ts";
import { participantId } from "#protocol/ids.ts";
import { markerId } from "#protocol/markers.ts";
import { folderSink } from "../../../container/files/folder-sink.ts";
import { hashBytes } from "../../../container/files/hash.ts";
import { makeClip, temporaryFolder, removeFolders } from "./clips.ts";
import { decodeErrors, dtdErrors, dtdPath, probe, probePackets, sha256Hex } from "./probe.ts";
import { flipBit, idOf, makePage, record, type Tape, takeOf, trackSources } from "./tapes.ts";

afterAll(removeFolders);

async function deliver(take: TakeSources): Promise<{ delivery: Delivery; folder: string }> {
  const folder = temporaryFolder();
  const delivery = await deliverTake(take, folderSink(folder), { hash: hashBytes, files: "all", parallel: 4 });
  return { delivery, folder };
}

const packetsOf = (tape: Tape): EpochPacket[] => tape.epochs.flatMap((epoch) => [...epoch.packets]);
const hashes = (packets: readonly EpochPacket[]): string[] => packets.map((packet) => sha256Hex(packet.data));

const camera = async (name: string, page = makePage(), fromUs = 10_000, seconds = 6) =>
  record({ page, clip: await makeClip("avc", { seconds: 2 }), source: "camera", name, fromUs, seconds });
const microphone = async (name: string, page = makePage(), fromUs = 15_000, seconds = 6) =>
  record({ page, clip: await makeClip("opus", { seconds: 2 }), source: "microphone", name, fromUs, seconds });

describe("masters", () => {
  for (const codec of ["avc", "vp9", "av1"] as const) {
    it(`[DM3] every ${codec} and Opus packet is in the master once, in order, unchanged`, async () => {
      const page = makePage();
      const picture = await record({
        page,
        clip: await makeClip(codec, { seconds: 2 }),
        source: "camera",
        fromUs: 10_000,
        seconds: 6,
      });
      const sound = await microphone("Alice", page);
      const { delivery, folder } = await deliver(takeOf({ Alice: [trackSources(picture), trackSources(sound)] }));
      expect(delivery.files.map((file) => file.name)).toEqual([
        "Alice.mkv",
        "timeline.fcpxml",
        "manifest.json",
        "SHA256SUMS",
      ]);
      const path = join(folder, "Alice.mkv");
      const packets = probePackets(path);
      expect(packets.filter((packet) => packet.stream === 0).map((packet) => packet.sha256)).toEqual(
        hashes(packetsOf(picture)),
      );
      expect(packets.filter((packet) => packet.stream === 1).map((packet) => packet.sha256)).toEqual(
        hashes(packetsOf(sound)),
      );
      expect(packets.filter((packet) => packet.stream === 0).map((packet) => packet.keyframe)).toEqual(
        packetsOf(picture).map((packet) => packet.keyframe),
      );
      expect(decodeErrors(path)).toBe("");
      const { streams, format } = probe(path);
      expect(streams.map((stream) => stream.tags["title"] ?? stream.tags["TITLE"])).toEqual(["Camera", "Microphone"]);
      expect(format.tags["title"]).toBe("Interview – Alice");
      expect(Number(format.duration)).toBeCloseTo(6.02, 1);
    });
  }

  it("[DM2] sample times are the device's own, from a zero that lies on a whole frame", async () => {
    const picture = await camera("Alice", makePage(), 512_345);
    const sound = await microphone("Alice", makePage(), 530_001);
    const { delivery, folder } = await deliver(takeOf({ Alice: [trackSources(picture), trackSources(sound)] }));
    const zeroUs = delivery.manifest.masters[0]?.zeroUs ?? Number.NaN;
    expect((zeroUs * 30) / 1e6).toBeCloseTo(15, 6);
    const packets = probePackets(join(folder, "Alice.mkv"));
    const firstPicture = packets.find((packet) => packet.stream === 0);
    const firstSound = packets.find((packet) => packet.stream === 1);
    // 512.345 ms lie 12.3 ms after frame 15, 530.001 ms 30.0 ms after it; Matroska rounds to 1 ms.
    expect(Math.abs((firstPicture?.seconds ?? 0) - 0.012_345)).toBeLessThan(0.000_6);
    // ffprobe takes the codec's delay off; the decoder drops as many samples.
    expect(Math.abs((firstSound?.seconds ?? 0) + 0.0065 - 0.030_001)).toBeLessThan(0.001_1);
  });

  it("[DM8] a damaged epoch and a missing one become declared gaps, and the rest is delivered", async () => {
    const picture = await camera("Alice");
    const sound = await microphone("Alice");
    const damaged = new Map([[1, flipBit(picture.epochs[1]?.bytes ?? new Uint8Array())]]);
    const take = takeOf({
      Alice: [trackSources(picture, { replaced: damaged }), trackSources(sound, { without: [1] })],
    });
    const { delivery, folder } = await deliver(take);
    const [video, audio] = delivery.manifest.participants[0]?.tracks ?? [];
    expect(video?.gaps.map((gap) => gap.reason)).toEqual(["corrupt-epoch"]);
    expect(video?.gaps[0]?.fromUs).toBeCloseTo(2_010_000, -1);
    expect(video?.gaps[0]?.toUs).toBeCloseTo(4_010_000, -1);
    expect(audio?.gaps.map((gap) => gap.reason)).toEqual(["missing-epoch"]);
    const packets = probePackets(join(folder, "Alice.mkv"));
    const expected = [0, 2].flatMap((seq) => [...(picture.epochs[seq]?.packets ?? [])]);
    expect(packets.filter((packet) => packet.stream === 0).map((packet) => packet.sha256)).toEqual(hashes(expected));
    expect(decodeErrors(join(folder, "Alice.mkv"))).toBe("");
  });

  it("[DM8] without a ledger the hash chain finds the damaged epoch", async () => {
    const picture = await camera("Alice");
    const damaged = new Map([[1, flipBit(picture.epochs[1]?.bytes ?? new Uint8Array())]]);
    const { delivery } = await deliver(
      takeOf({ Alice: [trackSources(picture, { replaced: damaged, hashes: false })] }),
    );
    expect(delivery.manifest.participants[0]?.tracks[0]?.gaps.map((gap) => gap.reason)).toEqual(["corrupt-epoch"]);
  });

  it("[DM4] a change of picture size starts a second segment, and the sound is cut there without a loss", async () => {
    const page = makePage();
    const small = await makeClip("avc", { seconds: 2 });
    const large = await makeClip("avc", { seconds: 2, width: 320, height: 180 });
    const picture = await record({
      page,
      clip: small,
      source: "camera",
      fromUs: 0,
      seconds: 8,
      after: { atUs: 3_500_000, clip: large },
    });
    const sound = await microphone("Alice", page, 0, 8);
    const { delivery, folder } = await deliver(takeOf({ Alice: [trackSources(picture), trackSources(sound)] }));
    expect(delivery.files.map((file) => file.name).slice(0, 2)).toEqual(["Alice.mkv", "Alice_S2.mkv"]);
    const both = ["Alice.mkv", "Alice_S2.mkv"].map((name) => probePackets(join(folder, name)));
    for (const [stream, tape] of [picture, sound].entries()) {
      const found = both.flatMap((packets) => packets.filter((packet) => packet.stream === stream));
      expect(found.map((packet) => packet.sha256)).toEqual(hashes(packetsOf(tape)));
    }
    expect(probe(join(folder, "Alice_S2.mkv")).streams[0]).toMatchObject({ width: 320, height: 180 });
    for (const name of ["Alice.mkv", "Alice_S2.mkv"]) expect(decodeErrors(join(folder, name))).toBe("");
    const track = delivery.manifest.participants[0]?.tracks[1];
    expect(track?.files).toEqual(["Alice.mkv", "Alice_S2.mkv"]);
    expect(track?.samples).toBe(packetsOf(sound).length);
  });

  it("[DM4] a person who comes back after a crash goes on in the same master, placed by the room's clock", async () => {
    const before = makePage({ bootMs: 5_000 });
    const after = makePage({ timeOriginMs: before.timeOriginMs + 14_000, bootMs: -9_000 });
    const first = await camera("Alice", before, 0, 4);
    const second = await record({
      page: after,
      clip: await makeClip("avc", { seconds: 2 }),
      source: "camera",
      name: "Alice",
      track: "Alice-camera-2",
      fromUs: 10_000_000,
      seconds: 4,
    });
    const take = takeOf({ Alice: [trackSources(first, { end: "cut-short" }), trackSources(second)] });
    const { delivery, folder } = await deliver(take);
    expect(delivery.files.filter((file) => file.kind === "master").map((file) => file.name)).toEqual(["Alice.mkv"]);
    const packets = probePackets(join(folder, "Alice.mkv"));
    expect(packets).toHaveLength(packetsOf(first).length + packetsOf(second).length);
    expect(packets[packetsOf(first).length]?.seconds).toBeCloseTo(10, 2);
    expect(delivery.manifest.participants[0]?.tracks[0]?.gaps).toMatchObject([{ reason: "cut-short" }]);
    expect(delivery.manifest.participants[0]?.tracks[1]?.gaps).toEqual([]);
  });

  it("[DM4] two pages that record one source at once get a file each, and nothing is lost", async () => {
    const one = await camera("Alice", makePage({ bootMs: 5_000 }), 0, 6);
    const other = await record({
      page: makePage({ bootMs: 3_000 }),
      clip: await makeClip("avc", { seconds: 2 }),
      source: "camera",
      name: "Alice",
      track: "Alice-camera-2",
      fromUs: 3_000_000,
      seconds: 6,
    });
    const { folder } = await deliver(takeOf({ Alice: [trackSources(one), trackSources(other)] }));
    const count = ["Alice.mkv", "Alice_S2.mkv"].map((name) => probePackets(join(folder, name)).length);
    expect(count).toEqual([packetsOf(one).length, packetsOf(other).length]);
  });

  it("[DM1] screen and its sound are a file of their own", async () => {
    const page = makePage();
    const clip = await makeClip("vp9", { seconds: 2, width: 320, height: 180, fps: 10 });
    const screen = await record({ page, clip, source: "screen", fromUs: 1_000_000, seconds: 4 });
    const sound = await record({
      page,
      clip: await makeClip("opus", { seconds: 2, channels: 2 }),
      source: "screen-audio",
      fromUs: 1_010_000,
      seconds: 4,
    });
    const take = takeOf({
      Alice: [trackSources(await camera("Alice", page)), trackSources(screen), trackSources(sound)],
    });
    const { delivery, folder } = await deliver(take);
    expect(delivery.files.map((file) => file.name).slice(0, 2)).toEqual(["Alice.mkv", "Alice_Screen.mkv"]);
    expect(probe(join(folder, "Alice_Screen.mkv")).streams.map((stream) => stream.codec_name)).toEqual(["vp9", "opus"]);
  });

  it("[DM9] a long hole in the sound does not hold the picture back", async () => {
    const page = makePage();
    const picture = await camera("Alice", page, 0, 20);
    const gaps = [{ fromUs: 2_000_000, toUs: 16_000_000, reason: "muted" as const }];
    const sound = await record({
      page,
      clip: await makeClip("opus", { seconds: 2 }),
      source: "microphone",
      fromUs: 0,
      seconds: 20,
      gaps,
    });
    const { delivery, folder } = await deliver(takeOf({ Alice: [trackSources(picture), trackSources(sound)] }));
    // ffprobe takes the codec's delay off, rounded to 7 ms.
    const times = probePackets(join(folder, "Alice.mkv")).map(
      (packet) => Math.round(packet.seconds * 1000) + 7 * packet.stream,
    );
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(delivery.manifest.participants[0]?.tracks[1]?.gaps).toMatchObject([{ reason: "muted" }]);
  });

  it("[DM7] names that share letters, have none or are hostile become different ASCII file names", async () => {
    const names = ["Zoë", "zoe", "🎬🎥", "李", "../../etc/passwd", "CON", "Eve <&\"'>"];
    const people: Record<string, ReturnType<typeof trackSources>[]> = {};
    for (const [index, name] of names.entries()) {
      people[name] = [trackSources(await camera(name, makePage({ bootMs: 1000 * index }), 0, 2))];
    }
    const { delivery, folder } = await deliver(takeOf(people, 'Show "7" <live> & more'));
    const files = delivery.files.filter((file) => file.kind === "master").map((file) => file.name);
    expect(files).toEqual([
      "Zoe.mkv",
      "zoe_2.mkv",
      "Person_3.mkv",
      "Person_4.mkv",
      "etc_passwd.mkv",
      "Person_6.mkv",
      "Eve.mkv",
    ]);
    const dtd = dtdPath();
    if (dtd) expect(dtdErrors(folder, "timeline.fcpxml", dtd)).toBe("");
  });

  it("[DM16] SHA256SUMS names every other file with the hash of what lies there", async () => {
    const { delivery, folder } = await deliver(takeOf({ Alice: [trackSources(await camera("Alice"))] }));
    const lines = readFileSync(join(folder, "SHA256SUMS"), "utf8").trim().split("\n");
    expect(lines).toEqual(
      ["Alice.mkv", "timeline.fcpxml", "manifest.json"].map(
        (name) => `${sha256Hex(readFileSync(join(folder, name)))}  ${name}`,
      ),
    );
    expect(delivery.files.map((file) => file.bytes)).toEqual(
      delivery.files.map((file) => readFileSync(join(folder, file.name)).byteLength),
    );
  });

  it("[DM25] markers are in the manifest at their own times, and on the timeline at the nearest frame", async () => {
    const mark = (id: string, atUs: number, text: string, name: string): TakeMarker => ({
      marker: v.parse(markerId, idOf(id)),
      atUs,
      by: v.parse(participantId, idOf(name)),
      name,
      text,
    });
    const markers = [
      mark("b", 2_516_700, "Cut here", "Hanna"),
      mark("a", 1_000_000, "", ""),
      mark("c", 1e12, "After", "Hanna"),
    ];
    const take = takeOf({ Alice: [trackSources(await camera("Alice"))] }, "Interview", markers);
    const { delivery, folder } = await deliver(take);
    const written = v.parse(deliveryManifest, JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")));
    expect(written.markers).toEqual([markers[1], markers[0], markers[2]]);
    const text = readFileSync(join(folder, "timeline.fcpxml"), "utf8");
    const found = [...walk(readXml(text))]
      .filter((item) => item.name === "marker")
      .map((item) => item.attributes["start"]);
    // 2.5167 s is frame 75.5; the media is 6.01 s long and begins at 0.
    const last = Math.floor((10_000 + 6_000_000) / (1e6 / 30)) - 1;
    expect(found.slice(0, 3)).toEqual([frameTime(30, 30), frameTime(76, 30), frameTime(last, 30)]);
    expect(
      checkFcpxml(
        text,
        delivery.manifest.masters.map((each) => ({ name: each.file, durationUs: each.durationUs, startUs: 0 })),
      ),
    ).toEqual([]);
    const dtd = dtdPath();
    if (dtd) expect(dtdErrors(folder, "timeline.fcpxml", dtd)).toBe("");
  });

  it("[DM25] a manifest from before there were markers has none", async () => {
    const { delivery } = await deliver(takeOf({ Alice: [trackSources(await camera("Alice"))] }));
    expect(delivery.manifest.markers).toEqual([]);
    const { markers: _, ...before } = delivery.manifest;
    expect(v.parse(deliveryManifest, JSON.parse(JSON.stringify(before))).markers).toEqual([]);
  });

  it("[DM17] with nothing that can be used the delivery fails with a reason", async () => {
    const tape = await camera("Alice");
    const take = takeOf({ Alice: [trackSources(tape, { lost: [0, 1, 2] })] });
    await expect(deliver(take)).rejects.toMatchObject({ reason: "no-media" });
  });
});
