/** RTP packets as a publisher sends them. */

export interface PacketParts {
  readonly sequence?: number;
  readonly timestamp?: number;
  readonly ssrc?: number;
  readonly payloadType?: number;
  readonly marker?: boolean;
  /** One-byte form, by id. */
  readonly extensions?: ReadonlyMap<number, Buffer>;
  /** Ids beyond 14 and data beyond 16 bytes need the two-byte form. */
  readonly twoByte?: boolean;
  readonly payload?: Buffer;
  readonly padding?: number;
  readonly csrcs?: number;
}

export function rtpPacket(parts: PacketParts = {}): Buffer {
  const { sequence = 0, timestamp = 0, ssrc = 1, payloadType = 96, marker = false, csrcs = 0, padding = 0 } = parts;
  const extensions = parts.extensions ? extensionBlock(parts.extensions, parts.twoByte ?? false) : Buffer.alloc(0);
  const head = Buffer.alloc(12 + csrcs * 4);
  head[0] = 0x80 | (padding > 0 ? 0x20 : 0) | (extensions.length > 0 ? 0x10 : 0) | csrcs;
  head[1] = (marker ? 0x80 : 0) | payloadType;
  head.writeUInt16BE(sequence & 0xffff, 2);
  head.writeUInt32BE(timestamp >>> 0, 4);
  head.writeUInt32BE(ssrc, 8);
  const tail = Buffer.alloc(padding);
  if (padding > 0) tail[padding - 1] = padding;
  return Buffer.concat([head, extensions, parts.payload ?? Buffer.from("payload"), tail]);
}

function extensionBlock(extensions: ReadonlyMap<number, Buffer>, twoByte: boolean): Buffer {
  const items = [...extensions].map(([id, data]) =>
    Buffer.concat([Buffer.from(twoByte ? [id, data.length] : [(id << 4) | (data.length - 1)]), data]),
  );
  const data = Buffer.concat(items);
  const padded = Buffer.concat([data, Buffer.alloc((4 - (data.length % 4)) % 4)]);
  const head = Buffer.alloc(4);
  head.writeUInt16BE(twoByte ? 0x1000 : 0xbede, 0);
  head.writeUInt16BE(padded.length / 4, 2);
  return Buffer.concat([head, padded]);
}

/** A VP8 payload with a 15-bit picture number and one of the base layer. */
export function vp8Payload(options: { key: boolean; picture: number; base: number }): Buffer {
  const { key, picture, base } = options;
  return Buffer.from([0x90, 0xc0, 0x80 | (picture >> 8), picture & 0xff, base, key ? 0x00 : 0x01, 7, 7]);
}

/** A sender report with this capture time and timestamp. */
export function senderReport(ssrc: number, ntpSeconds: number, timestamp: number): Buffer {
  const packet = Buffer.alloc(28);
  packet[0] = 0x80;
  packet[1] = 200;
  packet.writeUInt16BE(6, 2);
  packet.writeUInt32BE(ssrc, 4);
  packet.writeUInt32BE(Math.floor(ntpSeconds), 8);
  packet.writeUInt32BE(Math.floor((ntpSeconds % 1) * 2 ** 32), 12);
  packet.writeUInt32BE(timestamp >>> 0, 16);
  return packet;
}
