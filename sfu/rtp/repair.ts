import type { RtpHeader } from "./rtp-packet.ts";

/** Before the payload of a repair stands the number of the packet that it repeats. */
const NUMBER_BYTES = 2;

/**
 * The packet that a retransmission repeats (RFC 4588).
 * @param header of the repair
 * @returns undefined for one without payload, which only fills the sending rate
 */
export function repairedPacket(
  repair: Buffer,
  header: RtpHeader,
  original: { readonly ssrc: number; readonly payloadType: number },
): Buffer | undefined {
  if (header.payloadLength <= NUMBER_BYTES) return undefined;
  const { payloadOffset, payloadLength } = header;
  const packet = Buffer.allocUnsafe(payloadOffset + payloadLength - NUMBER_BYTES);
  repair.copy(packet, 0, 0, payloadOffset);
  repair.copy(packet, payloadOffset, payloadOffset + NUMBER_BYTES, payloadOffset + payloadLength);
  // Without its padding.
  packet[0] = (packet[0] ?? 0) & 0xdf;
  packet[1] = ((packet[1] ?? 0) & 0x80) | original.payloadType;
  packet.writeUInt16BE(repair.readUInt16BE(payloadOffset), 2);
  packet.writeUInt32BE(original.ssrc, 8);
  return packet;
}
