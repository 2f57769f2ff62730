import type { SessionState, SimulcastWish } from "#protocol/realtime-api.ts";
import { Forwarder } from "../media/forwarder.ts";
import { Publication } from "../media/publication.ts";
import { randomSsrc, type SessionMedia, type StreamIdentity } from "../media/session-media.ts";
import type { RtpHeader } from "../rtp/rtp-packet.ts";
import { DOWNLINK_EXTENSIONS, DOWNLINK_FEEDBACK, EXTENSION, UPLINK_EXTENSIONS } from "../sdp/extensions.ts";
import { readSdp, type SdpLine } from "../sdp/read-sdp.ts";
import { type LocalTransport, writeSdp } from "../sdp/write-sdp.ts";
import { ApiError } from "./api-error.ts";
import { chooseCodec, repairOf, subscriberFmtp } from "./choose-codec.ts";
import { NegotiatedNumbers } from "./negotiated-numbers.ts";
import { isOpen, type PullLine, type PushLine, type SessionLine, stopped, writtenLine } from "./session-line.ts";

const MID = /^[A-Za-z0-9_+-]{1,16}$/;
const PROTOCOL = /^[A-Z/]{1,32}$/;
const RTP_PROTOCOL = /^(UDP|TCP)\/TLS\/RTP\/SAVPF$/;

/** The lines of one session: what was negotiated, what is published on it and what is pulled. */
export class SessionDescription {
  readonly #sessionId: string;
  readonly #media: SessionMedia;
  readonly #startKbps: number;
  readonly #onTransportNumberId: (id: number) => void;
  readonly #numbers = new NegotiatedNumbers();
  readonly #lines: SessionLine[] = [];
  readonly #publications = new Map<string, Publication>();
  #version = 0;
  #nextMid = 0;

  /** @param onTransportNumberId called when the client has told which extension numbers its packets */
  constructor(sessionId: string, media: SessionMedia, startKbps: number, onTransportNumberId: (id: number) => void) {
    this.#sessionId = sessionId;
    this.#media = media;
    this.#startKbps = startKbps;
    this.#onTransportNumberId = onTransportNumberId;
  }

  get openTracks(): number {
    return this.#lines.filter(isOpen).length;
  }

  line(mid: string): SessionLine | undefined {
    return this.#lines.find((line) => line.role !== "stopped" && line.mid === mid);
  }

  pullLine(mid: string): PullLine | undefined {
    const line = this.line(mid);
    return line?.role === "pull" ? line : undefined;
  }

  publication(trackName: string): Publication | undefined {
    return this.#publications.get(trackName);
  }

  midOf(publication: Publication): string | undefined {
    return this.#lines.find((line) => line.role === "push" && line.publication === publication)?.mid;
  }

  /** @throws {ApiError} 406 for what is no session description of this session */
  read(sdp: string): readonly SdpLine[] {
    const lines = readSdp(sdp);
    if (!lines || lines.length === 0) throw ApiError.description("This is no session description.");
    if (lines.length < this.#lines.length) throw ApiError.description("Lines of the session are missing.");
    const mids = new Set<string>();
    for (const { mid, port, protocol } of lines) {
      if (!PROTOCOL.test(protocol)) throw ApiError.description("A line has a strange protocol.");
      if (!MID.test(mid) || mids.has(mid)) throw ApiError.description("Every line needs a mid of its own.");
      if (port !== 0) mids.add(mid);
    }
    return lines;
  }

  /**
   * @param names of tracks to publish, by mid
   * @param closing mids whose tracks end
   */
  applyOffer(
    lines: readonly SdpLine[],
    names: ReadonlyMap<string, string>,
    closing: ReadonlySet<string>,
    now: number,
  ): void {
    this.#numbers.learn(lines);
    lines.forEach((offered, index) => {
      const line = this.#lineFor(offered, index);
      this.#lines[index] = line;
      if (line.role === "stopped") return;
      line.offered = offered.direction;
      if (closing.has(line.mid)) this.#end(line);
      const name = names.get(line.mid);
      if (line.role === "push" && name !== undefined) this.#publish(line, name, offered, now);
    });
  }

  #lineFor(offered: SdpLine, index: number): SessionLine {
    const before = this.#lines[index];
    const isSame = before !== undefined && before.mid === offered.mid && before.role !== "stopped";
    if (before && (!isSame || offered.port === 0)) this.#end(before);
    if (isSame && offered.port !== 0) return before;
    const line = offered.port === 0 ? undefined : this.#newPushLine(offered);
    if (line) return line;
    if (before && offered.port === 0) return { ...stopped(before), mid: offered.mid };
    const { kind, mid, protocol, codecs } = offered;
    return { role: "stopped", kind, mid, protocol, codec: codecs[0] };
  }

  /** @returns undefined when nothing on it can be forwarded */
  #newPushLine(offered: SdpLine): PushLine | undefined {
    const { kind, mid, protocol, rids, direction } = offered;
    if ((kind !== "audio" && kind !== "video") || !RTP_PROTOCOL.test(protocol)) return undefined;
    const codec = chooseCodec(offered.codecs, kind === "video", this.#startKbps);
    if (!codec) return undefined;
    const extensions = offered.extensions.filter(({ uri }) => UPLINK_EXTENSIONS[kind].includes(uri));
    const numbering = extensions.find(({ uri }) => uri === EXTENSION.transportNumber);
    if (numbering) this.#onTransportNumberId(numbering.id);
    const nothing = { publication: undefined, lastName: undefined };
    const repair = repairOf(codec, offered.codecs);
    return { role: "push", kind, mid, codec, repair, extensions, rids, offered: direction, ...nothing };
  }

