import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { Forwarder } from "../../sfu/media/forwarder.ts";
import { MediaCounters } from "../../sfu/media/media-counters.ts";
import { Publication } from "../../sfu/media/publication.ts";
import { ReceiveStream } from "../../sfu/media/receive-stream.ts";
import type { CodecName } from "../../sfu/rtp/keyframes.ts";
import { RtpHeader } from "../../sfu/rtp/rtp-packet.ts";
import { sequenceDistance } from "../../sfu/rtp/sequence.ts";
import { emptyVp8Numbers, readVp8Numbers } from "../../sfu/rtp/vp8-descriptor.ts";
import { EXTENSION } from "../../sfu/sdp/extensions.ts";
import { rtpPacket, senderReport, vp8Payload } from "./rig/packets.ts";

const LEVEL = { id: 1, uri: EXTENSION.audioLevel };
const MID = { id: 4, uri: EXTENSION.mid };

/** A publication with its layers, and one subscriber. */
class Bench {
  readonly sent: Buffer[] = [];
  readonly counters = new MediaCounters();
  readonly asked: string[] = [];
  readonly publication: Publication;
  readonly streams = new Map<string, ReceiveStream>();
  readonly forwarder: Forwarder;
  readonly #header = new RtpHeader();

  constructor(codec: CodecName = "VP8", rids: readonly string[] = ["f", "q"]) {
    const publisher = {
      sessionId: "publisher",
      askForKeyframe: (stream: ReceiveStream) => void this.asked.push(stream.rid),
    };
    const isSound = codec === "opus";
    const clock = isSound ? 48_000 : 90_000;
    const media = { payloadType: 96, name: codec, codec, clock, channels: undefined, fmtp: undefined, feedback: [] };
    const line = {
      name: "track",
      kind: isSound ? "audio" : "video",
      codec: media,
      extensions: [LEVEL, MID],
      rids,
    } as const;
    this.publication = new Publication(publisher, line, 0);
    rids.forEach((rid, index) => {
      const stream = new ReceiveStream(this.publication, 100 + index, rid, 0);
      stream.bitsPerSecond = 1_000_000 / (index + 1);
      this.streams.set(rid, stream);
      this.publication.addStream(stream, 0);
    });
    const subscriber = { counters: this.counters, isOpen: true, send: (packet: Buffer) => this.sent.push(packet) > 0 };
    const extensions = [
      { id: 7, uri: EXTENSION.audioLevel },
      { id: 2, uri: EXTENSION.sendTime },
    ];
    this.forwarder = new Forwarder(
      subscriber,
      { ssrc: 9, payloadType: 120, extensions },
      this.publication,
      { preferredRid: "f" },
      0,
    );
    this.forwarder.negotiated(0);
  }

  stream(rid: string): ReceiveStream {
    const stream = this.streams.get(rid);
    if (!stream) throw new Error(`no layer ${rid}`);
    return stream;
  }

