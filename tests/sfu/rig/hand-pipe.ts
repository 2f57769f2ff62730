import type { IceCredentials } from "../../../sfu/sdp/read-sdp.ts";
import type { MediaPipe, PipeState, RemoteTransport } from "../../../sfu/transport/media-pipe.ts";

let made = 0;

/** A transport that connects when the test says so, and keeps what is sent. */
export class HandPipe implements MediaPipe {
  readonly local: IceCredentials;
  readonly sent: Buffer[] = [];
  readonly number = ++made;
  state: PipeState = "connecting";
  remote: RemoteTransport | undefined;
  closed = false;
  onPacket: (packet: Buffer) => void = () => undefined;
  onState: (state: PipeState) => void = () => undefined;

  constructor() {
    const fingerprint = `sha-256 ${Array.from({ length: 32 }, () => "AB").join(":")}`;
    this.local = { ufrag: `sfu${this.number}`, password: "p".repeat(24), fingerprint };
  }

  connect(remote: RemoteTransport): void {
    this.remote = remote;
  }

  move(state: PipeState): void {
    this.state = state;
    this.onState(state);
  }

  send(packet: Buffer): boolean {
    if (this.state === "open") this.sent.push(packet);
    return this.state === "open";
  }

  close(): void {
    this.closed = true;
    this.move("lost");
  }
}