  #publish(line: PushLine, name: string, offered: SdpLine, now: number): void {
    if (!offered.direction.startsWith("send")) return;
    if (line.publication?.name === name) return;
    this.#end(line);
    const track = { name, kind: line.kind, codec: line.codec, extensions: line.extensions, rids: line.rids };
    const publication = new Publication(this.#media, track, now);
    line.publication = publication;
    line.lastName = name;
    this.#publications.set(name, publication);
    if (line.rids.length > 0) return;
    // Browsers that number no lines in their packets name the stream here.
    const ssrc = offered.ssrcs.find((candidate) => !offered.repairSsrcs.includes(candidate));
    if (ssrc !== undefined && !this.#media.hasStream(ssrc)) this.#media.addStream(publication, ssrc, "", now);
  }

  #end(line: SessionLine): void {
    if (line.role === "push" && line.publication) {
      this.#media.removePublication(line.publication);
      this.#publications.delete(line.publication.name);
      line.publication = undefined;
    }
    if (line.role === "pull" && line.forwarder) {
      this.#media.removeForwarder(line.forwarder);
      line.forwarder = undefined;
    }
  }

  /** Lines that the client refused are stopped. */
  applyAnswer(lines: readonly SdpLine[]): void {
    lines.forEach((answered, index) => {
      const line = this.#lines[index];
      if (answered.port !== 0 || !line || line.role === "stopped") return;
      this.#end(line);
      this.#lines[index] = stopped(line);
    });
  }

  /** @returns the mid of the new line, undefined when the session has no number left for its codec */
  addPull(publication: Publication, wish: SimulcastWish, now: number): string | undefined {
    const { kind, codec } = publication;
    const payloadType = this.#numbers.payloadType(codec);
    if (payloadType === undefined) return undefined;
    const mid = this.#freeMid();
    const extensions = this.#numbers.extensions(DOWNLINK_EXTENSIONS[kind]);
    const ssrc = randomSsrc();
    const forwarder = new Forwarder(this.#media, { ssrc, payloadType, extensions }, publication, wish, now);
    this.#media.addForwarder(forwarder);
    const source = { sessionId: publication.publisher.sessionId, trackName: publication.name };
    const sent = { ...codec, payloadType, fmtp: subscriberFmtp(codec), feedback: DOWNLINK_FEEDBACK[kind] };
    const line: PullLine = {
      role: "pull",
      kind,
      mid,
      codec: sent,
      extensions,
      ssrc,
      offered: undefined,
      forwarder,
      source,
    };
    const place = this.#lines.findIndex(({ role, kind: was }) => role === "stopped" && was !== "application");
    if (place >= 0) this.#lines[place] = line;
    else this.#lines.push(line);
    return mid;
  }

  /** Never one that was used before: a browser would take the line for the old one. */
  #freeMid(): string {
    const used = new Set(this.#lines.map(({ mid }) => mid));
    while (used.has(String(this.#nextMid))) this.#nextMid++;
    return String(this.#nextMid++);
  }

  write(type: "offer" | "answer", transport: LocalTransport): string {
    this.#version++;
    const lines = this.#lines.map((line) => writtenLine(line, type));
    const sessionId = BigInt(`0x${this.#sessionId.slice(0, 12)}`).toString();
    return writeSdp({ type, sessionId, version: this.#version, transport, lines });
  }

  /** Finds the line of packets with an unknown SSRC by their MID and RID. */
  resolve(packet: Buffer, header: RtpHeader): StreamIdentity | undefined {
    let mid = "";
    let rid = "";
    for (let index = 0; index < header.extensions; index++) {
      const uri = this.#numbers.uriOf(header.extensionId(index));
      if (uri !== EXTENSION.mid && uri !== EXTENSION.rid && uri !== EXTENSION.repairedRid) continue;
      const from = header.extensionOffset(index);
      const text = packet.toString("latin1", from, from + header.extensionLength(index));
      if (uri === EXTENSION.mid) mid = text;
      else rid = text;
    }
    const line = this.#lines.find((candidate) => candidate.mid === mid && candidate.role === "push");
    if (line?.role !== "push" || !line.publication) return undefined;
    const isRepair = line.repair?.payloadType === header.payloadType;
    if (!isRepair && line.codec.payloadType !== header.payloadType) return undefined;
    if (line.rids.length > 0 ? !line.rids.includes(rid) : rid !== "") return undefined;
    return { publication: line.publication, rid, isRepair };
  }

  close(mids: ReadonlySet<string>): void {
    for (const line of this.#lines) if (mids.has(line.mid)) this.#end(line);
  }

  closeAll(): void {
    for (const line of this.#lines) this.#end(line);
  }

  /** Published tracks whose last packet is older end. */
  dropSilent(before: number): void {
    for (const line of this.#lines) {
      if (line.role === "push" && line.publication && line.publication.lastAt < before) this.#end(line);
    }
  }

  trackStates(): NonNullable<SessionState["tracks"]> {
    return this.#lines.flatMap((line): NonNullable<SessionState["tracks"]> => {
      if (line.role === "stopped") return [];
      const { mid } = line;
      if (line.role === "push") {
        if (line.lastName === undefined) return [];
        return [{ location: "local", mid, trackName: line.lastName, status: line.publication ? "active" : "inactive" }];
      }
      const isActive = line.forwarder && !line.forwarder.publication.closed;
      return [{ location: "remote", mid, ...line.source, status: isActive ? "active" : "inactive" }];
    });
  }
}
