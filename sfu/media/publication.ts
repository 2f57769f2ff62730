import type { CodecName } from "../rtp/keyframes.ts";
import type { MediaKind } from "../sdp/extensions.ts";
import type { SdpCodec, SdpExtension } from "../sdp/read-sdp.ts";
import type { Forwarder } from "./forwarder.ts";
import type { ReceiveStream } from "./receive-stream.ts";

/** A codec whose packets the SFU understands. */
export interface MediaCodec extends SdpCodec {
  readonly codec: CodecName;
}

/** What a publication asks of the session that it belongs to. */
export interface Publisher {
  readonly sessionId: string;
  askForKeyframe(stream: ReceiveStream, now: number): void;
}

/** A track that a session publishes, and who gets it. */
export class Publication {
  readonly publisher: Publisher;
  readonly name: string;
  readonly kind: MediaKind;
  readonly codec: MediaCodec;
  /** Ids as the publisher sends them. */
  readonly extensions: readonly SdpExtension[];
  /** Simulcast layers as declared; empty without. */
  readonly rids: readonly string[];
  /** By rid, in the order in which they first arrived. */
  readonly streams = new Map<string, ReceiveStream>();
  readonly forwarders = new Set<Forwarder>();
  readonly createdAt: number;
  closed = false;

  constructor(
    publisher: Publisher,
    line: {
      name: string;
      kind: MediaKind;
      codec: MediaCodec;
      extensions: readonly SdpExtension[];
      rids: readonly string[];
    },
    now: number,
  ) {
    this.publisher = publisher;
    this.name = line.name;
    this.kind = line.kind;
    this.codec = line.codec;
    this.extensions = line.extensions;
    this.rids = line.rids;
    this.createdAt = now;
  }

  addStream(stream: ReceiveStream, now: number): void {
    this.streams.set(stream.rid, stream);
    for (const forwarder of this.forwarders) forwarder.retarget(now);
  }

  /** When the last packet came, or when it was published. */
  get lastAt(): number {
    let last = this.createdAt;
    for (const stream of this.streams.values()) last = Math.max(last, stream.lastAt);
    return last;
  }

  /** Its subscribers keep their lines, with nothing on them. */
  close(): void {
    this.closed = true;
    this.streams.clear();
    for (const forwarder of this.forwarders) forwarder.publicationClosed();
    this.forwarders.clear();
  }
}
