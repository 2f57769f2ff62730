import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { beginsKeyframe, CODECS, codecName } from "../../sfu/rtp/keyframes.ts";
import { repairedPacket } from "../../sfu/rtp/repair.ts";
import { isRtcp, RtpHeader } from "../../sfu/rtp/rtp-packet.ts";
import { sequenceDistance, timestampDistance } from "../../sfu/rtp/sequence.ts";
import { emptyVp8Numbers, moveVp8Numbers, readVp8Numbers } from "../../sfu/rtp/vp8-descriptor.ts";
import { rtpPacket, vp8Payload } from "./rig/packets.ts";

function read(packet: Buffer): RtpHeader {
  const header = new RtpHeader();
  expect(header.read(packet)).toBe(true);
  return header;
}

describe("RTP header", () => {
  it("[SF20] fields, contributing sources and padding are read", () => {
    const payload = Buffer.from("twelve bytes");
    const packet = rtpPacket({
      sequence: 65_535,
      timestamp: 4_000_000_000,
      ssrc: 77,
      marker: true,
      payload,
      csrcs: 3,
      padding: 5,
    });
    const header = read(packet);
    const { sequence, timestamp, ssrc, marker, payloadType } = header;
    expect({ sequence, timestamp, ssrc, marker, payloadType }).toEqual({
      sequence: 65_535,
      timestamp: 4_000_000_000,
      ssrc: 77,
      marker: true,
      payloadType: 96,
    });
    const { payloadOffset, payloadLength } = header;
    expect(packet.subarray(payloadOffset, payloadOffset + payloadLength)).toEqual(payload);
  });

  it.each([false, true])("[SF20] extensions are found (two-byte form: %s)", (twoByte) => {
    const extensions = new Map([
      [3, Buffer.from("0")],
      [twoByte ? 40 : 9, Buffer.from("abcd")],
    ]);
    const packet = rtpPacket({ extensions, twoByte });
    const header = read(packet);
    expect(header.extensions).toBe(2);
    const index = header.find(twoByte ? 40 : 9);
    const from = header.extensionOffset(index);
    expect(packet.toString("latin1", from, from + header.extensionLength(index))).toBe("abcd");
    expect(header.find(5)).toBe(-1);
    expect(packet.toString("latin1", header.payloadOffset)).toBe("payload");
  });

  it("[SF21] no packet makes it throw, and what it accepts lies within the packet", () => {
    const header = new RtpHeader();
    const rtpLike = fc.uint8Array({ minLength: 0, maxLength: 80 }).map((bytes) => {
      if (bytes.length > 0) bytes[0] = 0x80 | ((bytes[0] ?? 0) & 0x3f);
      return Buffer.from(bytes);
    });
    fc.assert(
      fc.property(
        fc.oneof(
          rtpLike,
          fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
        ),
        (packet) => {
          if (!header.read(packet)) return;
          expect(header.payloadLength).toBeGreaterThanOrEqual(0);
          expect(header.payloadOffset + header.payloadLength).toBeLessThanOrEqual(packet.length);
          for (let index = 0; index < header.extensions; index++) {
            expect(header.extensionOffset(index) + header.extensionLength(index)).toBeLessThanOrEqual(packet.length);
          }
          for (const codec of CODECS) {
            expect(typeof beginsKeyframe(codec, packet, header.payloadOffset, header.payloadLength)).toBe("boolean");
          }
          const numbers = emptyVp8Numbers();
          readVp8Numbers(packet, header.payloadOffset, header.payloadLength, numbers);
          moveVp8Numbers(Buffer.from(packet), numbers, 0, 1, 1);
          repairedPacket(packet, header, { ssrc: 1, payloadType: 96 });
        },
      ),
      { numRuns: 5000 },
    );
  });

  it("[SF20] RTCP is told from RTP by its type", () => {
    expect(isRtcp(Buffer.from([0x80, 200]))).toBe(true);
    expect(isRtcp(Buffer.from([0x80, 206]))).toBe(true);
    expect(isRtcp(rtpPacket({ payloadType: 111, marker: true }))).toBe(false);
    expect(isRtcp(rtpPacket({ payloadType: 96, marker: true }))).toBe(false);
  });

  it("numbers wrap", () => {
    expect(sequenceDistance(2, 65_534)).toBe(4);
    expect(sequenceDistance(65_534, 2)).toBe(-4);
    expect(timestampDistance(10, 0xfffffff0)).toBe(26);
  });
});

