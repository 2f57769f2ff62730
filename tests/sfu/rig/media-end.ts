import nodeDataChannel from "node-datachannel";
import { rtpPacket } from "./packets.ts";

type Connection = InstanceType<typeof nodeDataChannel.PeerConnection>;
type Track = ReturnType<Connection["addTrack"]>;

const OPUS = 111;
const PATIENCE_MS = 20_000;

/** The other end of a session without a browser: sends and counts packets of sound. */
export class MediaEnd implements Disposable {
  readonly #connection: Connection;
  readonly #waiting = new Set<() => void>();
  readonly #sending = new Map<string, { track: Track; ssrc: number }>();
  /** Nobody else holds them, and one that is collected calls nobody any more. */
  readonly #receiving: Track[] = [];
  #state = "new";
  #sequence = 0;
  /** By mid: packets of sound, without reports. */
  readonly received = new Map<string, number>();

  constructor(iceServers: readonly string[] = []) {
    this.#connection = new nodeDataChannel.PeerConnection("test", {
      iceServers: [...iceServers],
      disableAutoNegotiation: true,
    });
    this.#connection.onStateChange((state) => {
      this.#state = state;
      this.#wake();
    });
    this.#connection.onTrack((track) => this.#listen(track));
  }

  /** A line to publish sound on. */
  addSound(mid: string, ssrc: number): void {
    const line = new nodeDataChannel.Audio(mid, "SendOnly");
    line.addOpusCodec(OPUS);
    line.addSSRC(ssrc, "test");
    const track = this.#connection.addTrack(line);
    this.#sending.set(mid, { track, ssrc });
  }

  async offer(): Promise<string> {
    this.#connection.setLocalDescription("offer");
    return this.#local();
  }

  accept(sdp: string): void {
    this.#connection.setRemoteDescription(sdp, "answer");
  }

  async answer(sdp: string): Promise<string> {
    this.#connection.setRemoteDescription(sdp, "offer");
    this.#connection.setLocalDescription("answer");
    return this.#local();
  }

  async #local(): Promise<string> {
    await this.#until("candidates", () => this.#connection.gatheringState() === "complete");
    return this.#connection.localDescription()?.sdp ?? "";
  }

  untilConnected(): Promise<void> {
    return this.#until("a connection", () => this.#state === "connected");
  }

  /** One packet on each line that publishes. */
  send(): void {
    this.#sequence++;
    for (const { track, ssrc } of this.#sending.values()) {
      if (!track.isOpen()) continue;
      const packet = { ssrc, payloadType: OPUS, sequence: this.#sequence, timestamp: this.#sequence * 960 };
      transmit(track, rtpPacket(packet));
    }
  }

  /** Any bytes, on the first line that publishes. @returns false when its own transport refuses them */
  sendRaw(packet: Buffer): boolean {
    const [first] = this.#sending.values();
    return first !== undefined && transmit(first.track, packet);
  }

  #listen(track: Track): void {
    this.#receiving.push(track);
    const mid = track.mid();
    track.onMessage((packet) => {
      const type = packet[1] ?? 0;
      if (type >= 192 && type <= 223) return;
      this.received.set(mid, (this.received.get(mid) ?? 0) + 1);
      this.#wake();
    });
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }

  #until(what: string, holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = () => {
        if (!holds()) return;
        clearTimeout(timer);
        clearInterval(poll);
        this.#waiting.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        clearInterval(poll);
        this.#waiting.delete(check);
        reject(new Error(`no ${what} within ${PATIENCE_MS} ms`));
      }, PATIENCE_MS);
      // Gathering ends without a call.
      const poll = setInterval(check, 20);
      this.#waiting.add(check);
      check();
    });
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

/** @returns false when SRTP refuses it: numbers that jump wildly look like a replay, and not every header can be encrypted */
function transmit(track: Track, packet: Buffer): boolean {
  try {
    return track.sendMessageBinary(packet);
  } catch (error) {
    if (error instanceof Error && error.message.includes("SRTP protect error")) return false;
    throw error;
  }
}
