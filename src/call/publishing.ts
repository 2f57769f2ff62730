import { cameraEncodings, type Encoding, screenEncodings, soundEncodings } from "#core/call/send-shape.ts";
import type { Sent } from "#core/ports/live-call.ts";
import type { CallTrack } from "#protocol/call.ts";
import type { Source } from "#protocol/ids.ts";
import type { CallSession, PushedLine } from "./call-session.ts";
import type { QuietMedia } from "./quiet-media.ts";

/** What is sent of one source, whatever session there is. */
interface Outlet {
  readonly sent: Sent<MediaStreamTrack> | undefined;
  /** Our clone of the device's track, or silence, or black. */
  readonly track: MediaStreamTrack;
  readonly isClone: boolean;
}

/** What this device sends, kept over sessions. */
export class Publishing {
  readonly #quiet: QuietMedia;
  readonly #changed: () => void;
  readonly #outlets = new Map<Source, Outlet>();
  #lines = new Map<Source, PushedLine>();
  /** What was published last: it stays so until the next session has it, since others would only lose sight of it. */
  readonly #known = new Map<Source, CallTrack>();
  #session: CallSession | null = null;
  #step = 0;

  constructor(quiet: QuietMedia, changed: () => void) {
    this.#quiet = quiet;
    this.#changed = changed;
  }

  /** What others may pull: tracks through which something flows. */
  get published(): readonly CallTrack[] {
    const session = this.#session;
    for (const [source, { trackName }] of this.#lines) {
      if (trackName === null || session === null) continue;
      this.#known.set(source, { source, session: session.id, trackName, simulcast: source === "camera" });
    }
    return [...this.#known.values()].filter(({ source }) => this.#outlets.get(source)?.sent !== undefined);
  }

  /** Nothing is published any more: there is no call. */
  forget(): void {
    this.#known.clear();
  }

  /** The microphone's line: always there, so that a session has one; its sender tells of the path and of the own level. */
  get voice(): RTCRtpSender | null {
    return this.#lines.get("microphone")?.transceiver.sender ?? null;
  }

  send(source: Source, sent: Sent<MediaStreamTrack> | undefined): void {
    const before = this.#outlets.get(source);
    if (before !== undefined && before.sent === sent) return;
    if (before === undefined && sent === undefined) return;
    const outlet = sent === undefined ? this.#without(source) : this.#outlet(source, sent);
    if (sent === undefined) this.#known.delete(source);
    if (outlet === null) this.#outlets.delete(source);
    else this.#outlets.set(source, outlet);
    this.#bring(source);
    if (before?.isClone) before.track.stop();
    this.#changed();
  }

  /** Publishes all that is sent in a new session; `null`: there is none. */
  use(session: CallSession | null): void {
    this.#session = session;
    this.#lines = new Map();
    if (session === null) return;
    if (!this.#outlets.has("microphone")) this.#outlets.set("microphone", this.#silent());
    for (const source of this.#outlets.keys()) this.#bring(source);
  }

  /** How much of the pictures is sent: see `SEND_STEPS`. Also follows cameras whose size has changed. */
  shape(step: number): void {
    this.#step = step;
    for (const [source, line] of this.#lines) {
      const outlet = this.#outlets.get(source);
      if (outlet && isPicture(source)) line.shape(this.#encodings(source, outlet));
    }
  }

  close(): void {
    for (const { isClone, track } of this.#outlets.values()) if (isClone) track.stop();
    this.#outlets.clear();
    this.#known.clear();
    this.use(null);
  }

  #bring(source: Source): void {
    const outlet = this.#outlets.get(source);
    const line = this.#lines.get(source);
    if (this.#session === null) return;
    if (outlet === undefined) {
      this.#lines.delete(source);
      this.#known.delete(source);
      void line?.close();
      return;
    }
    if (line === undefined) {
      this.#lines.set(source, this.#session.push(outlet.track, this.#encodings(source, outlet)));
      return;
    }
    line.replace(outlet.track);
    if (isPicture(source)) line.shape(this.#encodings(source, outlet));
  }

  #outlet(source: Source, sent: Sent<MediaStreamTrack>): Outlet {
    if (sent === "nothing") {
      return { sent, track: isPicture(source) ? this.#quiet.black() : this.#quiet.silence(), isClone: false };
    }
    const track = sent.clone();
    if (source === "screen") track.contentHint = "detail";
    if (source === "screen-audio") track.contentHint = "music";
    return { sent, track, isClone: true };
  }

  /** The microphone's line is never closed: a session whose last line is closed is of no more use. */
  #without(source: Source): Outlet | null {
    return source === "microphone" ? this.#silent() : null;
  }

  #silent(): Outlet {
    return { sent: undefined, track: this.#quiet.silence(), isClone: false };
  }

  #encodings(source: Source, { track }: Outlet): readonly Encoding[] {
    if (source === "microphone" || source === "screen-audio") return soundEncodings(source);
    const size = track.getSettings();
    return source === "camera" ? cameraEncodings(size, this.#step) : screenEncodings(size, this.#step);
  }
}

function isPicture(source: Source): boolean {
  return source === "camera" || source === "screen";
}
