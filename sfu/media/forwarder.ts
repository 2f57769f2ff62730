import { randomInt } from "node:crypto";
import type { SimulcastWish } from "#protocol/realtime-api.ts";
import { beginsKeyframe } from "../rtp/keyframes.ts";
import { RtpHeader } from "../rtp/rtp-packet.ts";
import { forwardedSenderReport, SENDER_REPORT } from "../rtp/rtcp-write.ts";
import { sequenceDistance, timestampDistance } from "../rtp/sequence.ts";
import { emptyVp8Numbers, moveVp8Numbers, readVp8Numbers } from "../rtp/vp8-descriptor.ts";
import type { SdpExtension } from "../sdp/read-sdp.ts";
import { chooseLayer, type LayerState } from "./choose-layer.ts";
import type { MediaCounters } from "./media-counters.ts";
import { PacketWriter } from "./packet-writer.ts";
import type { Publication } from "./publication.ts";
import type { ReceiveStream } from "./receive-stream.ts";

/** Beyond this many packets of a segment, a number before its first one is one that wrapped. */
const SEGMENT_START = 4096;
/** Two layers' clocks that disagree by more than this have a wrong sender report. */
const MAX_CLOCK_DISAGREEMENT_S = 1;
/**
 * Repairs may add this share to what is sent: enough for three tries at a tenth that got lost. Without a limit they fill
 * a slow link by themselves.
 */
const REPAIR_SHARE = 0.3;
/** Allowed every half second in any case. */
const LEAST_REPAIR_BYTES = 6000;
/** Sender reports remembered for measuring round trips. */
const KEPT_REPORTS = 4;

/** Where a forwarder's packets go. */
export interface Subscriber {
  readonly counters: MediaCounters;
  /** Whether packets reach it. */
  readonly isOpen: boolean;
  send(packet: Buffer): boolean;
}

/** A stretch of outgoing packets that come from one incoming stream with fixed differences. */
interface Segment {
  readonly stream: ReceiveStream;
  readonly firstSequence: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly picture: number;
  readonly base: number;
}

/** One publication on its way to one subscriber. */
export class Forwarder {
  readonly ssrc: number;
  readonly #subscriber: Subscriber;
  readonly #payloadType: number;
  readonly #extensions: readonly SdpExtension[];
  #publication: Publication;
  #writer: PacketWriter;
  #wish: SimulcastWish;
  #target: ReceiveStream | undefined;
  #segment: Segment | undefined;
  #previous: Segment | undefined;
  #segmentPackets = 0;
  /** Highest numbers that were sent, and when. */
  #lastSequence: number = randomInt(0x4000);
  #lastTimestamp = 0;
  #lastPicture = 0;
  #lastBase = 0;
  #lastAt = 0;
  #octets = 0;
  #measuredOctets = 0;
  #repairBytes = LEAST_REPAIR_BYTES;
  #measuredAt = 0;
  #stepsDown = 0;
  #paused = false;
  #negotiated = false;
  readonly #reports: { ntp: number; at: number }[] = [];
  readonly #vp8 = emptyVp8Numbers();
  packets = 0;
  bitsPerSecond = 0;

  constructor(
    subscriber: Subscriber,
    line: { ssrc: number; payloadType: number; extensions: readonly SdpExtension[] },
    publication: Publication,
    wish: SimulcastWish,
    now: number,
  ) {
    this.#subscriber = subscriber;
    this.ssrc = line.ssrc;
    this.#payloadType = line.payloadType;
    this.#extensions = line.extensions;
    this.#wish = wish;
    this.#publication = publication;
    this.#writer = new PacketWriter(publication.extensions, line.extensions);
    publication.forwarders.add(this);
    this.retarget(now);
  }

  get publication(): Publication {
    return this.#publication;
  }

  get isVideo(): boolean {
    return this.#publication.kind === "video";
  }

  get paused(): boolean {
    return this.#paused;
  }

  get stepsDown(): number {
    return this.#stepsDown;
  }

  /** The layer that is sent now. */
  get rid(): string | undefined {
    return this.#segment?.stream.rid;
  }

