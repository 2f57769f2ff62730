/** RTCP packets that the SFU acts upon (RFC 3550, 4585, 5104, and the REMB draft); others are passed over. */

const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const TRANSPORT_FEEDBACK = 205;
const PAYLOAD_FEEDBACK = 206;
const NACK = 1;
const PLI = 1;
const FIR = 4;
const APPLICATION = 15;
const REMB_NAME = 0x52454d42;

/** How a receiver sees one stream. */
export interface ReportBlock {
  readonly ssrc: number;
  /** Share of packets lost since its last report, 0…1. */
  readonly lost: number;
  /** 1/65536 s; 0: it has had no sender report. */
  readonly lastSenderReport: number;
  readonly delaySinceLastSenderReport: number;
}

/** What is called while a compound packet is read. */
export interface RtcpHandler {
  senderReport(ssrc: number, packet: Buffer): void;
  reportBlock(block: ReportBlock): void;
  /** A key frame is asked for. */
  keyframeRequest(ssrc: number): void;
  nack(ssrc: number, sequence: number): void;
  /** The receiver's own estimate of its downlink, bits/s. */
  remb(bitsPerSecond: number): void;
}

/** Reads a compound packet as far as its lengths fit. Never throws. */
export function readRtcp(compound: Buffer, handler: RtcpHandler): void {
  let offset = 0;
  while (offset + 8 <= compound.length) {
    const length = (compound.readUInt16BE(offset + 2) + 1) * 4;
    if ((compound[offset] ?? 0) >> 6 !== 2 || length < 8 || offset + length > compound.length) return;
    readOne(compound.subarray(offset, offset + length), handler);
    offset += length;
  }
}

function readOne(packet: Buffer, handler: RtcpHandler): void {
  const format = (packet[0] ?? 0) & 31;
  switch (packet[1]) {
    case SENDER_REPORT:
      if (packet.length < 28) return;
      handler.senderReport(packet.readUInt32BE(4), packet);
      return readBlocks(packet, 28, format, handler);
    case RECEIVER_REPORT:
      return readBlocks(packet, 8, format, handler);
    case TRANSPORT_FEEDBACK:
      if (format === NACK && packet.length >= 16) readNack(packet, handler);
      return;
    case PAYLOAD_FEEDBACK:
      return readPayloadFeedback(packet, format, handler);
    default:
      return;
  }
}

function readBlocks(packet: Buffer, start: number, count: number, handler: RtcpHandler): void {
  for (let index = 0, at = start; index < count && at + 24 <= packet.length; index++, at += 24) {
    handler.reportBlock({
      ssrc: packet.readUInt32BE(at),
      lost: (packet[at + 4] ?? 0) / 256,
      lastSenderReport: packet.readUInt32BE(at + 16),
      delaySinceLastSenderReport: packet.readUInt32BE(at + 20),
    });
  }
}

function readNack(packet: Buffer, handler: RtcpHandler): void {
  const ssrc = packet.readUInt32BE(8);
  for (let at = 12; at + 4 <= packet.length; at += 4) {
    const first = packet.readUInt16BE(at);
    const following = packet.readUInt16BE(at + 2);
    handler.nack(ssrc, first);
    for (let bit = 0; bit < 16; bit++) if (following & (1 << bit)) handler.nack(ssrc, (first + 1 + bit) & 0xffff);
  }
}

function readPayloadFeedback(packet: Buffer, format: number, handler: RtcpHandler): void {
  if (format === PLI && packet.length >= 12) return handler.keyframeRequest(packet.readUInt32BE(8));
  if (format === FIR) {
    for (let at = 12; at + 8 <= packet.length; at += 8) handler.keyframeRequest(packet.readUInt32BE(at));
    return;
  }
  if (format === APPLICATION && packet.length >= 20 && packet.readUInt32BE(12) === REMB_NAME) {
    const exponent = (packet[17] ?? 0) >> 2;
    const mantissa = (((packet[17] ?? 0) & 3) << 16) | packet.readUInt16BE(18);
    handler.remb(mantissa * 2 ** exponent);
  }
}
