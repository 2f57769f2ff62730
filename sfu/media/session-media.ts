import { randomInt } from "node:crypto";
import { ArrivalLog } from "../rtp/arrival-log.ts";
import { readRtcp, type ReportBlock, type RtcpHandler } from "../rtp/rtcp-read.ts";
import { MAX_REPORT_BLOCKS, negativeAcknowledgement, pictureLoss, receiverReport } from "../rtp/rtcp-write.ts";
import { repairedPacket } from "../rtp/repair.ts";
import { isRtcp, RtpHeader } from "../rtp/rtp-packet.ts";
import type { MediaPipe } from "../transport/media-pipe.ts";
import { DownlinkControl } from "./downlink-control.ts";
import type { Forwarder, Subscriber } from "./forwarder.ts";
import type { MediaCounters } from "./media-counters.ts";
import type { Publication, Publisher } from "./publication.ts";
import { ReceiveStream } from "./receive-stream.ts";

const REPORT_ARRIVALS_MS = 50;
const REPORT_RECEPTION_MS = 1000;
const MEASURE_MS = 500;
/** Against a subscriber that asks for everything again and again. */
const MAX_RETRANSMISSIONS_PER_S = 1000;

/** What an SSRC carries. */
export interface StreamIdentity {
  readonly publication: Publication;
  readonly rid: string;
  /** Not the stream itself, but retransmissions of it. */
  readonly isRepair: boolean;
}

/** Finds the publication that packets of an unknown SSRC belong to. */
export interface StreamResolver {
  /** @returns undefined when no line of the session knows it */
  resolve(packet: Buffer, header: RtpHeader): StreamIdentity | undefined;
  /** The extension that carries transport-wide numbers; 0: none. */
  readonly transportNumberId: number;
}

/** All packets of one session, in both directions. */
export class SessionMedia implements Publisher, Subscriber, RtcpHandler {
  readonly sessionId: string;
  readonly counters: MediaCounters;
  readonly downlink = new DownlinkControl();
  readonly #resolver: StreamResolver;
  readonly #ssrc = randomSsrc();
  readonly #header = new RtpHeader();
  readonly #streams = new Map<number, ReceiveStream>();
  readonly #repairs = new Map<number, StreamIdentity>();
  readonly #forwarders = new Map<number, Forwarder>();
  #arrivals = new ArrivalLog();
  #pipe: MediaPipe | undefined;
  #now = 0;
  #arrivalsReportedAt = 0;
  #receptionReportedAt = 0;
  #measuredAt = 0;
  #retransmissions = 0;

  constructor(sessionId: string, resolver: StreamResolver, counters: MediaCounters) {
    this.sessionId = sessionId;
    this.#resolver = resolver;
    this.counters = counters;
  }

  /** From now on packets go through this pipe; after an ICE restart it is another one. */
  use(pipe: MediaPipe): void {
    this.#pipe = pipe;
    this.#arrivals = new ArrivalLog();
    pipe.onPacket = (packet) => this.#handlePacket(packet, performance.now());
  }

  /** @returns false when nothing is connected */
  send(packet: Buffer): boolean {
    return this.#pipe?.send(packet) ?? false;
  }

  addForwarder(forwarder: Forwarder): void {
    this.#forwarders.set(forwarder.ssrc, forwarder);
  }

  removeForwarder(forwarder: Forwarder): void {
    this.#forwarders.delete(forwarder.ssrc);
    forwarder.close();
  }

  addStream(publication: Publication, ssrc: number, rid: string, now: number): ReceiveStream {
    const stream = new ReceiveStream(publication, ssrc, rid, now);
    this.#streams.set(ssrc, stream);
    publication.addStream(stream, now);
    return stream;
  }

  hasStream(ssrc: number): boolean {
    return this.#streams.has(ssrc);
  }

