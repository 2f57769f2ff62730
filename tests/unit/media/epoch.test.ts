import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { configBytes, makeConfig, opusPreSkip } from "#media/epoch-config.ts";
import { EpochError } from "#media/epoch-error.ts";
import { readEpoch, readEpochMetadata } from "#media/epoch-reader.ts";
import { type EpochInput, type EpochPacket, writeEpoch } from "#media/epoch-writer.ts";
import type { EpochMetadata } from "#protocol/epoch-format.ts";
import { asLocal } from "#protocol/units.ts";
import { type Clip, type ClipCodec, makeClip, removeFolders } from "./clips.ts";
import { makePage, record } from "./tapes.ts";

afterAll(removeFolders);

async function inputOf(
  clip: Clip,
  change: Partial<EpochMetadata> = {},
  packets: readonly EpochPacket[] = clip.packets,
): Promise<EpochInput> {
  const source = clip.media.kind === "video" ? "camera" : "microphone";
  const tape = await record({ page: makePage(), clip, source, fromUs: 0, seconds: 2 });
  const {
    format: _format,
    firstUs: _first,
    endUs: _end,
    samples: _samples,
    ...rest
  } = readEpochMetadata(tape.epochs[0]?.bytes ?? new Uint8Array());
  return { metadata: { ...rest, ...change }, config: clip.config, packets };
}

const CODECS: readonly ClipCodec[] = ["avc", "vp9", "av1", "opus"];

function reasonOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof EpochError) return error.reason;
    throw error;
  }
  return "fine";
}

async function expectReason(written: Promise<unknown>, reason: string): Promise<void> {
  await expect(written).rejects.toMatchObject({ name: "EpochError", reason });
}

function boxes(bytes: Uint8Array): string[] {
  const types: string[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.byteLength; at += view.getUint32(at)) {
    types.push(String.fromCharCode(...bytes.subarray(at + 4, at + 8)));
  }
  return types;
}

describe("writing an epoch", () => {
  for (const codec of CODECS) {
    it(`[EF1] [EF5] ${codec}: five boxes, packets and whole µs come back as they went in, after hours too`, async () => {
      const clip = await makeClip(codec, { seconds: 2 });
      const late = clip.packets.map((packet, index) => ({
        ...packet,
        timestampUs: packet.timestampUs + 7_199_999_999 + (index % 3),
      }));
      const input = await inputOf(clip, { trackZeroUs: asLocal(1_234_567.125), participantName: "Zoë 🎬" }, late);
      const { bytes, metadata } = await writeEpoch(input);
      expect(boxes(bytes)).toEqual(["ftyp", "uuid", "moov", "moof", "mdat"]);
      const read = readEpoch(bytes);
      expect(read.metadata).toEqual(metadata);
      expect(read.metadata).toMatchObject(input.metadata);
      expect(read.config.codec).toBe(clip.config.codec);
      expect(configBytes(read.config)).toEqual(configBytes(clip.config));
      expect(read.packets.map((packet) => packet.timestampUs)).toEqual(late.map((packet) => packet.timestampUs));
      expect(read.packets.map((packet) => packet.keyframe)).toEqual(late.map((packet) => packet.keyframe));
      expect(
        read.packets.every((packet, index) => Buffer.compare(packet.data, late[index]?.data ?? new Uint8Array()) === 0),
      ).toBe(true);
    });
  }

  it("[EF6] a jump in time within an epoch is kept to the µs", async () => {
    const clip = await makeClip("opus", { seconds: 2 });
    const jump = clip.packets
      .slice(0, 50)
      .map((packet, index) => ({ ...packet, timestampUs: packet.timestampUs + (index < 20 ? 0 : 203_007) }));
    const { bytes } = await writeEpoch(await inputOf(clip, {}, jump));
    expect(readEpoch(bytes).packets.map((packet) => packet.timestampUs)).toEqual(
      jump.map((packet) => packet.timestampUs),
    );
  });

  it("[EF9] Opus says 48 kHz and the encoder's pre-skip, also when the encoder said 44.1 kHz", async () => {
    const head = Uint8Array.from([...new TextEncoder().encode("OpusHead"), 1, 1, 0x38, 1, 0x44, 0xac, 0, 0, 0, 0, 0]);
    const media = { kind: "audio", codec: "opus", sampleRate: 48_000, channels: 1 } as const;
    const config = makeConfig(media, { description: head });
    expect(opusPreSkip(config.description ?? new Uint8Array())).toBe(312);
    const clip = await makeClip("opus", { seconds: 2 });
    const { bytes } = await writeEpoch({ ...(await inputOf(clip)), config });
    const at = Buffer.from(bytes.buffer).indexOf("dOps") + 4;
    const view = new DataView(bytes.buffer, at);
    expect([view.getUint8(1), view.getUint16(2), view.getUint32(4)]).toEqual([1, 312, 48_000]);
  });

  it("[EF4] an epoch begins with a key frame, has samples, and its times ascend", async () => {
    const clip = await makeClip("avc", { seconds: 2 });
    await expectReason(writeEpoch(await inputOf(clip, {}, clip.packets.slice(1))), "no-keyframe");
    await expectReason(writeEpoch(await inputOf(clip, {}, [])), "bad-samples");
    const [first, second] = clip.packets;
    if (!first || !second) throw new Error("a clip without packets");
    await expectReason(writeEpoch(await inputOf(clip, {}, [first, { ...second, timestampUs: 0 }])), "bad-times");
    await expectReason(writeEpoch(await inputOf(clip, {}, [{ ...first, timestampUs: 0.5 }])), "bad-times");
    await expectReason(writeEpoch(await inputOf(clip, {}, [{ ...first, data: new Uint8Array() }])), "bad-samples");
  });

  it("[EF8] H.264 without the decoder's description is refused", () => {
    const media = { kind: "video", codec: "avc1.640028", width: 10, height: 10, frameRate: 30 } as const;
    expect(reasonOf(() => makeConfig(media))).toBe("bad-config");
  });
});

