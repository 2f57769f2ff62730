import { randomBytes } from "node:crypto";
import nodeDataChannel from "node-datachannel";
import type { IceCredentials } from "../sdp/read-sdp.ts";
import { makeCertificate } from "./certificate.ts";
import type { MediaPipe, PipeState, RemoteTransport } from "./media-pipe.ts";

/**
 * libdatachannel as a plain pipe. Its own description has one made-up line that is never negotiated again, whatever
 * the session negotiates with the browser: RTP of all lines goes through that line's track as it is.
 *
 * It always plays the answering, controlled side, also where the SFU offers, with credentials that are made here. As an
 * offerer it has a race: the browser's checks begin before its answer has arrived, ICE and DTLS finish while the answer
 * is being read, and the browser's certificate is refused because its fingerprint is not known yet.
 */

type Connection = InstanceType<typeof nodeDataChannel.PeerConnection>;
type Track = Parameters<Parameters<Connection["onTrack"]>[0]>[0];

const INNER_MID = "0";
const INNER_PAYLOAD_TYPE = 96;
/** Ethernet: what browsers' 1200-byte packets and DTLS records fit into. */
const MTU = 1500;

export interface PipeSettings {
  /** The UDP port that all pipes of the process share. */
  readonly mediaPort: number;
  /** Undefined: all addresses of the machine. */
  readonly bindAddress: string | undefined;
}

export class NdcPipe implements MediaPipe {
  readonly local: IceCredentials;
  onPacket: (packet: Buffer) => void = () => undefined;
  onState: (state: PipeState) => void = () => undefined;
  readonly #connection: Connection;
  #track: Track | undefined;
  #state: PipeState = "connecting";
  #closed = false;

  constructor(name: string, settings: PipeSettings) {
    const { certificatePem, keyPem, fingerprint } = makeCertificate();
    this.local = { ufrag: iceText(6), password: iceText(18), fingerprint };
    this.#connection = new nodeDataChannel.PeerConnection(name, {
      iceServers: [],
      disableAutoNegotiation: true,
      enableIceUdpMux: true,
      portRangeBegin: settings.mediaPort,
      portRangeEnd: settings.mediaPort,
      mtu: MTU,
      certificatePemFile: certificatePem,
      keyPemFile: keyPem,
      ...(settings.bindAddress === undefined ? {} : { bindAddress: settings.bindAddress }),
    });
    this.#connection.onStateChange((state) => this.#onConnectionState(state));
    this.#connection.onTrack((track) => this.#use(track));
  }

  get state(): PipeState {
    return this.#state;
  }

  connect(remote: RemoteTransport): void {
    const { ufrag, password } = this.local;
    this.#connection.setRemoteDescription(innerDescription(remote), "offer");
    this.#connection.setLocalDescription("answer", { iceUfrag: ufrag, icePwd: password });
  }

  send(packet: Buffer): boolean {
    if (this.#state !== "open" || !this.#track) return false;
    try {
      return this.#track.sendMessageBinary(packet);
    } catch (error) {
      if (!isRefusedPacket(error)) throw error;
      return false;
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#move("lost");
    this.#connection.close();
  }

  #use(track: Track): void {
    this.#track = track;
    track.onMessage((packet) => {
      if (!this.#closed) this.onPacket(packet);
    });
    track.onOpen(() => this.#move("open"));
  }

  #onConnectionState(state: string): void {
    if (state === "disconnected") this.#move("interrupted");
    else if (state === "connected" && this.#track?.isOpen()) this.#move("open");
    else if (state === "failed" || state === "closed") this.#move("lost");
  }

  #move(state: PipeState): void {
    if (this.#state === state || this.#state === "lost") return;
    this.#state = state;
    this.onState(state);
  }
}

/**
 * The track closes in libdatachannel's own thread, a moment before this one hears of it; and a packet may be too large
 * once it has the subscriber's extensions.
 */
function isRefusedPacket(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("libdatachannel error while sending track message");
}

function innerDescription(remote: RemoteTransport): string {
  return [
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    `a=group:BUNDLE ${INNER_MID}`,
    `m=video 9 UDP/TLS/RTP/SAVPF ${INNER_PAYLOAD_TYPE}`,
    "c=IN IP4 0.0.0.0",
    `a=ice-ufrag:${remote.ufrag}`,
    `a=ice-pwd:${remote.password}`,
    `a=fingerprint:${remote.fingerprint}`,
    `a=setup:${remote.setup}`,
    `a=mid:${INNER_MID}`,
    "a=sendrecv",
    "a=rtcp-mux",
    `a=rtpmap:${INNER_PAYLOAD_TYPE} VP8/90000`,
    "",
  ].join("\r\n");
}

/** Random characters of those that ICE allows (RFC 8839), four for every three bytes. */
function iceText(bytes: number): string {
  return randomBytes(bytes).toString("base64");
}

/** Ends libdatachannel's threads, so that the process can end. All pipes must be closed. */
export function endTransport(): void {
  nodeDataChannel.cleanup();
}
