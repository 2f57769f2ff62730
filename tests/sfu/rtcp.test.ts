import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArrivalLog } from "../../sfu/rtp/arrival-log.ts";
import { readRtcp, type ReportBlock, type RtcpHandler } from "../../sfu/rtp/rtcp-read.ts";
import {
  forwardedSenderReport,
  negativeAcknowledgement,
  pictureLoss,
  receiverReport,
} from "../../sfu/rtp/rtcp-write.ts";
import { senderReport } from "./rig/packets.ts";

class Heard implements RtcpHandler {
  readonly reports: number[] = [];
  readonly blocks: ReportBlock[] = [];
  readonly keyframes: number[] = [];
  readonly lost: [number, number][] = [];
  readonly estimates: number[] = [];
  senderReport(ssrc: number) {
    this.reports.push(ssrc);
  }
  reportBlock(block: ReportBlock) {
    this.blocks.push(block);
  }
  keyframeRequest(ssrc: number) {
    this.keyframes.push(ssrc);
  }
  nack(ssrc: number, sequence: number) {
    this.lost.push([ssrc, sequence]);
  }
  remb(bitsPerSecond: number) {
    this.estimates.push(bitsPerSecond);
  }
}

function hear(...packets: Buffer[]): Heard {
  const heard = new Heard();
  readRtcp(Buffer.concat(packets), heard);
  return heard;
}

describe("RTCP", () => {
  it("[SF30] a compound of everything is read", () => {
    const block = {
      ssrc: 9,
      fraction: 64,
      lost: -3,
      highestSequence: 70_000,
      jitter: 5,
      lastSenderReport: 0xaabbccdd,
      delaySinceLastSenderReport: 6553,
    };
    const remb = Buffer.from("8fce0005000000010000000052454d4201" + "0b0d40" + "00000009", "hex");
    const heard = hear(senderReport(1, 10, 20), receiverReport(2, [block]), pictureLoss(2, 9), remb);
    expect(heard.reports).toEqual([1]);
    expect(heard.blocks).toEqual([
      { ssrc: 9, lost: 0.25, lastSenderReport: 0xaabbccdd, delaySinceLastSenderReport: 6553 },
    ]);
    expect(heard.keyframes).toEqual([9]);
    // Exponent 2, mantissa 0x30d40 = 200,000.
    expect(heard.estimates).toEqual([800_000]);
  });

  it("[SF30] lost packets are asked for in few items, also around the wrap", () => {
    const sequences = [65_530, 65_534, 2, 10, 11, 300];
    const packet = negativeAcknowledgement(1, 9, sequences);
    expect(packet.length).toBe(12 + 3 * 4);
    expect(hear(packet).lost).toEqual(sequences.map((sequence) => [9, sequence]));
  });

  it("[SF30] a publisher's report is passed on with the subscriber's numbers", () => {
    const packet = forwardedSenderReport(senderReport(1, 10, 20), {
      ssrc: 8,
      timestamp: 2 ** 32 + 5,
      packets: 3,
      octets: 4,
    });
    expect(packet.length).toBe(28);
    expect(packet.readUInt32BE(4)).toBe(8);
    expect(packet.readUInt32BE(8)).toBe(10);
    expect([packet.readUInt32BE(16), packet.readUInt32BE(20), packet.readUInt32BE(24)]).toEqual([5, 3, 4]);
  });

  it("[SF21] no packet makes it throw", () => {
    const heading = fc.tuple(
      fc.integer({ min: 0x80, max: 0xbf }),
      fc.integer({ min: 198, max: 208 }),
      fc.uint8Array({ maxLength: 80 }),
    );
    fc.assert(
      fc.property(heading, fc.integer({ min: 0, max: 20 }), ([first, type, rest], words) => {
        readRtcp(Buffer.from([first, type, 0, words, ...rest]), new Heard());
      }),
      { numRuns: 5000 },
    );
  });
});

/** Reads a transport-wide report back as [number, arrival in ms]. */
function arrivals(packet: Buffer): [number, number][] {
  const base = packet.readUInt16BE(12);
  const count = packet.readUInt16BE(14);
  let time = packet.readUIntBE(16, 3) * 64;
  let at = 20 + Math.ceil(count / 7) * 2;
  const found: [number, number][] = [];
  for (let index = 0; index < count; index++) {
    const chunk = packet.readUInt16BE(20 + Math.floor(index / 7) * 2);
    const symbol = (chunk >> (12 - (index % 7) * 2)) & 3;
    if (symbol === 0) continue;
    time += (symbol === 1 ? packet.readUInt8(at) : packet.readInt16BE(at)) / 4;
    at += symbol;
    found.push([(base + index) & 0xffff, time]);
  }
  expect(packet.length % 4).toBe(0);
  expect(packet.readUInt16BE(2)).toBe(packet.length / 4 - 1);
  return found;
}

describe("arrival reports", () => {
  it("[SF31] every packet since the last report, with its time, also around the wrap", () => {
    const log = new ArrivalLog();
    const first: [number, number][] = [
      [65_534, 1000],
      [65_535, 1004.25],
      [1, 1005],
      [2, 1300],
    ];
    for (const [sequence, at] of first) log.add(sequence, at, 7);
    const report = log.report(3);
    expect(report && arrivals(report)).toEqual(first);
    expect(report?.readUInt32BE(8)).toBe(7);
    expect(log.report(3)).toBeUndefined();
    log.add(5, 1400, 7);
    const next = log.report(3);
    expect(next && arrivals(next)).toEqual([[5, 1400]]);
    expect(next?.readUInt16BE(12)).toBe(3);
  });

  it("[SF31] one that comes late is reported after all", () => {
    const log = new ArrivalLog();
    for (const sequence of [10, 12]) log.add(sequence, 1000 + sequence, 7);
    log.report(3);
    log.add(11, 1050, 7);
    const report = log.report(3);
    expect(report && arrivals(report)[0]).toEqual([11, 1050]);
  });

  it("[SF31] whatever arrives, reports can be read and name only what arrived", () => {
    const steps = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0, max: 9000 }), fc.boolean()),
      {
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(steps, (list) => {
        const log = new ArrivalLog();
        const seen = new Set<number>();
        let now = 5000;
        for (const [sequence, wait, report] of list) {
          log.add(sequence, (now += wait), 7);
          seen.add(sequence);
          const packet = report ? log.report(3) : undefined;
          for (const [number] of packet ? arrivals(packet) : []) expect(seen).toContain(number);
        }
      }),
      { numRuns: 500 },
    );
  });
});
