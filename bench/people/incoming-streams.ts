import type { ReceiverState } from "../../sfu/rtp/rtcp-write.ts";

type Kind = "audio" | "video";

/** What has arrived of one kind so far. */
export interface Arrived {
  readonly streams: number;
  /** Streams of which something has arrived since the last reading. */
  readonly flowing: number;
  readonly packets: number;
  readonly bytes: number;
  /** By their sequence numbers; what is missing of it was lost. */
  readonly expected: number;
}

class IncomingStream {
  readonly kind: Kind;
  readonly #ssrc: number;
  packets = 0;
  bytes = 0;
  packetsRead = 0;
  #first = -1;
  #highest = -1;
  #expectedBefore = 0;
  #packetsBefore = 0;
  #reportNtp = 0;
  #reportAtMs = 0;

  constructor(kind: Kind, ssrc: number) {
    this.kind = kind;
    this.#ssrc = ssrc;
  }

  get expected(): number {
    return this.#highest < 0 ? 0 : this.#highest - this.#first + 1;
  }

  handle(sequence: number, bytes: number): void {
    this.packets += 1;
    this.bytes += bytes;
    if (this.#highest < 0) {
      this.#first = sequence;
      this.#highest = sequence;
      return;
    }
    const ahead = ((sequence - this.#highest) << 16) >> 16;
    if (ahead > 0) this.#highest += ahead;
  }

  handleSenderReport(packet: Buffer, atMs: number): void {
    this.#reportNtp = packet.readUInt32BE(10);
    this.#reportAtMs = atMs;
  }

  /** What the next receiver report says (RFC 3550, A.3). */
  state(nowMs: number): ReceiverState {
    const expected = this.expected - this.#expectedBefore;
    const lost = Math.max(0, expected - (this.packets - this.#packetsBefore));
    this.#expectedBefore = this.expected;
    this.#packetsBefore = this.packets;
    return {
      ssrc: this.#ssrc,
      fraction: expected > 0 ? Math.min(255, Math.floor((lost * 256) / expected)) : 0,
      lost: this.expected - this.packets,
      highestSequence: this.#highest,
      jitter: 0,
      lastSenderReport: this.#reportNtp,
      delaySinceLastSenderReport: this.#reportNtp === 0 ? 0 : Math.round((nowMs - this.#reportAtMs) * 65.536),
    };
  }
}

/** Counts what one person gets. Nothing is decoded, and nothing that is missing is asked for again. */
export class IncomingStreams {
  readonly #streams = new Map<number, IncomingStream>();

  expect(ssrc: number, kind: Kind): void {
    if (!this.#streams.has(ssrc)) this.#streams.set(ssrc, new IncomingStream(kind, ssrc));
  }

  handle(packet: Buffer): void {
    this.#streams.get(packet.readUInt32BE(8))?.handle(packet.readUInt16BE(2), packet.length);
  }

  handleSenderReport(ssrc: number, packet: Buffer, atMs: number): void {
    this.#streams.get(ssrc)?.handleSenderReport(packet, atMs);
  }

  states(nowMs: number): ReceiverState[] {
    return [...this.#streams.values()].filter(({ packets }) => packets > 0).map((stream) => stream.state(nowMs));
  }

  read(kind: Kind): Arrived {
    const all = [...this.#streams.values()].filter((stream) => stream.kind === kind);
    const total = { streams: all.length, flowing: 0, packets: 0, bytes: 0, expected: 0 };
    for (const stream of all) {
      if (stream.packets > stream.packetsRead) total.flowing += 1;
      stream.packetsRead = stream.packets;
      total.packets += stream.packets;
      total.bytes += stream.bytes;
      total.expected += stream.expected;
    }
    return total;
  }
}
