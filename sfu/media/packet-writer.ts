import type { RtpHeader } from "../rtp/rtp-packet.ts";
import { EXTENSION } from "../sdp/extensions.ts";
import type { SdpExtension } from "../sdp/read-sdp.ts";

const FIXED_HEADER = 12;
const SEND_TIME_BYTES = 3;
/** 6.18 fixed point seconds. */
const SEND_TIME_UNITS_PER_S = 2 ** 18;
/** What the one-byte form can hold. */
const MAX_ID = 14;
const MAX_LENGTH = 16;

/**
 * Rewrites packets of one publication for one subscriber: its header extension ids, without padding, with the SFU's own
 * send time, from which the subscriber's browser estimates its downlink.
 */
export class PacketWriter {
  /** Incoming to outgoing id; 0: dropped. */
  readonly #ids = new Uint8Array(256);
  readonly #sendTimeId: number;

  constructor(incoming: readonly SdpExtension[], outgoing: readonly SdpExtension[]) {
    this.#sendTimeId = outgoing.find(({ uri }) => uri === EXTENSION.sendTime)?.id ?? 0;
    for (const { id, uri } of incoming) {
      const match = outgoing.find((extension) => extension.uri === uri);
      if (match && match.id <= MAX_ID && uri !== EXTENSION.sendTime) this.#ids[id] = match.id;
    }
  }

  /** @returns a new packet: the only allocation per forwarded packet */
  write(
    packet: Buffer,
    header: RtpHeader,
    payloadType: number,
    sequence: number,
    timestamp: number,
    ssrc: number,
    now: number,
  ): Buffer {
    const extensionBytes = this.#extensionBytes(header);
    const padded = (extensionBytes + 3) & ~3;
    const payloadAt = FIXED_HEADER + (padded > 0 ? 4 + padded : 0);
    const out = Buffer.allocUnsafe(payloadAt + header.payloadLength);
    out[0] = 0x80 | (padded > 0 ? 0x10 : 0);
    out[1] = (header.marker ? 0x80 : 0) | payloadType;
    out.writeUInt16BE(sequence, 2);
    out.writeUInt32BE(timestamp, 4);
    out.writeUInt32BE(ssrc, 8);
    if (padded > 0) {
      out.writeUInt16BE(0xbede, FIXED_HEADER);
      out.writeUInt16BE(padded / 4, FIXED_HEADER + 2);
      const end = this.#writeExtensions(out, packet, header, now);
      out.fill(0, end, payloadAt);
    }
    packet.copy(out, payloadAt, header.payloadOffset, header.payloadOffset + header.payloadLength);
    return out;
  }

  #extensionBytes(header: RtpHeader): number {
    let bytes = this.#sendTimeId > 0 ? 1 + SEND_TIME_BYTES : 0;
    for (let index = 0; index < header.extensions; index++) {
      if (this.#outgoingId(header, index) > 0) bytes += 1 + header.extensionLength(index);
    }
    return bytes;
  }

  #outgoingId(header: RtpHeader, index: number): number {
    const length = header.extensionLength(index);
    return length >= 1 && length <= MAX_LENGTH ? (this.#ids[header.extensionId(index)] ?? 0) : 0;
  }

  #writeExtensions(out: Buffer, packet: Buffer, header: RtpHeader, now: number): number {
    let at = FIXED_HEADER + 4;
    if (this.#sendTimeId > 0) {
      out[at++] = (this.#sendTimeId << 4) | (SEND_TIME_BYTES - 1);
      out.writeUIntBE(Math.floor((now / 1000) * SEND_TIME_UNITS_PER_S) % 2 ** 24, at, SEND_TIME_BYTES);
      at += SEND_TIME_BYTES;
    }
    for (let index = 0; index < header.extensions; index++) {
      const id = this.#outgoingId(header, index);
      if (id === 0) continue;
      const length = header.extensionLength(index);
      const from = header.extensionOffset(index);
      out[at++] = (id << 4) | (length - 1);
      packet.copy(out, at, from, from + length);
      at += length;
    }
    return at;
  }
}
