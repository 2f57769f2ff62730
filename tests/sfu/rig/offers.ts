/** Session descriptions as Chromium writes them, shortened to what matters. */

export interface OfferedLine {
  readonly kind: "audio" | "video";
  readonly mid: string;
  readonly direction?: "sendonly" | "recvonly" | "inactive" | "sendrecv";
  readonly stopped?: boolean;
  readonly rids?: readonly string[];
  readonly ssrc?: number;
}

const AUDIO = [
  "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
  "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
  "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
  "a=rtpmap:111 opus/48000/2",
  "a=rtcp-fb:111 transport-cc",
  "a=fmtp:111 minptime=10;useinbandfec=1",
  "a=rtpmap:9 G722/8000",
];

const VIDEO = [
  "a=extmap:13 urn:3gpp:video-orientation",
  "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
  "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
  "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
  "a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
  "a=rtpmap:96 VP8/90000",
  "a=rtcp-fb:96 goog-remb",
  "a=rtcp-fb:96 transport-cc",
  "a=rtcp-fb:96 ccm fir",
  "a=rtcp-fb:96 nack",
  "a=rtcp-fb:96 nack pli",
  "a=rtpmap:97 rtx/90000",
  "a=fmtp:97 apt=96",
  "a=rtpmap:103 H264/90000",
  "a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f",
];

export const ICE = { ufrag: "brow", password: "b".repeat(24) };

export function sdpOf(lines: readonly OfferedLine[], ice = ICE, setup = "actpass"): string {
  const live = lines.filter(({ stopped }) => !stopped);
  const rows = [
    "v=0",
    "o=- 1 2 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    `a=group:BUNDLE ${live.map(({ mid }) => mid).join(" ")}`,
  ];
  for (const line of lines) {
    const types = line.kind === "audio" ? "111 9" : "96 97 103";
    rows.push(
      `m=${line.kind} ${line.stopped ? 0 : 9} UDP/TLS/RTP/SAVPF ${types}`,
      "c=IN IP4 0.0.0.0",
      `a=ice-ufrag:${ice.ufrag}`,
      `a=ice-pwd:${ice.password}`,
      `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => "CD").join(":")}`,
      `a=setup:${setup}`,
      `a=mid:${line.mid}`,
      ...(line.kind === "audio" ? AUDIO : VIDEO),
      `a=${line.direction ?? "sendonly"}`,
      "a=rtcp-mux",
    );
    if (line.ssrc !== undefined) rows.push(`a=ssrc:${line.ssrc} cname:x`);
    if (line.rids) rows.push(...line.rids.map((rid) => `a=rid:${rid} send`), `a=simulcast:send ${line.rids.join(";")}`);
  }
  return `${rows.join("\r\n")}\r\n`;
}