  /** @returns what came out of it, if anything */
  arrive(rid: string, packet: Buffer, now: number): Buffer | undefined {
    const stream = this.stream(rid);
    const before = this.sent.length;
    if (!this.#header.read(packet)) throw new Error("no packet");
    stream.receive(packet, this.#header, now);
    this.forwarder.forward(stream, packet, this.#header, now);
    return this.sent[before];
  }

  /** A VP8 packet of one frame. */
  frame(rid: string, sequence: number, now: number, key = false): Buffer | undefined {
    const payload = vp8Payload({ key, picture: sequence & 0x7fff, base: sequence & 0xff });
    return this.arrive(rid, rtpPacket({ sequence, timestamp: sequence * 3000, payload }), now);
  }
}

function header(packet: Buffer | undefined): RtpHeader {
  const read = new RtpHeader();
  if (!packet || !read.read(packet)) throw new Error("nothing was sent");
  return read;
}

function picture(packet: Buffer | undefined): number {
  const read = header(packet);
  const numbers = emptyVp8Numbers();
  if (packet) readVp8Numbers(packet, read.payloadOffset, read.payloadLength, numbers);
  return numbers.picture;
}

describe("forwarding", () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });

  it("[SF22] begins with a key frame, and asks for it until it comes", () => {
    expect(bench.asked).toEqual(["f"]);
    expect(bench.frame("f", 10, 0)).toBeUndefined();
    expect(bench.asked).toEqual(["f", "f"]);
    expect(bench.frame("q", 500, 1, true)).toBeUndefined();
    expect(bench.frame("f", 11, 2, true)).toBeDefined();
    expect(bench.frame("f", 12, 3)).toBeDefined();
    expect(bench.frame("f", 10, 4)).toBeUndefined();
  });

  it("[SF23] the subscriber's numbers, types and ids; the publisher's payload", () => {
    const payload = vp8Payload({ key: true, picture: 5, base: 5 });
    const extensions = new Map([
      [LEVEL.id, Buffer.from([0x85])],
      [MID.id, Buffer.from("1")],
    ]);
    const out = bench.arrive("f", rtpPacket({ sequence: 3, payload, extensions, padding: 9, marker: true }), 1500);
    const read = header(out);
    expect(read).toMatchObject({ ssrc: 9, payloadType: 120, marker: true, payloadLength: payload.length });
    expect(out?.subarray(read.payloadOffset, read.payloadOffset + payload.length)).toEqual(payload);
    expect(out?.[read.extensionOffset(read.find(7))]).toBe(0x85);
    expect(read.extensions).toBe(2);
    // 1.5 s as 6.18 fixed point.
    expect(out?.readUIntBE(read.extensionOffset(read.find(2)), 3)).toBe(1.5 * 2 ** 18);
  });

  it("[SF24] another layer goes on with the next numbers, from its key frame on", () => {
    bench.frame("f", 10, 0, true);
    const last = bench.frame("f", 11, 33);
    bench.forwarder.setWish({ preferredRid: "q" }, 40);
    expect(bench.asked.at(-1)).toBe("q");
    expect(bench.frame("q", 60_000, 66)).toBeUndefined();
    expect(bench.frame("f", 12, 66)).toBeDefined();
    const first = bench.frame("q", 60_001, 99, true);
    expect(sequenceDistance(header(first).sequence, header(last).sequence)).toBe(2);
    // 33 ms after the last one, by their arrival.
    expect(header(first).timestamp - header(last).timestamp).toBe(3000 + 33 * 90);
    expect(picture(first) - picture(last)).toBe(2);
    expect(bench.frame("f", 13, 100)).toBeUndefined();
    expect(bench.forwarder.rid).toBe("q");
  });

  it("[SF24] the publisher's clock says how far apart two layers are, when both have reported", () => {
    bench.stream("f").senderReport(senderReport(100, 5000, 30_000), 0);
    bench.stream("q").senderReport(senderReport(101, 5000.5, 7_000_000), 0);
    bench.arrive(
      "f",
      rtpPacket({ sequence: 1, timestamp: 30_000, payload: vp8Payload({ key: true, picture: 1, base: 1 }) }),
      0,
    );
    bench.forwarder.setWish({ preferredRid: "q" }, 10);
    // Captured at 5000.6, which is 0.6 s after the first; it comes after 700 ms.
    const late = rtpPacket({
      sequence: 1,
      timestamp: 7_009_000,
      payload: vp8Payload({ key: true, picture: 1, base: 1 }),
    });
    const out = bench.arrive("q", late, 700);
    expect(header(out).timestamp - header(bench.sent[0]).timestamp).toBe(0.6 * 90_000);
  });

  it("[SF26] lost packets are sent again as they were, also those from before a change of layer", () => {
    bench.frame("f", 10, 0, true);
    const second = bench.frame("f", 11, 33);
    bench.forwarder.setWish({ preferredRid: "q" }, 40);
    const third = bench.frame("q", 700, 66, true);
    const fourth = bench.frame("q", 701, 99);
    for (const original of [second, third, fourth]) {
      bench.forwarder.retransmit(header(original).sequence, 200);
      const again = bench.sent.at(-1);
      // Everything but the send time.
      expect(again?.subarray(20)).toEqual(original?.subarray(20));
      expect(again?.subarray(0, 12)).toEqual(original?.subarray(0, 12));
    }
    expect(bench.counters.retransmitted).toBe(3);
    bench.forwarder.retransmit((header(fourth).sequence + 1) & 0xffff, 200);
    expect(bench.counters.notKept).toBe(1);
    const asked = bench.asked.length;
    bench.forwarder.retransmit(header(fourth).sequence, 99 + 1600);
    expect(bench.counters.retransmitted).toBe(3);
    expect(bench.asked.length).toBe(asked + 1);
  });

  it("[SF24] whatever the layers' numbers, what is sent has no hole and no double", () => {
    const frames = fc.array(fc.tuple(fc.constantFrom("f", "q"), fc.boolean(), fc.boolean()), {
      minLength: 20,
      maxLength: 80,
    });
    fc.assert(
      fc.property(frames, fc.integer({ min: 0, max: 65_535 }), fc.integer({ min: 0, max: 65_535 }), (list, f, q) => {
        const own = new Bench();
        const next = new Map([
          ["f", f],
          ["q", q],
        ]);
        let now = 0;
        for (const [rid, key, change] of list) {
          const sequence = next.get(rid) ?? 0;
          next.set(rid, (sequence + 1) & 0xffff);
          if (change) own.forwarder.setWish({ preferredRid: rid }, now);
          own.frame(rid, sequence, (now += 20), key);
        }
        const read = own.sent.map(header);
        read.slice(1).forEach((one, index) => {
          const before = read[index];
          if (!before) return;
          expect(sequenceDistance(one.sequence, before.sequence)).toBe(1);
        });
        const pictures = own.sent.map(picture);
        pictures.slice(1).forEach((one, index) => expect((one - (pictures[index] ?? 0)) & 0x7fff).toBe(1));
      }),
      { numRuns: 300 },
    );
  });

  it("[SF26] repairs never fill a slow link by themselves", () => {
    for (let sequence = 0; sequence < 100; sequence++) {
      const payload = Buffer.concat([
        vp8Payload({ key: sequence === 0, picture: sequence, base: 0 }),
        Buffer.alloc(1000),
      ]);
      bench.arrive("f", rtpPacket({ sequence, payload }), sequence);
    }
    bench.forwarder.measure(400);
    const first = header(bench.sent[0]).sequence;
    const askForAll = () => {
      const before = bench.sent.length;
      for (let sequence = 0; sequence < 100; sequence++) bench.forwarder.retransmit(first + sequence, 450);
      return bench.sent.length - before;
    };
    // 30 % of what was sent in the half second.
    expect(askForAll()).toBe(29);
    expect(askForAll()).toBe(0);
    bench.forwarder.measure(900);
    expect(askForAll()).toBe(5);
  });

  it("[SF44] nothing while paused; afterwards a key frame with the next number", () => {
    bench.frame("f", 10, 0, true);
    bench.forwarder.pause();
    expect(bench.frame("f", 11, 33, true)).toBeUndefined();
    bench.forwarder.stepUp(50);
    expect(bench.frame("f", 12, 66)).toBeUndefined();
    const again = bench.frame("f", 13, 99, true);
    expect(sequenceDistance(header(again).sequence, header(bench.sent[0]).sequence)).toBe(1);
  });

  it("[SF27] reports of the layer that is sent are passed on, and round trips measured by them", () => {
    bench.frame("f", 10, 0, true);
    const report = senderReport(100, 5000, 30_000);
    bench.forwarder.senderReport(bench.stream("q"), report, 100);
    expect(bench.sent).toHaveLength(1);
    bench.forwarder.senderReport(bench.stream("f"), report, 100);
    expect(bench.sent).toHaveLength(2);
    expect(bench.forwarder.roundTrip(report.readUInt32BE(10), 65_536 / 10, 250)).toBeCloseTo(50);
    expect(bench.forwarder.roundTrip(0, 0, 250)).toBeUndefined();
  });

  it("[SF22] sound begins at once", () => {
    const sound = new Bench("opus", [""]);
    expect(sound.arrive("", rtpPacket({ sequence: 1 }), 0)).toBeDefined();
    expect(sound.asked).toEqual([]);
  });

  it("[SF33] key frames are asked for at most every 300 ms, less often while none comes", () => {
    const stream = bench.stream("q");
    const asked = Array.from({ length: 300 }, (_, index) => index * 10).filter((now) => stream.mayAskForKeyframe(now));
    expect(asked).toEqual([0, 600, 1800]);
    stream.keyframeArrived();
    const after = Array.from({ length: 100 }, (_, index) => 3000 + index * 10).filter((now) =>
      stream.mayAskForKeyframe(now),
    );
    expect(after).toEqual([3000, 3600]);
  });
});
