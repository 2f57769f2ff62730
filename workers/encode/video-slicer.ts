import type { EpochConfig } from "#media/epoch-config.ts";
import { EPOCH_MAX_US, type VideoFormat } from "#protocol/epoch-format.ts";
import type { EncodedFrame } from "./video-encode.ts";
import type { TrackSession } from "./track-session.ts";

interface Packet {
  readonly data: Uint8Array;
  readonly timestampUs: number;
  durationUs: number;
  readonly keyframe: boolean;
}

/** Longer than this many usual intervals after a frame, and what lies between is no part of it. */
const HOLDS_INTERVALS = 1.5;

/** Gathers encoded frames into slices that begin with a key frame that was asked for. */
export class VideoSlicer {
  readonly #session: TrackSession;
  /** Whether a frame stands until the next one, however late that comes: a still screen. */
  readonly #holds: boolean;
  #packets: Packet[] = [];
  #config: EpochConfig | undefined;
  #media: VideoFormat | undefined;
  #lastConfig: EpochConfig | undefined;

  constructor(session: TrackSession, holds: boolean) {
    this.#session = session;
    this.#holds = holds;
  }

  /** Track µs of the first frame of the slice that is being gathered. */
  get firstUs(): number | undefined {
    return this.#packets[0]?.timestampUs;
  }

  /**
   * @param cut this frame begins a slice
   * @param intervalUs the camera's usual interval
   */
  add(frame: EncodedFrame, atLocalUs: number, cut: boolean, intervalUs: number): void {
    const timestampUs = this.#session.trackUs(atLocalUs);
    const configChanged = this.#config !== undefined && frame.config !== this.#config;
    if (this.#packets.length > 0 && frame.keyframe && (cut || configChanged)) this.seal(timestampUs, intervalUs);
    const last = this.#packets.at(-1);
    if (last) last.durationUs = timestampUs - last.timestampUs;
    else if (!frame.keyframe) return;
    this.#config = frame.config;
    this.#media = frame.media;
    this.#packets.push({
      data: frame.data,
      timestampUs,
      durationUs: Math.round(intervalUs),
      keyframe: frame.keyframe,
    });
    this.#session.encoded += 1;
  }

  /** Hands what was gathered to the sealer. `nextUs`: where the next frame lies, track µs; `undefined`: nobody knows. */
  seal(nextUs: number | undefined, intervalUs: number): void {
    const packets = this.#packets;
    const first = packets[0];
    const last = packets.at(-1);
    const media = this.#media;
    const config = this.#config;
    if (!first || !last || !media || !config) return;
    const until = nextUs === undefined ? intervalUs : nextUs - last.timestampUs;
    const stands = this.#holds || until <= HOLDS_INTERVALS * intervalUs ? until : intervalUs;
    const most = first.timestampUs + EPOCH_MAX_US - last.timestampUs;
    last.durationUs = Math.max(1, Math.round(Math.min(stands, most)));
    if (this.#lastConfig !== undefined && this.#lastConfig !== config) this.#session.run += 1;
    this.#lastConfig = config;
    this.#packets = [];
    const endUs = last.timestampUs + last.durationUs;
    const gaps = this.#session.ledger.take(endUs);
    this.#session.sealer.seal({ packets, config, media, run: this.#session.run, gaps, pcmFrames: 0, peaks: "" });
  }

  /** The next slice is of another run even if the codec's config stays: the device was changed or came back. */
  newRun(): void {
    if (this.#lastConfig !== undefined) this.#session.run += 1;
    this.#lastConfig = undefined;
  }
}
