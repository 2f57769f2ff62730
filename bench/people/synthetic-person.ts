import { randomInt } from "node:crypto";
import nodeDataChannel from "node-datachannel";
import { RIDS } from "#protocol/call.ts";
import { readRtcp, type RtcpHandler } from "../../sfu/rtp/rtcp-read.ts";
import { MAX_REPORT_BLOCKS, receiverReport } from "../../sfu/rtp/rtcp-write.ts";
import { isRtcp } from "../../sfu/rtp/rtp-packet.ts";
import { type IceCredentials, readSdp } from "../../sfu/sdp/read-sdp.ts";
import { poll } from "../parts/wait.ts";
import { type CallClips, CLIP_RATE, PACKET_MS } from "./call-clips.ts";
import { CallLine, type PulledTrack, type RealtimeAccess } from "./call-line.ts";
import { answerTo, innerAnswer, OPUS, PICTURE_MID, publishOffer, SOUND_MID, VP8 } from "./descriptions.ts";
import { IncomingStreams } from "./incoming-streams.ts";
import { OutgoingStream, type StreamShape } from "./outgoing-stream.ts";

type Connection = InstanceType<typeof nodeDataChannel.PeerConnection>;
type Track = ReturnType<Connection["addTrack"]>;

const PATIENCE_MS = 15_000;
const ASK_MS = 20;
const REPORT_MS = 1000;
/** Plenty: the receiver's estimate must not be what limits. */
const ESTIMATE_BITS = 200_000_000;
/** Ethernet, as the SFU's own. */
const MTU = 1500;

export const SOUND_TRACK = "sound";
export const PICTURE_TRACK = "picture";

/**
 * Somebody in a call without a browser: publishes a prepared voice and a prepared camera in three layers, counts what it
 * pulls, and reports it as a browser does. Nothing is encoded, decoded or played.
 */
export class SyntheticPerson {
  readonly incoming = new IncomingStreams();
  readonly #connection: Connection;
  readonly #track: Track;
  readonly #ssrc = randomSsrc();
  #line: CallLine | undefined;
  #ice: IceCredentials | undefined;
  #streams: OutgoingStream[] = [];
  #transportNumber = 0;
  #reportedAtMs = 0;
  #nowMs = 0;
  /** Packets that the SFU has missed. */
  missed = 0;
  keyframesAskedFor = 0;

