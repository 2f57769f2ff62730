import type { SessionMedia } from "../media/session-media.ts";
import type { IceCredentials, SdpLine } from "../sdp/read-sdp.ts";
import type { LocalTransport } from "../sdp/write-sdp.ts";
import type { MediaPipe } from "../transport/media-pipe.ts";
import { ApiError } from "./api-error.ts";

export interface TransportMaker {
  makePipe(sessionId: string): MediaPipe;
  /** Values of `a=candidate:`. */
  candidates(): readonly string[];
}

/** A line that says who is at the other end. */
type LiveLine = Pick<SdpLine, "ice" | "setup">;

/** The one transport of a session; after an ICE restart of the client another one in its place. */
export class SessionTransport {
  readonly #sessionId: string;
  readonly #maker: TransportMaker;
  readonly #media: SessionMedia;
  #pipe: MediaPipe | undefined;
  #remote: IceCredentials | undefined;
  #setup = "actpass";
  #troubledSince: number | undefined;
  #wasOpen = false;
  #waiting = new Set<() => void>();

  constructor(sessionId: string, maker: TransportMaker, media: SessionMedia) {
    this.#sessionId = sessionId;
    this.#maker = maker;
    this.#media = media;
  }

  get isOpen(): boolean {
    return this.#pipe?.state === "open";
  }

  get hasNone(): boolean {
    return this.#pipe === undefined;
  }

  /** @throws when nothing was negotiated yet */
  get local(): LocalTransport {
    if (!this.#pipe) throw ApiError.description("The description has no line with ICE credentials.");
    return { ...this.#pipe.local, setup: this.#setup, candidates: this.#maker.candidates() };
  }

  /**
   * The client offered. The first time that makes the transport; with other ICE credentials than before it is a
   * restart. libdatachannel cannot restart ICE, but browsers take another fingerprint together with new credentials for
   * another DTLS session, so a new transport takes the place of the old one.
   */
  answer({ ice }: LiveLine): void {
    if (!ice || this.#isSame(ice)) return;
    const before = this.#pipe;
    this.#connect(this.#make(), ice, "active");
    before?.close();
  }

  /** @returns whether this offer means another transport than the one there is, so that waiting for it is useless */
  restartsWith({ ice }: LiveLine): boolean {
    return this.#remote !== undefined && ice !== undefined && !this.#isSame(ice);
  }

  #isSame({ ufrag, password }: IceCredentials): boolean {
    return this.#remote?.ufrag === ufrag && this.#remote.password === password;
  }

  /** The SFU offers; makes the transport the first time. */
  offer(): void {
    if (!this.#pipe) this.#make();
  }

  /** The client answered. Only the first answer says something new. */
  accept({ ice, setup }: LiveLine): void {
    if (ice && !this.#remote && this.#pipe) this.#connect(this.#pipe, ice, setup === "passive" ? "passive" : "active");
  }

  #connect(pipe: MediaPipe, ice: IceCredentials, setup: "active" | "passive"): void {
    try {
      pipe.connect({ ...ice, setup });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      // libdatachannel throws plain errors about descriptions that it cannot use.
      throw ApiError.description(`The transport refused it: ${error.message}`);
    }
    this.#remote = ice;
    this.#setup = setup === "active" ? "passive" : "active";
  }

  #make(): MediaPipe {
    const pipe = this.#maker.makePipe(this.#sessionId);
    pipe.onState = (state) => {
      if (pipe !== this.#pipe) return;
      const isOpen = state === "open";
      if (isOpen) this.#troubledSince = undefined;
      else if (state !== "connecting") this.#troubledSince ??= performance.now();
      if (isOpen && !this.#wasOpen) this.#media.connected(performance.now());
      this.#wasOpen = isOpen;
      for (const wake of this.#waiting) wake();
    };
    this.#pipe = pipe;
    this.#wasOpen = false;
    // A pipe that never connects is in trouble from the beginning.
    this.#troubledSince = performance.now();
    this.#media.use(pipe);
    return pipe;
  }

  /** How long it has not been open, ms. */
  troubledFor(now: number): number {
    return this.#troubledSince === undefined ? 0 : now - this.#troubledSince;
  }

  /**
   * Returns at once before the first negotiation.
   * @throws {ApiError} 410 when the connection is lost, 425 when it does not come up in time
   */
  async untilConnected(patienceMs: number): Promise<void> {
    const until = performance.now() + patienceMs;
    while (this.#remote) {
      const state = this.#pipe?.state;
      if (state === "open") return;
      if (state === "lost") throw ApiError.sessionGone();
      const left = until - performance.now();
      if (left <= 0) throw ApiError.tooEarly();
      await this.#nextState(left);
    }
  }

  #nextState(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#waiting.add(wake);
    });
  }

  close(): void {
    this.#pipe?.close();
    for (const wake of this.#waiting) wake();
  }
}
