import type { Forwarder } from "../media/forwarder.ts";
import type { MediaCodec, Publication } from "../media/publication.ts";
import type { MediaKind } from "../sdp/extensions.ts";
import type { SdpCodec, SdpDirection, SdpExtension } from "../sdp/read-sdp.ts";
import type { WrittenLine } from "../sdp/write-sdp.ts";

const MEDIA_PROTOCOL = "UDP/TLS/RTP/SAVPF";

interface LineBase {
  readonly kind: string;
  readonly mid: string;
}

/** A line that the client publishes on. */
export interface PushLine extends LineBase {
  readonly role: "push";
  readonly kind: MediaKind;
  readonly codec: MediaCodec;
  /** What its retransmissions come as. */
  readonly repair: SdpCodec | undefined;
  readonly extensions: readonly SdpExtension[];
  readonly rids: readonly string[];
  /** As in the client's last offer. */
  offered: SdpDirection;
  /** None: nothing is published on it (yet, or any more). */
  publication: Publication | undefined;
  /** Of the track that was here last, for the list of tracks. */
  lastName: string | undefined;
}

/** A line that the client gets another session's track on. */
export interface PullLine extends LineBase {
  readonly role: "pull";
  readonly kind: MediaKind;
  readonly codec: SdpCodec;
  readonly extensions: readonly SdpExtension[];
  readonly ssrc: number;
  /** As in the client's last offer; undefined before there was one with this line. */
  offered: SdpDirection | undefined;
  /** None: closed. */
  forwarder: Forwarder | undefined;
  /** What was asked for. */
  source: { readonly sessionId: string; readonly trackName: string };
}

/** A place in the description that was stopped and may be used again. */
export interface StoppedLine extends LineBase {
  readonly role: "stopped";
  readonly protocol: string;
  readonly codec: SdpCodec | undefined;
}

export type SessionLine = PushLine | PullLine | StoppedLine;

export function isOpen(line: SessionLine): boolean {
  return (line.role === "push" && !!line.publication) || (line.role === "pull" && !!line.forwarder);
}

export function stopped(line: SessionLine): StoppedLine {
  const protocol = line.role === "stopped" ? line.protocol : MEDIA_PROTOCOL;
  return { role: "stopped", kind: line.kind, mid: line.mid, protocol, codec: line.codec };
}

/** As it stands in the SFU's description. */
export function writtenLine(line: SessionLine, type: "offer" | "answer"): WrittenLine {
  const { kind, mid, codec } = line;
  const nothing = { repair: undefined, extensions: [], rids: [], source: undefined };
  if (line.role === "stopped") {
    return { kind, mid, codec, ...nothing, protocol: line.protocol, stopped: true, direction: "inactive" };
  }
  const repair = line.role === "push" ? line.repair : undefined;
  const live = { kind, mid, codec, repair, protocol: MEDIA_PROTOCOL, stopped: false, extensions: line.extensions };
  if (line.role === "pull") {
    const refused = type === "answer" && (line.offered === "inactive" || line.offered === "sendonly");
    if (!line.forwarder || refused) return { ...live, rids: [], source: undefined, direction: "inactive" };
    // One stream per publisher, so that a browser plays its sound and picture together.
    const source = { stream: line.source.sessionId, track: `${line.source.sessionId}-${mid}`, ssrc: line.ssrc };
    return { ...live, rids: [], source, direction: "sendonly" };
  }
  const receives = line.publication !== undefined && line.offered.startsWith("send");
  return {
    ...live,
    rids: receives ? line.rids : [],
    source: undefined,
    direction: receives ? "recvonly" : "inactive",
  };
}