  constructor(name: string) {
    this.#connection = new nodeDataChannel.PeerConnection(name, {
      iceServers: [],
      disableAutoNegotiation: true,
      mtu: MTU,
    });
    const line = new nodeDataChannel.Video("0", "SendRecv");
    line.addVP8Codec(VP8);
    this.#track = this.#connection.addTrack(line);
    this.#track.onMessage((packet) => {
      if (isRtcp(packet)) readRtcp(packet, this.#feedback);
      else this.incoming.handle(packet);
    });
  }

  get session(): string {
    if (!this.#line) throw new Error("no session yet");
    return this.#line.session;
  }

  get sent(): number {
    return this.#streams.reduce((sum, { packets }) => sum + packets, 0);
  }

  /** @returns once the connection stands and everything is being sent */
  async publish(access: RealtimeAccess, clips: CallClips): Promise<void> {
    this.#connection.setLocalDescription("offer");
    await this.#until("candidates", () => this.#connection.gatheringState() === "complete");
    const ice = iceOf(this.#connection.localDescription()?.sdp ?? "").ice;
    this.#ice = ice;
    this.#line = await CallLine.open(access);
    const answer = await this.#line.push(publishOffer(ice), [
      { mid: SOUND_MID, trackName: SOUND_TRACK },
      { mid: PICTURE_MID, trackName: PICTURE_TRACK },
    ]);
    const there = iceOf(answer);
    this.#connection.setRemoteDescription(innerAnswer(answer, there.ice, there.setup), "answer");
    await this.#until("a connection", () => this.#track.isOpen());
    this.#streams = this.#shapes(clips).map((shape) => {
      const firstMs = performance.now() + Math.random() * shape.everyMs;
      return new OutgoingStream(shape, firstMs, this.#nextTransportNumber, this.#send);
    });
  }

  #shapes({ voice, layers }: CallClips): StreamShape[] {
    const everyMs = 1000 / CLIP_RATE;
    const picture = { kind: "video", mid: PICTURE_MID, payloadType: VP8, clock: 90_000, everyMs } as const;
    const sound = { kind: "audio", mid: SOUND_MID, payloadType: OPUS, clock: 48_000, everyMs: PACKET_MS } as const;
    return [
      { ...sound, clip: voice, rid: "", ssrc: randomSsrc() },
      ...RIDS.map((rid) => ({ ...picture, clip: layers[rid], rid, ssrc: randomSsrc() })),
    ];
  }

  async pull(tracks: readonly PulledTrack[]): Promise<void> {
    if (!this.#line || !this.#ice) throw new Error("no session yet");
    const offered = readSdp(await this.#line.pull(tracks)) ?? [];
    for (const { kind, direction, ssrcs, port } of offered) {
      const [ssrc] = ssrcs;
      if (port === 0 || direction !== "sendonly" || ssrc === undefined) continue;
      this.incoming.expect(ssrc, kind === "audio" ? "audio" : "video");
    }
    await this.#line.answer(answerTo(offered, this.#ice));
  }

  /** To be called every few ms. */
  turn(nowMs: number): void {
    this.#nowMs = nowMs;
    for (const stream of this.#streams) stream.turn(nowMs);
    if (nowMs - this.#reportedAtMs < REPORT_MS) return;
    this.#reportedAtMs = nowMs;
    for (const stream of this.#streams) this.#send(stream.report(nowMs));
    const states = this.incoming.states(nowMs);
    for (let from = 0; from < states.length; from += MAX_REPORT_BLOCKS) {
      this.#send(receiverReport(this.#ssrc, states.slice(from, from + MAX_REPORT_BLOCKS)));
    }
    if (states.length > 0) this.#send(estimate(this.#ssrc));
  }

  close(): void {
    this.#streams = [];
    this.#connection.close();
  }

  readonly #feedback: RtcpHandler = {
    senderReport: (ssrc, packet) => this.incoming.handleSenderReport(ssrc, packet, this.#nowMs),
    reportBlock: () => undefined,
    remb: () => undefined,
    keyframeRequest: (ssrc) => {
      this.keyframesAskedFor += 1;
      this.#streamOf(ssrc)?.restart();
    },
    nack: (ssrc, sequence) => {
      this.missed += 1;
      this.#streamOf(ssrc)?.repeat(sequence);
    },
  };

  #streamOf(ssrc: number): OutgoingStream | undefined {
    return this.#streams.find(({ shape }) => shape.ssrc === ssrc);
  }

  readonly #nextTransportNumber = (): number => {
    this.#transportNumber = (this.#transportNumber + 1) & 0xffff;
    return this.#transportNumber;
  };

  readonly #send = (packet: Buffer): void => {
    if (this.#track.isOpen()) this.#track.sendMessageBinary(packet);
  };

  async #until(what: string, holds: () => boolean): Promise<void> {
    await poll(what, async () => (holds() ? true : undefined), ASK_MS, PATIENCE_MS);
  }
}

/** Who is at the end of that description. */
function iceOf(sdp: string): { readonly ice: IceCredentials; readonly setup: string } {
  const line = readSdp(sdp)?.find(({ port, ice }) => port !== 0 && ice);
  if (!line?.ice) throw new Error("a description without ICE credentials");
  return { ice: line.ice, setup: line.setup };
}

/** REMB: what the receiver believes that its network takes. */
function estimate(sender: number): Buffer {
  const exponent = Math.max(0, Math.ceil(Math.log2(ESTIMATE_BITS)) - 18);
  const mantissa = Math.floor(ESTIMATE_BITS / 2 ** exponent);
  const packet = Buffer.alloc(20);
  packet[0] = 0x8f;
  packet[1] = 206;
  packet.writeUInt16BE(4, 2);
  packet.writeUInt32BE(sender, 4);
  packet.write("REMB", 12, "latin1");
  packet[17] = (exponent << 2) | (mantissa >> 16);
  packet.writeUInt16BE(mantissa & 0xffff, 18);
  return packet;
}

const randomSsrc = (): number => randomInt(1, 0x7fffffff);