describe("key frames", () => {
  const cases: [string, number[], boolean][] = [
    ["VP8", [0x10, 0x00], true],
    ["VP8", [0x10, 0x01], false],
    ["VP8", [0x00, 0x00], false],
    ["VP8", [0x11, 0x00], false],
    ["VP8", [0x90, 0xc0, 0x81, 0x02, 0x05, 0x00], true],
    ["VP8", [0x90, 0xc0, 0x81, 0x02, 0x05, 0x01], false],
    ["VP9", [0x88], true],
    ["VP9", [0xc8], false],
    ["VP9", [0x80], false],
    ["H264", [0x67], true],
    ["H264", [0x65], true],
    ["H264", [0x41], false],
    ["H264", [0x78, 0, 5, 0x67], true],
    ["H264", [0x78, 0, 5, 0x41], false],
    ["H264", [0x7c, 0x85], true],
    ["H264", [0x7c, 0x05], false],
    ["AV1", [0x18], true],
    ["AV1", [0x10], false],
    ["opus", [0xfc], true],
  ];
  it.each(cases)("[SF22] %s %o: %s", (name, bytes, expected) => {
    const codec = codecName(name);
    if (!codec) throw new Error(`no codec ${name}`);
    const packet = Buffer.from([0xff, ...bytes]);
    expect(beginsKeyframe(codec, packet, 1, bytes.length)).toBe(expected);
  });

  it("[SF22] an empty packet begins nothing", () => {
    for (const codec of CODECS) expect(beginsKeyframe(codec, Buffer.alloc(12), 12, 0)).toBe(false);
  });
});

describe("VP8 numbers", () => {
  it("[SF24] are moved, and wrap", () => {
    const payload = vp8Payload({ key: false, picture: 0x7ffe, base: 250 });
    const numbers = emptyVp8Numbers();
    readVp8Numbers(payload, 0, payload.length, numbers);
    expect(numbers).toMatchObject({ picture: 0x7ffe, base: 250 });
    const moved = Buffer.concat([Buffer.from("xx"), payload]);
    moveVp8Numbers(moved, numbers, 2, 3, 10);
    readVp8Numbers(moved, 2, payload.length, numbers);
    expect(numbers).toMatchObject({ picture: 1, base: 4 });
    expect(moved.subarray(7)).toEqual(payload.subarray(5));
  });
});

describe("repairs", () => {
  it("[SF25] a retransmission becomes the packet that it repeats", () => {
    const original = rtpPacket({ sequence: 300, timestamp: 9, ssrc: 5, payloadType: 96, marker: true });
    const number = Buffer.alloc(2);
    number.writeUInt16BE(300);
    const payload = Buffer.concat([number, Buffer.from("payload")]);
    const repair = rtpPacket({
      sequence: 1,
      timestamp: 9,
      ssrc: 6,
      payloadType: 97,
      marker: true,
      payload,
      padding: 4,
    });
    expect(repairedPacket(repair, read(repair), { ssrc: 5, payloadType: 96 })).toEqual(original);
  });

  it("[SF25] one that only fills the sending rate becomes nothing", () => {
    const repair = rtpPacket({ payload: Buffer.alloc(0), padding: 200 });
    expect(repairedPacket(repair, read(repair), { ssrc: 5, payloadType: 96 })).toBeUndefined();
  });
});
