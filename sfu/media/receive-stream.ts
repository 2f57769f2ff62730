import type { ReceiverState } from "../rtp/rtcp-write.ts";
import { SENDER_REPORT } from "../rtp/rtcp-write.ts";
import type { RtpHeader } from "../rtp/rtp-packet.ts";
import { sequenceDistance } from "../rtp/sequence.ts";
import { MissingPackets } from "./missing-packets.ts";
import type { Publication } from "./publication.ts";

/** Packets kept for subscribers that lost them: 2 s of 2.5 Mbit/s at 1,200 bytes. */
const KEPT_PACKETS = 512;
/** A player does not wait longer for a packet; after an interruption a key frame is what helps. */
const REPAIRABLE_MS = 1500;
/** Without packets for this long a layer counts as not sent. Black pictures of a muted camera come about once a second. */
const ACTIVE_MS = 2000;
/** Key frames cost the publisher's whole uplink for a moment. */
const KEYFRAME_INTERVAL_MS = 300;
const MAX_KEYFRAME_INTERVAL_MS = 1200;
/** Jumps of the timestamp are no jitter. */
const MAX_TRANSIT_STEP_S = 5;
const NTP_FRACTION = 2 ** 32;

/** One incoming stream: one SSRC, one simulcast layer. */
export class ReceiveStream {
  readonly publication: Publication;
  readonly ssrc: number;
  /** Empty without simulcast. */
  readonly rid: string;
  readonly missing = new MissingPackets();
  packets = 0;
  bytes = 0;
  /** When the last packet came, or when it was announced. */
  lastAt: number;
  /** Over the last measured half second in which there was any. */
  bitsPerSecond = 0;
  readonly #kept: (Buffer | undefined)[] = Array.from({ length: KEPT_PACKETS });
  readonly #keptAt = new Float64Array(KEPT_PACKETS);
  readonly #clock: number;
  #highest = -1;
  #cycles = 0;
  #firstSequence = 0;
  #expectedBefore = 0;
  #packetsBefore = 0;
  #jitter = 0;
  #lastTransit: number | undefined;
  #reportNtp = 0;
  #reportAt: number | undefined;
  #reportSeconds = 0;
  #reportTimestamp = 0;
  #askedAt = Number.NEGATIVE_INFINITY;
  #askInterval = KEYFRAME_INTERVAL_MS;
  #measuredBytes = 0;
  #measuredAt = 0;

  constructor(publication: Publication, ssrc: number, rid: string, now: number) {
    this.publication = publication;
    this.ssrc = ssrc;
    this.rid = rid;
    this.lastAt = now;
    this.#clock = publication.codec.clock;
  }

