import type { SdpCodec, SdpDirection, SdpExtension } from "./read-sdp.ts";

/** What the SFU's own transport says of itself. */
export interface LocalTransport {
  readonly ufrag: string;
  readonly password: string;
  readonly fingerprint: string;
  readonly setup: string;
  /** Values of `a=candidate:`. */
  readonly candidates: readonly string[];
}

/** A line of the SFU's description. */
export interface WrittenLine {
  readonly kind: string;
  readonly mid: string;
  readonly stopped: boolean;
  readonly direction: SdpDirection;
  /** Undefined only for a stopped line. */
  readonly codec: SdpCodec | undefined;
  readonly repair: SdpCodec | undefined;
  readonly protocol: string;
  readonly extensions: readonly SdpExtension[];
  /** Layers that are received. */
  readonly rids: readonly string[];
  /** What is sent. */
  readonly source: { readonly stream: string; readonly track: string; readonly ssrc: number } | undefined;
}

export interface WrittenDescription {
  readonly type: "offer" | "answer";
  readonly sessionId: string;
  readonly version: number;
  readonly transport: LocalTransport;
  readonly lines: readonly WrittenLine[];
}

/** One transport for all: stopped lines stay out of the bundle (RFC 9143), candidates stand in the first live line. */
export function writeSdp(description: WrittenDescription): string {
  const { type, sessionId, version, transport, lines } = description;
  const live = lines.filter((line) => !line.stopped);
  const rows = ["v=0", `o=- ${sessionId} ${version} IN IP4 127.0.0.1`, "s=-", "t=0 0"];
  // The client nominates, whoever offered: the SFU's transport always plays the controlled side.
  rows.push("a=ice-lite");
  if (live.length > 0) rows.push(`a=group:BUNDLE ${live.map((line) => line.mid).join(" ")}`);
  rows.push("a=extmap-allow-mixed", "a=msid-semantic: WMS *");
  for (const line of lines) {
    if (line.stopped || !line.codec) rows.push(...stoppedLine(line));
    else rows.push(...liveLine(line, line.codec, type === "offer" ? "actpass" : transport.setup, transport));
    if (line === live[0]) {
      rows.push(...transport.candidates.map((candidate) => `a=candidate:${candidate}`), "a=end-of-candidates");
    }
  }
  return `${rows.join("\r\n")}\r\n`;
}

function stoppedLine({ kind, mid, codec, protocol }: WrittenLine): string[] {
  const rows = [
    `m=${kind} 0 ${protocol} ${codec?.payloadType ?? (kind === "application" ? "webrtc-datachannel" : 0)}`,
    "c=IN IP4 0.0.0.0",
    `a=mid:${mid}`,
  ];
  if (kind !== "application") rows.push("a=inactive");
  if (codec) rows.push(rtpmap(codec));
  return rows;
}

function liveLine(line: WrittenLine, codec: SdpCodec, setup: string, transport: LocalTransport): string[] {
  const codecs = line.repair ? [codec, line.repair] : [codec];
  const rows = [
    `m=${line.kind} 9 ${line.protocol} ${codecs.map(({ payloadType }) => payloadType).join(" ")}`,
    "c=IN IP4 0.0.0.0",
    `a=ice-ufrag:${transport.ufrag}`,
    `a=ice-pwd:${transport.password}`,
    `a=fingerprint:${transport.fingerprint}`,
    `a=setup:${setup}`,
    `a=mid:${line.mid}`,
    ...line.extensions.map(({ id, uri }) => `a=extmap:${id} ${uri}`),
    `a=${line.direction}`,
    "a=rtcp-mux",
    "a=rtcp-rsize",
    ...codecs.flatMap(codecRows),
  ];
  if (line.rids.length > 0) {
    rows.push(...line.rids.map((rid) => `a=rid:${rid} recv`), `a=simulcast:recv ${line.rids.join(";")}`);
  }
  if (line.source) {
    const { stream, track, ssrc } = line.source;
    rows.push(`a=msid:${stream} ${track}`, `a=ssrc:${ssrc} cname:${stream}`);
  }
  return rows;
}

function codecRows(codec: SdpCodec): string[] {
  const { payloadType, feedback, fmtp } = codec;
  const parameters = fmtp ? [`a=fmtp:${payloadType} ${fmtp}`] : [];
  return [rtpmap(codec), ...feedback.map((text) => `a=rtcp-fb:${payloadType} ${text}`), ...parameters];
}

function rtpmap({ payloadType, name, clock, channels }: SdpCodec): string {
  return `a=rtpmap:${payloadType} ${name}/${clock}${channels ? `/${channels}` : ""}`;
}
