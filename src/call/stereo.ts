/** Says `stereo=1` of Opus on these lines: to the sender in the SFU's answer, to the decoder in our own. Others are left as they are. */
export function withStereo(sdp: string, mids: ReadonlySet<string>): string {
  if (mids.size === 0) return sdp;
  const [session = "", ...sections] = sdp.split(/(?=^m=)/m);
  return [session, ...sections.map((section) => (isOneOf(section, mids) ? stereoSection(section) : section))].join("");
}

function isOneOf(section: string, mids: ReadonlySet<string>): boolean {
  const mid = /^a=mid:(\S+)/m.exec(section)?.[1];
  return mid !== undefined && section.startsWith("m=audio") && mids.has(mid);
}

function stereoSection(section: string): string {
  const payload = /^a=rtpmap:(\d+) opus\//im.exec(section)?.[1];
  if (payload === undefined || /^a=fmtp:.*\bstereo=/m.test(section)) return section;
  const format = new RegExp(`^(a=fmtp:${payload} [^\\r\\n]*)`, "m");
  return section.replace(format, "$1;stereo=1;sprop-stereo=1");
}

/** A connection that asks to hear stereo on the lines that it is told of. */
export class StereoConnection extends RTCPeerConnection {
  readonly stereoMids = new Set<string>();

  override async createAnswer(): Promise<RTCSessionDescriptionInit> {
    const answer = await super.createAnswer();
    return { type: "answer", sdp: withStereo(answer.sdp ?? "", this.stereoMids) };
  }
}