  /** Another track on the same line; its codec must be the same. */
  attach(publication: Publication, now: number): void {
    if (publication === this.#publication) return;
    this.#publication.forwarders.delete(this);
    this.#publication = publication;
    this.#writer = new PacketWriter(publication.extensions, this.#extensions);
    publication.forwarders.add(this);
    this.#target = undefined;
    this.retarget(now);
  }

  setWish(wish: SimulcastWish, now: number): void {
    // The network's verdict was on another layer.
    if (wish.preferredRid !== this.#wish.preferredRid) this.#stepsDown = 0;
    this.#wish = wish;
    this.retarget(now);
  }

  publicationClosed(): void {
    this.#target = undefined;
  }

  close(): void {
    this.#publication.forwarders.delete(this);
  }

  /** Chooses the layer anew: something about the layers, the wish or the network has changed. */
  retarget(now: number): void {
    const chosen = chooseLayer(this.#layers(now), this.#wish, this.#stepsDown);
    if (chosen === undefined) return;
    this.#target = this.#publication.streams.get(chosen.rid);
    this.askForKeyframe(now);
  }

  #layers(now: number): LayerState[] {
    const { rids, streams } = this.#publication;
    return (rids.length > 0 ? rids : [...streams.keys()]).map((rid) => {
      const stream = streams.get(rid);
      return { rid, active: stream?.isActive(now) ?? false, bitsPerSecond: stream?.bitsPerSecond ?? 0 };
    });
  }

  /** @returns whether there is a layer below the one that is sent */
  canStepDown(now: number): boolean {
    if (!this.isVideo || this.#paused) return false;
    const layers = this.#layers(now);
    const current = chooseLayer(layers, this.#wish, this.#stepsDown);
    return chooseLayer(layers, this.#wish, this.#stepsDown + 1)?.rid !== current?.rid;
  }

  stepDown(now: number): void {
    this.#stepsDown++;
    this.retarget(now);
  }

  stepUp(now: number): void {
    if (this.#paused) this.#paused = false;
    else this.#stepsDown = Math.max(0, this.#stepsDown - 1);
    this.retarget(now);
  }

  /** Nothing is sent until {@link stepUp}. */
  pause(): void {
    this.#paused = true;
    this.#endSegment();
  }

  /** The subscriber has accepted the line. Before that its browser would drop the key frame. */
  negotiated(now: number): void {
    this.#negotiated = true;
    this.retarget(now);
  }

  /** The subscriber has just been connected: it has missed what came before, and needs a key frame. */
  restart(now: number): void {
    this.#endSegment();
    this.retarget(now);
  }

  #endSegment(): void {
    this.#previous = this.#segment ?? this.#previous;
    this.#segment = undefined;
  }

  /** Asks the publisher, unless what is wanted is on its way already. */
  askForKeyframe(now: number): void {
    if (this.#target && this.#flows && this.#target !== this.#segment?.stream) this.#ask(this.#target, now);
  }

  /** The subscriber's decoder is stuck. */
  keyframeRequested(now: number): void {
    if (this.#target && this.#flows) this.#ask(this.#target, now);
  }

  get #flows(): boolean {
    return this.#negotiated && !this.#paused && this.#subscriber.isOpen;
  }

  #ask(stream: ReceiveStream, now: number): void {
    if (this.isVideo) this.#publication.publisher.askForKeyframe(stream, now);
  }

  /** Called for every packet of every layer of the publication. */
  forward(stream: ReceiveStream, packet: Buffer, header: RtpHeader, now: number): void {
    if (!this.#flows) return;
    if (stream !== this.#segment?.stream) {
      if (stream !== this.#target) return;
      const { codec } = this.#publication.codec;
      if (!beginsKeyframe(codec, packet, header.payloadOffset, header.payloadLength)) return this.#ask(stream, now);
      this.#begin(stream, packet, header, now);
    }
    const segment = this.#segment;
    if (!segment) return;
    const sequence = (header.sequence + segment.sequence) & 0xffff;
    // From before the key frame that began the segment: nothing can decode it.
    if (this.#segmentPackets < SEGMENT_START && sequenceDistance(sequence, segment.firstSequence) < 0) return;
    const out = this.#rewrite(segment, packet, header, now);
    const timestamp = (header.timestamp + segment.timestamp) >>> 0;
    if (this.#segmentPackets === 0 || sequenceDistance(sequence, this.#lastSequence) > 0) {
      this.#lastSequence = sequence;
      this.#lastTimestamp = timestamp;
      this.#lastAt = now;
      if (this.#vp8.pictureAt >= 0) this.#lastPicture = (this.#vp8.picture + segment.picture) & 0x7fff;
      if (this.#vp8.baseAt >= 0) this.#lastBase = (this.#vp8.base + segment.base) & 0xff;
    }
    this.#segmentPackets++;
    this.packets++;
    this.#octets += header.payloadLength;
    const { counters } = this.#subscriber;
    counters.forwarded++;
    counters.forwardedBytes += out.length;
    if (this.isVideo) counters.forwardedVideo++;
    this.#subscriber.send(out);
  }

  /** Numbers go on from the last packet that was sent, whatever stream it came from. */
  #begin(stream: ReceiveStream, packet: Buffer, header: RtpHeader, now: number): void {
    const isFirst = this.packets === 0;
    const firstSequence = (this.#lastSequence + 1) & 0xffff;
    const timestamp = isFirst ? 0 : (this.#nextTimestamp(stream, header.timestamp, now) - header.timestamp) >>> 0;
    this.#readVp8(packet, header);
    const before = this.#segment ?? this.#previous;
    this.#previous = before;
    this.#segment = {
      stream,
      firstSequence,
      sequence: (firstSequence - header.sequence) & 0xffff,
      timestamp,
      picture: isFirst ? 0 : (this.#lastPicture + 1 - this.#vp8.picture) & 0x7fff,
      base: isFirst ? 0 : (this.#lastBase + 1 - this.#vp8.base) & 0xff,
    };
    this.#segmentPackets = 0;
    stream.keyframeArrived();
  }

  /** By the publisher's own clock where its reports tell, so that picture and sound stay together; else by arrival. */
  #nextTimestamp(stream: ReceiveStream, timestamp: number, now: number): number {
    const { clock } = this.#publication.codec;
    const byArrival = this.#lastTimestamp + Math.max(1, Math.round(((now - this.#lastAt) * clock) / 1000));
    const before = this.#segment ?? this.#previous;
    const captured = stream.captureSeconds(timestamp);
    if (!before || captured === undefined || before.stream.publication !== stream.publication) return byArrival >>> 0;
    const there = before.stream.timestampAt(captured);
    if (there === undefined) return byArrival >>> 0;
    const byClock = (there + before.timestamp) >>> 0;
    const disagreement = Math.abs(timestampDistance(byClock, byArrival >>> 0));
    const goesForward = timestampDistance(byClock, this.#lastTimestamp) > 0;
    return goesForward && disagreement < MAX_CLOCK_DISAGREEMENT_S * clock ? byClock : byArrival >>> 0;
  }

  #readVp8(packet: Buffer, header: RtpHeader): void {
    readVp8Numbers(packet, header.payloadOffset, header.payloadLength, this.#vp8);
  }

  #rewrite(segment: Segment, packet: Buffer, header: RtpHeader, now: number): Buffer {
    const sequence = (header.sequence + segment.sequence) & 0xffff;
    const timestamp = (header.timestamp + segment.timestamp) >>> 0;
    const out = this.#writer.write(packet, header, this.#payloadType, sequence, timestamp, this.ssrc, now);
    if (this.#publication.codec.codec === "VP8" && header.payloadLength > 0) {
      this.#readVp8(packet, header);
      const shift = out.length - header.payloadLength - header.payloadOffset;
      moveVp8Numbers(out, this.#vp8, shift, segment.picture, segment.base);
    }
    return out;
  }

  /** Sends a packet again; when it is too old for that, a key frame must help. */
  retransmit(sequence: number, now: number): void {
    const segment = this.#segmentOf(sequence);
    const packet = segment?.stream.kept((sequence - segment.sequence) & 0xffff, now);
    if (!segment || !packet || !RETRANSMITTED.read(packet)) {
      this.#subscriber.counters.notKept++;
      // The subscriber would ask for one itself, but only seconds later.
      this.keyframeRequested(now);
      return;
    }
    if (this.isVideo && packet.length > this.#repairBytes) return;
    this.#repairBytes -= packet.length;
    this.#subscriber.counters.retransmitted++;
    this.#subscriber.send(this.#rewrite(segment, packet, RETRANSMITTED, now));
  }

  #segmentOf(sequence: number): Segment | undefined {
    const current = this.#segment;
    if (!current) return this.#previous;
    const isBefore = this.#segmentPackets < SEGMENT_START && sequenceDistance(sequence, current.firstSequence) < 0;
    return isBefore ? this.#previous : current;
  }

  /** The publisher's report on the stream that is sent, so that the subscriber can play picture and sound together. */
  senderReport(stream: ReceiveStream, report: Buffer, now: number): void {
    const segment = this.#segment;
    if (stream !== segment?.stream) return;
    this.#reports.push({ ntp: report.readUInt32BE(SENDER_REPORT.ntpSeconds + 2), at: now });
    if (this.#reports.length > KEPT_REPORTS) this.#reports.shift();
    this.#subscriber.send(
      forwardedSenderReport(report, {
        ssrc: this.ssrc,
        timestamp: report.readUInt32BE(SENDER_REPORT.timestamp) + segment.timestamp,
        packets: this.packets,
        octets: this.#octets,
      }),
    );
  }

  /**
   * @param lastReport the subscriber's LSR; @param delay its DLSR, 1/65536 s
   * @returns the round trip, ms
   */
  roundTrip(lastReport: number, delay: number, now: number): number | undefined {
    const report = lastReport === 0 ? undefined : this.#reports.find(({ ntp }) => ntp === lastReport);
    return report === undefined ? undefined : Math.max(0, now - report.at - delay / 65.536);
  }

  /** To be called every half second or so. */
  measure(now: number): void {
    const seconds = (now - this.#measuredAt) / 1000;
    this.bitsPerSecond = this.#measuredAt === 0 ? 0 : ((this.#octets - this.#measuredOctets) * 8) / seconds;
    this.#repairBytes = Math.max(LEAST_REPAIR_BYTES, (this.#octets - this.#measuredOctets) * REPAIR_SHARE);
    this.#measuredOctets = this.#octets;
    this.#measuredAt = now;
    this.retarget(now);
  }
}

/** Retransmissions are made one at a time. */
const RETRANSMITTED = new RtpHeader();
