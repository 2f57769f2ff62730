/** Codecs whose packets can be forwarded, by their name in a session description. */
export const CODECS = ["opus", "VP8", "VP9", "H264", "AV1"] as const;
export type CodecName = (typeof CODECS)[number];

export function codecName(text: string): CodecName | undefined {
  const lower = text.toLowerCase();
  return CODECS.find((name) => name.toLowerCase() === lower);
}

/**
 * Whether decoding can begin with this packet: the first of a key frame, or, for H.264, one that carries a parameter
 * set or a piece of an IDR picture. Sound can begin anywhere.
 */
export function beginsKeyframe(codec: CodecName, packet: Buffer, offset: number, length: number): boolean {
  if (length < 1) return false;
  switch (codec) {
    case "opus":
      return true;
    case "VP8":
      return vp8Keyframe(packet, offset, length);
    case "VP9":
      return vp9Keyframe(packet[offset] ?? 0);
    case "H264":
      return h264Keyframe(packet, offset, length);
    case "AV1":
      // N: the first packet of a coded video sequence.
      return ((packet[offset] ?? 0) & 8) !== 0;
  }
}

/** RFC 7741: S bit, partition 0, then the P bit of the frame's first byte is 0. */
function vp8Keyframe(packet: Buffer, offset: number, length: number): boolean {
  const first = packet[offset] ?? 0;
  if ((first & 0x10) === 0 || (first & 7) !== 0) return false;
  let at = offset + 1;
  if (first & 0x80) {
    const fields = packet[at++] ?? 0;
    if (fields & 0x80) at += (packet[at] ?? 0) & 0x80 ? 2 : 1;
    if (fields & 0x40) at++;
    if (fields & 0x30) at++;
  }
  return at < offset + length && ((packet[at] ?? 1) & 1) === 0;
}

/** RFC 9628: not predicted from other pictures (P = 0), and a frame begins here (B = 1). */
function vp9Keyframe(descriptor: number): boolean {
  return (descriptor & 0x40) === 0 && (descriptor & 0x08) !== 0;
}

const H264_IDR = 5;
const H264_SPS = 7;
const H264_STAP_A = 24;
const H264_FU_A = 28;

/** RFC 6184. */
function h264Keyframe(packet: Buffer, offset: number, length: number): boolean {
  const type = (packet[offset] ?? 0) & 31;
  if (type === H264_SPS || type === H264_IDR) return true;
  if (type === H264_STAP_A && length > 3) return opens((packet[offset + 3] ?? 0) & 31);
  if (type !== H264_FU_A || length < 2) return false;
  const fragment = packet[offset + 1] ?? 0;
  return (fragment & 0x80) !== 0 && opens(fragment & 31);
}

function opens(type: number): boolean {
  return type === H264_SPS || type === H264_IDR;
}
