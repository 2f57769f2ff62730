/**
 * The numbers of a VP8 payload descriptor (RFC 7741) that must go on without a jump when a subscriber gets another
 * simulcast layer: decoders take a picture with a lower number for an old one.
 */
export interface Vp8Numbers {
  /** Where the 15-bit picture number lies; −1: none, or one of 7 bits, which is left alone. */
  pictureAt: number;
  picture: number;
  /** Where the number of the last base-layer picture lies; −1: none. */
  baseAt: number;
  base: number;
}

export const emptyVp8Numbers = (): Vp8Numbers => ({ pictureAt: -1, picture: 0, baseAt: -1, base: 0 });

/** Fills `into`; positions count from the beginning of the packet. */
export function readVp8Numbers(packet: Buffer, offset: number, length: number, into: Vp8Numbers): void {
  into.pictureAt = -1;
  into.baseAt = -1;
  const end = offset + length;
  if (length < 3 || ((packet[offset] ?? 0) & 0x80) === 0) return;
  const fields = packet[offset + 1] ?? 0;
  let at = offset + 2;
  if (fields & 0x80) {
    const long = ((packet[at] ?? 0) & 0x80) !== 0;
    if (long && at + 2 <= end) {
      into.pictureAt = at;
      into.picture = packet.readUInt16BE(at) & 0x7fff;
    }
    at += long ? 2 : 1;
  }
  if (fields & 0x40 && at < end) {
    into.baseAt = at;
    into.base = packet[at] ?? 0;
  }
}

/** Writes both numbers, moved by the offsets, at places that lie `shift` bytes later than in the packet they came from. */
export function moveVp8Numbers(
  packet: Buffer,
  numbers: Vp8Numbers,
  shift: number,
  picture: number,
  base: number,
): void {
  if (numbers.pictureAt >= 0) {
    packet.writeUInt16BE(0x8000 | ((numbers.picture + picture) & 0x7fff), numbers.pictureAt + shift);
  }
  if (numbers.baseAt >= 0) packet[numbers.baseAt + shift] = (numbers.base + base) & 0xff;
}
