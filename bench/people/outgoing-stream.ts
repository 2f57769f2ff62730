import type { Clip } from "./call-clips.ts";

/** Header extension ids of every description that `descriptions.ts` writes. */
export const EXTENSION_ID = { audioLevel: 1, sendTime: 2, transportNumber: 3, mid: 4, rid: 10 } as const;

/** One encoding of one line, as it is sent. */
export interface StreamShape {
  readonly clip: Clip;
  readonly kind: "audio" | "video";
  readonly mid: string;
  /** Empty: no simulcast. */
  readonly rid: string;
  readonly ssrc: number;
  readonly payloadType: number;
  /** Of RTP time, ticks/s. */
  readonly clock: number;
  /** From frame to frame, ms. */
  readonly everyMs: number;
}

/** As libwebrtc divides a frame: even pieces that fit 1,200 bytes with all headers. */
const MAX_PIECE = 1120;
/** Packets of one stream in one turn: a key frame is paced, as a browser's is. */
const PACED = 4;
/** Until the SFU has surely seen whose SSRC it is; browsers stop naming it then too. */
const NAMED_PACKETS = 150;
/** For those that the SFU has missed. */
const KEPT = 512;
/** −30 dBov, and a voice. */
const LEVEL = 0x80 | 30;
/** From 1900 to 1970, s. */
const NTP_EPOCH_S = 2_208_988_800;

/** Sends a clip again and again at its own pace, as RTP. A key frame that is asked for is the clip's beginning. */
export class OutgoingStream {
  readonly shape: StreamShape;
  readonly #nextTransportNumber: () => number;
  readonly #send: (packet: Buffer) => void;
  readonly #kept: (Buffer | undefined)[] = Array.from({ length: KEPT });
  #queue: { readonly piece: Buffer; readonly first: boolean; readonly last: boolean; readonly timestamp: number }[] =
    [];
  #dueMs: number;
  #index = 0;
  #frames = 0;
  #picture = Math.floor(Math.random() * 0x4000);
  #sequence = Math.floor(Math.random() * 0x4000);
  readonly #firstTimestamp = Math.floor(Math.random() * 0x7fffffff);
  #octets = 0;
  packets = 0;

  /** @param firstMs when the first frame is due, ms of `performance.now()` */
  constructor(shape: StreamShape, firstMs: number, nextTransportNumber: () => number, send: (packet: Buffer) => void) {
    this.shape = shape;
    this.#dueMs = firstMs;
    this.#nextTransportNumber = nextTransportNumber;
    this.#send = send;
  }

  restart(): void {
    this.#index = 0;
    this.#queue = [];
  }

  /** To be called every few ms. */
  turn(nowMs: number): void {
    for (; this.#dueMs <= nowMs; this.#dueMs += this.shape.everyMs) this.#enqueue();
    for (const { piece, first, last, timestamp } of this.#queue.splice(0, PACED)) {
      this.#emit(piece, first, last, timestamp, nowMs);
    }
  }

  #enqueue(): void {
    const { clip, clock, everyMs } = this.shape;
    const frame = clip[this.#index];
    if (!frame) throw new Error("the clip is empty");
    const timestamp = (this.#firstTimestamp + Math.round((this.#frames * everyMs * clock) / 1000)) >>> 0;
    this.#index = (this.#index + 1) % clip.length;
    this.#frames += 1;
    const pieces = Math.ceil(frame.length / MAX_PIECE);
    for (let piece = 0; piece < pieces; piece += 1) {
      const from = Math.round((frame.length * piece) / pieces);
      const to = Math.round((frame.length * (piece + 1)) / pieces);
      const place = { first: piece === 0, last: piece === pieces - 1 };
      this.#queue.push({ piece: frame.subarray(from, to), ...place, timestamp });
    }
  }

  #emit(piece: Buffer, first: boolean, last: boolean, timestamp: number, nowMs: number): void {
    const isVideo = this.shape.kind === "video";
    if (isVideo && first) this.#picture = (this.#picture + 1) & 0x7fff;
    const extensions = this.#extensions(nowMs);
    const head = Buffer.alloc(12);
    head[0] = 0x90;
    head[1] = (isVideo && last ? 0x80 : 0) | this.shape.payloadType;
    head.writeUInt16BE(this.#sequence, 2);
    head.writeUInt32BE(timestamp, 4);
    head.writeUInt32BE(this.shape.ssrc, 8);
    const packet = Buffer.concat(
      isVideo ? [head, extensions, this.#descriptor(first), piece] : [head, extensions, piece],
    );
    this.#kept[this.#sequence % KEPT] = packet;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.packets += 1;
    this.#octets += piece.length;
    this.#send(packet);
  }

  /** RFC 7741, with the numbers that libwebrtc sends: every picture in the base layer. */
  #descriptor(first: boolean): Buffer {
    const picture = this.#picture;
    return Buffer.from([first ? 0x90 : 0x80, 0xe0, 0x80 | (picture >> 8), picture & 0xff, picture & 0xff, 0]);
  }

  #extensions(nowMs: number): Buffer {
    const { kind, mid, rid } = this.shape;
    const number = this.#nextTransportNumber();
    const seconds = Math.round((nowMs / 1000) * 2 ** 18) & 0xffffff;
    const items = [
      ...one(EXTENSION_ID.transportNumber, [number >> 8, number & 0xff]),
      ...one(EXTENSION_ID.sendTime, [seconds >> 16, (seconds >> 8) & 0xff, seconds & 0xff]),
      ...(kind === "audio" ? one(EXTENSION_ID.audioLevel, [LEVEL]) : []),
      ...(this.packets < NAMED_PACKETS ? one(EXTENSION_ID.mid, [...Buffer.from(mid)]) : []),
      ...(this.packets < NAMED_PACKETS && rid !== "" ? one(EXTENSION_ID.rid, [...Buffer.from(rid)]) : []),
    ];
    const words = Math.ceil(items.length / 4);
    const block = Buffer.alloc(4 + words * 4);
    block.writeUInt16BE(0xbede, 0);
    block.writeUInt16BE(words, 2);
    block.set(items, 4);
    return block;
  }

  /** @returns whether the packet is still there to be sent again */
  repeat(sequence: number): boolean {
    const packet = this.#kept[sequence % KEPT];
    if (packet?.readUInt16BE(2) !== sequence) return false;
    this.#send(packet);
    return true;
  }

  /** A sender report (RFC 3550), as of now. */
  report(nowMs: number): Buffer {
    const { ssrc, clock, everyMs } = this.shape;
    const wallS = (performance.timeOrigin + nowMs) / 1000 + NTP_EPOCH_S;
    // The newest frame was due at `#dueMs − everyMs`; the report's time lies that much later.
    const sinceNewestMs = nowMs - (this.#dueMs - everyMs);
    const ticks = (((this.#frames - 1) * everyMs + sinceNewestMs) * clock) / 1000;
    const packet = Buffer.alloc(28);
    packet[0] = 0x80;
    packet[1] = 200;
    packet.writeUInt16BE(6, 2);
    packet.writeUInt32BE(ssrc, 4);
    packet.writeUInt32BE(Math.floor(wallS) >>> 0, 8);
    packet.writeUInt32BE(Math.floor((wallS % 1) * 2 ** 32), 12);
    packet.writeUInt32BE((this.#firstTimestamp + Math.round(ticks)) >>> 0, 16);
    packet.writeUInt32BE(this.packets >>> 0, 20);
    packet.writeUInt32BE(this.#octets >>> 0, 24);
    return packet;
  }
}

function one(id: number, data: readonly number[]): number[] {
  return [(id << 4) | (data.length - 1), ...data];
}