describe("reading an epoch", () => {
  const sample = async (codec: ClipCodec) =>
    (await writeEpoch(await inputOf(await makeClip(codec, { seconds: 2 })))).bytes;

  function put(bytes: Uint8Array, word: string, plus: number, value: number): Uint8Array {
    const copy = new Uint8Array(bytes);
    const at = Buffer.from(copy.buffer).indexOf(word) + 4 + plus;
    new DataView(copy.buffer).setUint32(at, value);
    return copy;
  }

  it("[EF10] other files are no epochs", async () => {
    const bytes = await sample("avc");
    expect(reasonOf(() => readEpoch(new Uint8Array()))).toBe("not-an-epoch");
    expect(reasonOf(() => readEpoch(new TextEncoder().encode("hello, world, this is no epoch")))).toBe("not-an-epoch");
    expect(reasonOf(() => readEpoch(put(bytes, "uuid", 0, 0)))).toBe("not-an-epoch");
  });

  it("[EF11] metadata of another version or shape is refused with its own reason", async () => {
    const bytes = await sample("avc");
    const edit = (from: string, to: string) => {
      const at = Buffer.from(bytes.buffer).indexOf(from);
      const copy = new Uint8Array(bytes);
      copy.set(new TextEncoder().encode(to), at);
      return copy;
    };
    expect(reasonOf(() => readEpoch(edit('"format":1', '"format":9')))).toBe("unknown-format");
    expect(reasonOf(() => readEpoch(edit('"run":0', '"run":x')))).toBe("bad-metadata");
    expect(reasonOf(() => readEpoch(edit('"camera"', '"kamera"')))).toBe("bad-metadata");
  });

  it("[EF12] a shortened or lengthened file is refused", async () => {
    const bytes = await sample("opus");
    for (const cut of [1, 100, 5000, bytes.length - 2000, bytes.length - 50]) {
      expect(reasonOf(() => readEpoch(bytes.subarray(0, bytes.length - cut)))).not.toBe("fine");
    }
    expect(reasonOf(() => readEpoch(new Uint8Array([...bytes, 0])))).toBe("bad-structure");
    expect(reasonOf(() => readEpoch(new Uint8Array([...bytes, ...bytes])))).toBe("bad-structure");
  });

  it("[EF13] counts and sizes that do not fit are refused before anything is made of them", async () => {
    const bytes = await sample("avc");
    for (const [word, plus, value] of [
      ["trun", 4, 0xffff_ffff],
      ["trun", 4, 59],
      ["trun", 8, 0],
      ["stsz", 8, 0xffff_fff0],
      ["stts", 4, 1],
      ["mdhd", 12, 1000],
    ] as const) {
      expect(reasonOf(() => readEpoch(put(bytes, word, plus, value)))).toMatch(/bad-structure|bad-samples/);
    }
  });

  it("[EF14] media is checked against the metadata", async () => {
    const input = await inputOf(await makeClip("avc", { seconds: 2 }));
    const zero = input.metadata.trackZeroUs;
    const { bytes } = await writeEpoch(input);
    const text = Buffer.from(bytes.buffer);
    const at = text.indexOf(`"samples":60`);
    const copy = new Uint8Array(bytes);
    copy.set(new TextEncoder().encode(`"samples":61`), at);
    expect(reasonOf(() => readEpoch(copy))).toBe("bad-samples");
    expect(zero).toBeGreaterThan(0);
    const moved = put(bytes, "tfdt", 8, 1_000_000);
    expect(reasonOf(() => readEpoch(moved))).toBe("bad-times");
    expect(reasonOf(() => readEpoch(put(bytes, "trun", 12, 0x0101_0000)))).toBe("no-keyframe");
  });

  it("[EF16] whatever is done to the bytes, reading ends soon, with the epoch or with a reason", async () => {
    const originals = await Promise.all(CODECS.map(sample));
    const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.nat({ max: CODECS.length - 1 }), edits, fc.boolean(), (which, changes, headOnly) => {
        const copy = new Uint8Array(originals[which] ?? new Uint8Array());
        const reach = headOnly ? Math.min(4000, copy.length) : copy.length;
        for (const [at, value] of changes) copy[at % reach] = value;
        const started = performance.now();
        expect(typeof reasonOf(() => readEpoch(copy))).toBe("string");
        // A fraction of a ms is usual; one that believed a count of 2^32 would take much longer.
        expect(performance.now() - started).toBeLessThan(10_000);
      }),
      { numRuns: 4000 },
    );
  });
});
