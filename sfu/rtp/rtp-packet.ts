/** RFC 3550 and RFC 8285. Nothing here allocates: it runs for every packet. */

const FIXED_HEADER = 12;
const ONE_BYTE_PROFILE = 0xbede;
const TWO_BYTE_PROFILE = 0x1000;
/** More extensions than any browser sends in one packet; the rest is not read. */
const MAX_EXTENSIONS = 32;

/** RTCP shares the port; its types 192…223 are where RTP has marker and payload type (RFC 5761). */
export function isRtcp(packet: Buffer): boolean {
  const type = packet[1] ?? 0;
  return type >= 192 && type <= 223;
}

/** The header of one RTP packet. One object is filled again and again. */
export class RtpHeader {
  marker = false;
  payloadType = 0;
  sequence = 0;
  timestamp = 0;
  ssrc = 0;
  payloadOffset = 0;
  /** Without padding. */
  payloadLength = 0;
  extensions = 0;
  readonly #ids = new Uint8Array(MAX_EXTENSIONS);
  readonly #offsets = new Uint16Array(MAX_EXTENSIONS);
  readonly #lengths = new Uint8Array(MAX_EXTENSIONS);

  /** @returns false for what is no RTP packet; the fields mean nothing then */
  read(packet: Buffer): boolean {
    const size = packet.length;
    if (size < FIXED_HEADER || size > 0xffff) return false;
    const first = packet[0] ?? 0;
    if (first >> 6 !== 2) return false;
    const second = packet[1] ?? 0;
    this.marker = second >> 7 === 1;
    this.payloadType = second & 127;
    this.sequence = packet.readUInt16BE(2);
    this.timestamp = packet.readUInt32BE(4);
    this.ssrc = packet.readUInt32BE(8);
    this.extensions = 0;
    let offset = FIXED_HEADER + (first & 15) * 4;
    if (offset > size) return false;
    if (first & 16) {
      offset = this.#readExtensions(packet, offset);
      if (offset < 0) return false;
    }
    const padding = first & 32 ? (packet[size - 1] ?? 0) : 0;
    if (offset + padding > size) return false;
    this.payloadOffset = offset;
    this.payloadLength = size - offset - padding;
    return true;
  }

  /** @returns where the payload begins, −1 when the lengths do not fit */
  #readExtensions(packet: Buffer, start: number): number {
    if (start + 4 > packet.length) return -1;
    const profile = packet.readUInt16BE(start);
    const end = start + 4 + packet.readUInt16BE(start + 2) * 4;
    if (end > packet.length) return -1;
    const oneByte = profile === ONE_BYTE_PROFILE;
    if (!oneByte && (profile & 0xfff0) !== TWO_BYTE_PROFILE) return end;
    let at = start + 4;
    while (at < end && this.extensions < MAX_EXTENSIONS) {
      const head = packet[at] ?? 0;
      // An id of 0 is a byte of padding, 15 ends the one-byte form.
      if (head === 0) {
        at++;
        continue;
      }
      const id = oneByte ? head >> 4 : head;
      const length = oneByte ? (head & 15) + 1 : (packet[at + 1] ?? 0);
      const data = at + (oneByte ? 1 : 2);
      if ((oneByte && id === 15) || data + length > end) break;
      this.#add(id, data, length);
      at = data + length;
    }
    return end;
  }

  #add(id: number, offset: number, length: number): void {
    this.#ids[this.extensions] = id;
    this.#offsets[this.extensions] = offset;
    this.#lengths[this.extensions] = length;
    this.extensions++;
  }

  extensionId(index: number): number {
    return this.#ids[index] ?? 0;
  }

  extensionOffset(index: number): number {
    return this.#offsets[index] ?? 0;
  }

  extensionLength(index: number): number {
    return this.#lengths[index] ?? 0;
  }

  /** @returns the index of an extension, −1 when the packet has none of this id */
  find(id: number): number {
    for (let index = 0; index < this.extensions; index++) if (this.#ids[index] === id) return index;
    return -1;
  }
}