  /** @param packet is kept, and must not change afterwards */
  receive(packet: Buffer, header: RtpHeader, now: number): void {
    const { sequence } = header;
    this.packets++;
    this.bytes += packet.length;
    this.lastAt = now;
    this.#keep(packet, sequence, now);
    if (this.#highest < 0) {
      this.#highest = sequence;
      this.#firstSequence = sequence;
    } else {
      const ahead = sequenceDistance(sequence, this.#highest);
      if (ahead <= 0) this.missing.arrived(sequence);
      else {
        if (ahead > 1) this.missing.hole(this.#highest, sequence, now);
        if (sequence < this.#highest) this.#cycles += 0x10000;
        this.#highest = sequence;
      }
    }
    this.#measureJitter(header.timestamp, now);
  }

  /**
   * A repaired packet. It counts for nothing in reports (RFC 4588).
   * @returns false when it was not missing: publishers also fill a gap in their sending rate with old packets
   */
  recover(packet: Buffer, sequence: number, now: number): boolean {
    if (!this.missing.arrived(sequence)) return false;
    this.lastAt = now;
    this.#keep(packet, sequence, now);
    return true;
  }

  #keep(packet: Buffer, sequence: number, now: number): void {
    this.#kept[sequence % KEPT_PACKETS] = packet;
    this.#keptAt[sequence % KEPT_PACKETS] = now;
  }

  /** RFC 3550, A.8. */
  #measureJitter(timestamp: number, now: number): void {
    const transit = (now / 1000) * this.#clock - timestamp;
    if (this.#lastTransit !== undefined) {
      const step = Math.abs(transit - this.#lastTransit);
      if (step < MAX_TRANSIT_STEP_S * this.#clock) this.#jitter += (step - this.#jitter) / 16;
    }
    this.#lastTransit = transit;
  }

  /** @returns a packet that arrived, unless it is too long ago */
  kept(sequence: number, now: number): Buffer | undefined {
    const place = sequence % KEPT_PACKETS;
    const packet = this.#kept[place];
    if (packet === undefined || now - (this.#keptAt[place] ?? 0) > REPAIRABLE_MS) return undefined;
    return packet.readUInt16BE(2) === sequence ? packet : undefined;
  }

  isActive(now: number): boolean {
    return now - this.lastAt < ACTIVE_MS;
  }

  senderReport(packet: Buffer, now: number): void {
    this.#reportNtp = packet.readUInt32BE(SENDER_REPORT.ntpSeconds + 2);
    this.#reportAt = now;
    this.#reportSeconds =
      packet.readUInt32BE(SENDER_REPORT.ntpSeconds) + packet.readUInt32BE(SENDER_REPORT.ntpFraction) / NTP_FRACTION;
    this.#reportTimestamp = packet.readUInt32BE(SENDER_REPORT.timestamp);
  }

  /** @returns when this timestamp was captured by the publisher's clock, in seconds; undefined before its first report */
  captureSeconds(timestamp: number): number | undefined {
    if (this.#reportAt === undefined) return undefined;
    return this.#reportSeconds + ((timestamp - this.#reportTimestamp) | 0) / this.#clock;
  }

  /** The reverse of {@link captureSeconds}. */
  timestampAt(seconds: number): number | undefined {
    if (this.#reportAt === undefined) return undefined;
    return (this.#reportTimestamp + Math.round((seconds - this.#reportSeconds) * this.#clock)) >>> 0;
  }

  /** @returns whether to ask the publisher for a key frame now: at most every 300 ms, less often while none comes */
  mayAskForKeyframe(now: number): boolean {
    if (now - this.#askedAt < this.#askInterval) return false;
    this.#askedAt = now;
    this.#askInterval = Math.min(this.#askInterval * 2, MAX_KEYFRAME_INTERVAL_MS);
    return true;
  }

  keyframeArrived(): void {
    this.#askInterval = KEYFRAME_INTERVAL_MS;
  }

  /** To be called every half second or so. */
  measure(now: number): void {
    const bytes = this.bytes - this.#measuredBytes;
    if (bytes > 0 && this.#measuredAt > 0) this.bitsPerSecond = (bytes * 8000) / Math.max(1, now - this.#measuredAt);
    this.#measuredBytes = this.bytes;
    this.#measuredAt = now;
  }

  /** What the next receiver report says (RFC 3550, A.3). */
  report(now: number): ReceiverState {
    const highest = this.#cycles + this.#highest;
    const expected = highest - this.#firstSequence + 1;
    const expectedNow = expected - this.#expectedBefore;
    const lostNow = expectedNow - (this.packets - this.#packetsBefore);
    this.#expectedBefore = expected;
    this.#packetsBefore = this.packets;
    return {
      ssrc: this.ssrc,
      fraction: expectedNow > 0 && lostNow > 0 ? Math.min(255, Math.floor((lostNow * 256) / expectedNow)) : 0,
      lost: expected - this.packets,
      highestSequence: highest,
      jitter: Math.floor(this.#jitter),
      lastSenderReport: this.#reportNtp,
      delaySinceLastSenderReport: this.#reportAt === undefined ? 0 : Math.floor((now - this.#reportAt) * 65.536),
    };
  }
}
