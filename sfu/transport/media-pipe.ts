import type { IceCredentials } from "../sdp/read-sdp.ts";

/** `open`: packets flow. `lost`: it will not come back to life. */
export type PipeState = "connecting" | "open" | "interrupted" | "lost";

/** The remote end, from its description. */
export interface RemoteTransport extends IceCredentials {
  /** The part of the DTLS handshake that the client plays. */
  readonly setup: "active" | "passive";
}

/** One client's ICE + DTLS-SRTP transport: RTP and RTCP packets in and out, decrypted. */
export interface MediaPipe {
  /** Who this end is: known before anything is negotiated. */
  readonly local: IceCredentials;
  readonly state: PipeState;
  /** Both are set once, before it connects. */
  onPacket: (packet: Buffer) => void;
  onState: (state: PipeState) => void;
  /** @throws {Error} when the description of the remote end is of no use */
  connect(remote: RemoteTransport): void;
  /** @returns false when it could not be sent */
  send(packet: Buffer): boolean;
  close(): void;
}
