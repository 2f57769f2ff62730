import { sequenceDistance } from "./sequence.ts";

/** RTCP packets that the SFU makes (RFC 3550, 4585). */

/** Report blocks that fit one receiver report: its count has five bits. */
export const MAX_REPORT_BLOCKS = 31;

/** What a receiver report says of one stream. */
export interface ReceiverState {
  readonly ssrc: number;
  /** Lost since the last report, of 256. */
  readonly fraction: number;
  /** Lost since the beginning. */
  readonly lost: number;
  readonly highestSequence: number;
  readonly jitter: number;
  readonly lastSenderReport: number;
  /** 1/65536 s. */
  readonly delaySinceLastSenderReport: number;
}

function feedback(format: number, type: number, sender: number, media: number, extraBytes: number): Buffer {
  const packet = Buffer.alloc(12 + extraBytes);
  packet[0] = 0x80 | format;
  packet[1] = type;
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
  packet.writeUInt32BE(sender, 4);
  packet.writeUInt32BE(media, 8);
  return packet;
}

/** Picture Loss Indication: asks for a key frame. */
export function pictureLoss(sender: number, media: number): Buffer {
  return feedback(1, 206, sender, media, 0);
}

/** Generic NACK. `sequences` ascend (as numbers that wrap). */
export function negativeAcknowledgement(sender: number, media: number, sequences: readonly number[]): Buffer {
  const items: { first: number; following: number }[] = [];
  for (const sequence of sequences) {
    const last = items.at(-1);
    const distance = last ? sequenceDistance(sequence, last.first) : 0;
    if (last && distance >= 1 && distance <= 16) last.following |= 1 << (distance - 1);
    else items.push({ first: sequence, following: 0 });
  }
  const packet = feedback(1, 205, sender, media, items.length * 4);
  items.forEach((item, index) => {
    packet.writeUInt16BE(item.first, 12 + index * 4);
    packet.writeUInt16BE(item.following, 14 + index * 4);
  });
  return packet;
}

/** @param blocks at most {@link MAX_REPORT_BLOCKS} */
export function receiverReport(sender: number, blocks: readonly ReceiverState[]): Buffer {
  const packet = Buffer.alloc(8 + blocks.length * 24);
  packet[0] = 0x80 | blocks.length;
  packet[1] = 201;
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
  packet.writeUInt32BE(sender, 4);
  blocks.forEach((block, index) => {
    const at = 8 + index * 24;
    packet.writeUInt32BE(block.ssrc, at);
    packet[at + 4] = block.fraction;
    packet.writeIntBE(Math.max(-0x800000, Math.min(0x7fffff, block.lost)), at + 5, 3);
    packet.writeUInt32BE(block.highestSequence >>> 0, at + 8);
    packet.writeUInt32BE(block.jitter >>> 0, at + 12);
    packet.writeUInt32BE(block.lastSenderReport >>> 0, at + 16);
    packet.writeUInt32BE(block.delaySinceLastSenderReport >>> 0, at + 20);
  });
  return packet;
}

/** Where the fields of a sender report lie. */
export const SENDER_REPORT = { bytes: 28, ssrc: 4, ntpSeconds: 8, ntpFraction: 12, timestamp: 16 } as const;

/**
 * A publisher's sender report as a subscriber gets it: no report blocks, other SSRC, timestamp and counts.
 * @param report at least {@link SENDER_REPORT}.bytes
 */
export function forwardedSenderReport(
  report: Buffer,
  to: { ssrc: number; timestamp: number; packets: number; octets: number },
): Buffer {
  const packet = Buffer.from(report.subarray(0, SENDER_REPORT.bytes));
  packet[0] = 0x80;
  packet.writeUInt16BE(SENDER_REPORT.bytes / 4 - 1, 2);
  packet.writeUInt32BE(to.ssrc, SENDER_REPORT.ssrc);
  packet.writeUInt32BE(to.timestamp >>> 0, SENDER_REPORT.timestamp);
  packet.writeUInt32BE(to.packets >>> 0, 20);
  packet.writeUInt32BE(to.octets >>> 0, 24);
  return packet;
}
