import { concat, date, type EbmlElement, element, encode, float64, idBytes, sizeBytes, uint, utf8 } from "./ebml.ts";
import { type MasterTrack, trackEntry } from "./tracks.ts";

/** Where a master goes: positions ascend, but for the head, which is written again at the end. */
export interface MasterTarget {
  /** Writes the chunks one after another from `position` on. The chunks are not kept and not changed. */
  write(chunks: readonly Uint8Array[], position: number): Promise<void>;
}

export interface MasterHead {
  readonly title: string;
  /** ms since the Unix epoch. */
  readonly startedMs: number;
  readonly tracks: readonly MasterTrack[];
}

/** One packet of a master. */
export interface MasterPacket {
  readonly track: number;
  readonly data: Uint8Array;
  /** µs since the master's zero. */
  readonly timeUs: number;
  readonly durationUs: number;
  readonly keyframe: boolean;
}

const ID = {
  ebml: 0x1a45dfa3,
  segment: 0x18538067,
  seekHead: 0x114d9b74,
  seek: 0x4dbb,
  seekId: 0x53ab,
  seekPosition: 0x53ac,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  duration: 0x4489,
  dateUtc: 0x4461,
  title: 0x7ba9,
  muxingApp: 0x4d80,
  writingApp: 0x5741,
  tracks: 0x1654ae6b,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
  cues: 0x1c53bb6b,
  cuePoint: 0xbb,
  cueTime: 0xb3,
  cueTrackPositions: 0xb7,
  cueTrack: 0xf7,
  cueClusterPosition: 0xf1,
} as const;

const MS_NS = 1_000_000;

/** A cluster starts at a key frame after this long … */
const CLUSTER_MS = 1_000;
/** … at any packet after this long (block times are 16 bits signed: 32.7 s) … */
const CLUSTER_MAX_MS = 10_000;
/** … or this many bytes, so that memory stays flat. */
const CLUSTER_MAX_BYTES = 8 * 1024 * 1024;

const KEY = 0x80;

interface Cue {
  readonly ms: number;
  readonly track: number;
  readonly position: number;
}

/**
 * Writes one Matroska file (RFC 9559) as a stream: clusters go out as they fill, then the cues, and last the head
 * again with duration and positions. Memory is one cluster plus 16 bytes per cue. Packets must come in order of
 * time; their times are rounded to ms, the resolution of Matroska (rule DM5). No packet is changed.
 */
export class MatroskaWriter {
  readonly #target: MasterTarget;
  readonly #head: MasterHead;
  readonly #cueTrack: number;
  #position = 0;
  #segmentBody = 0;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #clusterMs = 0;
  #cues: Cue[] = [];
  #endUs = 0;

  constructor(target: MasterTarget, head: MasterHead) {
    this.#target = target;
    this.#head = head;
    const tracks = head.tracks;
    this.#cueTrack = (tracks.find((track) => track.config.kind === "video") ?? tracks[0])?.number ?? 1;
  }

  /** Bytes of the file so far, the cluster in progress not counted. */
  get position(): number {
    return this.#position;
  }

  async start(): Promise<void> {
    const head = this.#makeHead({ segmentBytes: 0, cuesAt: 0, durationMs: 0 });
    this.#segmentBody = head.segmentBody;
    await this.#put([head.bytes]);
  }