  removePublication(publication: Publication): void {
    for (const [ssrc, stream] of this.#streams) if (stream.publication === publication) this.#streams.delete(ssrc);
    for (const [ssrc, repair] of this.#repairs) if (repair.publication === publication) this.#repairs.delete(ssrc);
    publication.close();
  }

  get isOpen(): boolean {
    return this.#pipe?.state === "open";
  }

  /** To be called when packets begin to reach the client, also again after an interruption. */
  connected(now: number): void {
    for (const forwarder of this.#forwarders.values()) forwarder.restart(now);
  }

  /** The client has accepted the lines that were offered. */
  negotiated(now: number): void {
    for (const forwarder of this.#forwarders.values()) forwarder.negotiated(now);
  }

  askForKeyframe(stream: ReceiveStream, now: number): void {
    if (!stream.mayAskForKeyframe(now)) return;
    this.counters.keyframesAskedFor++;
    this.send(pictureLoss(this.#ssrc, stream.ssrc));
  }

  #handlePacket(packet: Buffer, now: number): void {
    this.#now = now;
    this.counters.received++;
    this.counters.receivedBytes += packet.length;
    if (isRtcp(packet)) return readRtcp(packet, this);
    const header = this.#header;
    if (!header.read(packet)) {
      this.counters.unknown++;
      return;
    }
    this.#logArrival(packet, header, now);
    const stream = this.#streams.get(header.ssrc);
    if (stream) this.#handleMedia(stream, packet, header, now);
    else this.#handleOther(packet, header, now);
  }

  #handleMedia(stream: ReceiveStream, packet: Buffer, header: RtpHeader, now: number): void {
    stream.receive(packet, header, now);
    for (const forwarder of stream.publication.forwarders) forwarder.forward(stream, packet, header, now);
  }

  #handleOther(packet: Buffer, header: RtpHeader, now: number): void {
    const known = this.#repairs.get(header.ssrc);
    const identity = known ?? this.#resolver.resolve(packet, header);
    if (!identity) {
      this.counters.unknown++;
    } else if (identity.isRepair) {
      if (!known) this.#repairs.set(header.ssrc, identity);
      this.#handleRepair(identity, packet, header, now);
    } else {
      const before = identity.publication.streams.get(identity.rid);
      if (before) this.#streams.delete(before.ssrc);
      this.#handleMedia(this.addStream(identity.publication, header.ssrc, identity.rid, now), packet, header, now);
    }
  }

  #handleRepair({ publication, rid }: StreamIdentity, packet: Buffer, header: RtpHeader, now: number): void {
    const stream = publication.streams.get(rid);
    if (!stream) return;
    const { payloadType } = publication.codec;
    const repaired = repairedPacket(packet, header, { ssrc: stream.ssrc, payloadType });
    if (!repaired || !header.read(repaired) || !stream.recover(repaired, header.sequence, now)) return;
    this.counters.repaired++;
    for (const forwarder of publication.forwarders) forwarder.forward(stream, repaired, header, now);
  }

  #logArrival(packet: Buffer, header: RtpHeader, now: number): void {
    const id = this.#resolver.transportNumberId;
    const index = id === 0 ? -1 : header.find(id);
    if (index < 0 || header.extensionLength(index) !== 2) return;
    this.#arrivals.add(packet.readUInt16BE(header.extensionOffset(index)), now, header.ssrc);
  }

  senderReport(ssrc: number, packet: Buffer): void {
    const stream = this.#streams.get(ssrc);
    if (!stream) return;
    stream.senderReport(packet, this.#now);
    for (const forwarder of stream.publication.forwarders) forwarder.senderReport(stream, packet, this.#now);
  }

  reportBlock(block: ReportBlock): void {
    const forwarder = this.#forwarders.get(block.ssrc);
    if (!forwarder) return;
    this.downlink.handleLoss(block.lost);
    const trip = forwarder.roundTrip(block.lastSenderReport, block.delaySinceLastSenderReport, this.#now);
    if (trip !== undefined) this.downlink.handleRoundTrip(trip, this.#now);
  }

  keyframeRequest(ssrc: number): void {
    this.#forwarders.get(ssrc)?.keyframeRequested(this.#now);
  }

  nack(ssrc: number, sequence: number): void {
    if (this.#retransmissions >= (MAX_RETRANSMISSIONS_PER_S * MEASURE_MS) / 1000) return;
    this.#retransmissions++;
    this.#forwarders.get(ssrc)?.retransmit(sequence, this.#now);
  }

  remb(bitsPerSecond: number): void {
    this.downlink.handleEstimate(bitsPerSecond, this.#now);
  }

  /** To be called every 20 ms or so. */
  tick(now: number): void {
    if (!this.isOpen) return;
    for (const stream of this.#streams.values()) {
      const missing = stream.missing.due(now);
      if (missing.length === 0) continue;
      this.counters.nacked += missing.length;
      this.send(negativeAcknowledgement(this.#ssrc, stream.ssrc, missing));
    }
    if (now - this.#arrivalsReportedAt >= REPORT_ARRIVALS_MS) {
      this.#arrivalsReportedAt = now;
      const report = this.#arrivals.report(this.#ssrc);
      if (report) this.send(report);
    }
    if (now - this.#receptionReportedAt >= REPORT_RECEPTION_MS) this.#reportReception(now);
    if (now - this.#measuredAt >= MEASURE_MS) this.#measure(now);
  }

  #reportReception(now: number): void {
    this.#receptionReportedAt = now;
    const heard = [...this.#streams.values()].filter((stream) => stream.packets > 0);
    for (let from = 0; from < heard.length; from += MAX_REPORT_BLOCKS) {
      const blocks = heard.slice(from, from + MAX_REPORT_BLOCKS).map((stream) => stream.report(now));
      this.send(receiverReport(this.#ssrc, blocks));
    }
  }

  #measure(now: number): void {
    this.#measuredAt = now;
    this.#retransmissions = 0;
    for (const stream of this.#streams.values()) stream.measure(now);
    for (const forwarder of this.#forwarders.values()) forwarder.measure(now);
    this.#adapt(now);
  }

  /** Sound is never touched. Of the pictures the costliest goes down first, and the one furthest down comes up first. */
  #adapt(now: number): void {
    const all = [...this.#forwarders.values()];
    const videos = all.filter((forwarder) => forwarder.isVideo);
    const costliest = (a: Forwarder, b: Forwarder) => b.bitsPerSecond - a.bitsPerSecond;
    const down = videos.filter((forwarder) => forwarder.canStepDown(now)).sort(costliest);
    const pause = videos.filter((forwarder) => !forwarder.paused && forwarder.bitsPerSecond > 0).sort(costliest);
    const up = videos
      .filter((forwarder) => forwarder.paused || forwarder.stepsDown > 0)
      .sort((a, b) => Number(b.paused) - Number(a.paused) || b.stepsDown - a.stepsDown);
    const sending = all.reduce((sum, { bitsPerSecond }) => sum + bitsPerSecond, 0);
    const can = { down: down.length > 0, pause: pause.length > 0, up: up.length > 0 };
    const advice = this.downlink.advise(sending, can, now);
    if (advice === "step-down") down[0]?.stepDown(now);
    else if (advice === "pause") pause[0]?.pause();
    else if (advice === "step-up") up[0]?.stepUp(now);
  }

  /** Bits per second over the last half second. */
  stats() {
    const streams = [...this.#streams.values()];
    const forwarders = [...this.#forwarders.values()];
    const { roundTrip, loss, estimate } = this.downlink;
    return {
      in: streams.map(({ rid, bitsPerSecond, packets }) => ({ rid, bitsPerSecond, packets })),
      out: forwarders.map(({ rid, bitsPerSecond, packets, paused, stepsDown }) => {
        return { rid, bitsPerSecond, packets, paused, stepsDown };
      }),
      videoOut: forwarders.filter(({ isVideo, bitsPerSecond }) => isVideo && bitsPerSecond > 0).length,
      /** What is known of the way to this session's client; `estimate` is null before it told. */
      downlink: { roundTripMs: roundTrip, loss, estimate: Number.isFinite(estimate) ? estimate : null },
    };
  }

  close(): void {
    for (const forwarder of this.#forwarders.values()) forwarder.close();
    this.#forwarders.clear();
    this.#streams.clear();
    this.#repairs.clear();
  }
}

/** Of 31 bits, so that it never looks negative, and never 0. */
export function randomSsrc(): number {
  return randomInt(1, 0x7fffffff);
}