  async add(packet: MasterPacket): Promise<void> {
    const ms = Math.round(packet.timeUs / 1000);
    if (this.#chunks.length === 0 || this.#wantsCluster(packet, ms)) await this.#startCluster(packet, ms);
    const header = blockHeader(packet, ms - this.#clusterMs);
    this.#chunks.push(header, packet.data);
    this.#bytes += header.byteLength + packet.data.byteLength;
    this.#endUs = Math.max(this.#endUs, packet.timeUs + packet.durationUs);
  }

  #wantsCluster(packet: MasterPacket, ms: number): boolean {
    const age = ms - this.#clusterMs;
    if (age >= CLUSTER_MAX_MS || this.#bytes >= CLUSTER_MAX_BYTES) return true;
    const startsPicture = packet.keyframe && packet.track === this.#cueTrack;
    return startsPicture && age >= CLUSTER_MS;
  }

  async #startCluster(packet: MasterPacket, ms: number): Promise<void> {
    await this.#flushCluster();
    this.#clusterMs = Math.max(0, ms);
    const timestamp = encode(uint(ID.timestamp, this.#clusterMs));
    this.#chunks = [timestamp];
    this.#bytes = timestamp.byteLength;
    if (packet.keyframe) {
      this.#cues.push({ ms: this.#clusterMs, track: packet.track, position: this.#position - this.#segmentBody });
    }
  }

  async #flushCluster(): Promise<void> {
    if (this.#chunks.length === 0) return;
    const chunks = [idBytes(ID.cluster), sizeBytes(this.#bytes), ...this.#chunks];
    this.#chunks = [];
    this.#bytes = 0;
    await this.#put(chunks);
  }

  async #put(chunks: readonly Uint8Array[]): Promise<void> {
    await this.#target.write(chunks, this.#position);
    for (const chunk of chunks) this.#position += chunk.byteLength;
  }

  /** Ends the file. Resolves to its size and duration. */
  async finish(): Promise<{ bytes: number; durationUs: number }> {
    await this.#flushCluster();
    const cuesAt = this.#position - this.#segmentBody;
    await this.#put([encode(element(ID.cues, this.#cues.map(cuePoint)))]);
    const head = this.#makeHead({
      segmentBytes: this.#position - this.#segmentBody,
      cuesAt,
      durationMs: this.#endUs / 1000,
    });
    await this.#target.write([head.bytes], 0);
    return { bytes: this.#position, durationUs: this.#endUs };
  }

  /** Of the same length whatever the numbers are. */
  #makeHead(end: { segmentBytes: number; cuesAt: number; durationMs: number }): {
    bytes: Uint8Array;
    segmentBody: number;
  } {
    const ebml = encode(ebmlHeader());
    const info = encode(this.#info(end.durationMs));
    const tracks = encode(element(ID.tracks, this.#head.tracks.map(trackEntry)));
    const seekHeadBytes = encode(seekHead(0, 0, 0)).byteLength;
    const seek = encode(seekHead(seekHeadBytes, seekHeadBytes + info.byteLength, end.cuesAt));
    const segment = concat([idBytes(ID.segment), sizeBytes(end.segmentBytes, 8)]);
    return {
      bytes: concat([ebml, segment, seek, info, tracks]),
      segmentBody: ebml.byteLength + segment.byteLength,
    };
  }

  #info(durationMs: number): EbmlElement {
    return element(ID.info, [
      uint(ID.timestampScale, MS_NS),
      utf8(ID.title, this.#head.title),
      date(ID.dateUtc, this.#head.startedMs),
      utf8(ID.muxingApp, "Tapesync"),
      utf8(ID.writingApp, "Tapesync"),
      float64(ID.duration, durationMs),
    ]);
  }
}

function ebmlHeader(): EbmlElement {
  return element(ID.ebml, [
    uint(0x4286, 1), // EBMLVersion
    uint(0x42f7, 1), // EBMLReadVersion
    uint(0x42f2, 4), // EBMLMaxIDLength
    uint(0x42f3, 8), // EBMLMaxSizeLength
    utf8(0x4282, "matroska"), // DocType
    uint(0x4287, 4), // DocTypeVersion
    uint(0x4285, 2), // DocTypeReadVersion
  ]);
}

function seekHead(infoAt: number, tracksAt: number, cuesAt: number): EbmlElement {
  const seek = (id: number, at: number) =>
    element(ID.seek, [element(ID.seekId, idBytes(id)), uint(ID.seekPosition, at, 8)]);
  return element(ID.seekHead, [seek(ID.info, infoAt), seek(ID.tracks, tracksAt), seek(ID.cues, cuesAt)]);
}

function cuePoint(cue: Cue): EbmlElement {
  return element(ID.cuePoint, [
    uint(ID.cueTime, cue.ms),
    element(ID.cueTrackPositions, [uint(ID.cueTrack, cue.track), uint(ID.cueClusterPosition, cue.position)]),
  ]);
}

/** Id, size, track number (1…126), time in the cluster, flags. */
function blockHeader(packet: MasterPacket, relativeMs: number): Uint8Array {
  const size = sizeBytes(packet.data.byteLength + 4);
  const header = new Uint8Array(1 + size.byteLength + 4);
  header[0] = ID.simpleBlock;
  header.set(size, 1);
  const view = new DataView(header.buffer);
  view.setUint8(1 + size.byteLength, 0x80 | packet.track);
  view.setInt16(2 + size.byteLength, relativeMs);
  view.setUint8(4 + size.byteLength, packet.keyframe ? KEY : 0);
  return header;
}
