import { PeakMeter } from "#core/audio/peaks.ts";
import { EPOCH_MAX_US } from "#protocol/epoch-format.ts";
import type { EpochConfig } from "#media/epoch-config.ts";
import type { EpochPacket } from "#media/epoch-writer.ts";
import type { AudioFormat } from "#protocol/epoch-format.ts";
import { type EncodedPacketOf, PACKET_US } from "./opus-encode.ts";
import type { TrackSession } from "./track-session.ts";

/** A hundred packets of a slow crystal are longer than 2 s by this much at most; the last one is cut to fit. */
const DRIFT_US = 1_000;

/** What is known of a packet before it is encoded. */
export interface PacketTag {
  /** Local µs of its first sample. */
  readonly atUs: number;
  /** Real samples in it: fewer than 960 at the end of a stretch. */
  readonly pcmFrames: number;
  /** It begins an epoch; the levels of the one before it. */
  readonly cut: { readonly peaks: string } | undefined;
}

/** Gathers Opus packets into slices, and levels beside them. */
export class AudioSlicer {
  readonly #session: TrackSession;
  readonly #media: AudioFormat;
  readonly meter = new PeakMeter();
  #epochFirstUs: number | undefined;
  #packets: EpochPacket[] = [];
  #config: EpochConfig | undefined;
  #pcmFrames = 0;
  #run = 0;

  constructor(session: TrackSession, media: AudioFormat) {
    this.#session = session;
    this.#media = media;
    this.#run = session.run;
  }

  /** Nothing has been gathered since the last seal. */
  get isEmpty(): boolean {
    return this.#packets.length === 0;
  }

  /** Decides, before the packet is encoded, whether it begins an epoch. */
  tag(atUs: number, pcmFrames: number): PacketTag {
    const first = this.#epochFirstUs;
    if (first !== undefined && this.#fits(first, atUs)) return { atUs, pcmFrames, cut: undefined };
    this.#epochFirstUs = atUs;
    return { atUs, pcmFrames, cut: first === undefined ? undefined : { peaks: this.meter.take() } };
  }

  /** Time without sound before the packet at `nextUs`, samples; it counts for the levels if that packet is in the same epoch. */
  skip(nextUs: number, frames: number): void {
    const first = this.#epochFirstUs;
    if (first !== undefined && this.#fits(first, nextUs)) this.meter.skip(frames);
  }

  #fits(firstUs: number, atUs: number): boolean {
    return atUs + PACKET_US - firstUs <= EPOCH_MAX_US + DRIFT_US;
  }

  add({ data, tag, config }: EncodedPacketOf<PacketTag>): void {
    const timestampUs = this.#session.trackUs(tag.atUs);
    if (tag.cut) this.#seal(tag.cut.peaks, timestampUs);
    this.#config ??= config;
    this.#fixDuration(timestampUs);
    this.#packets.push({ data, timestampUs, durationUs: PACKET_US, keyframe: true });
    this.#pcmFrames += tag.pcmFrames;
    this.#session.encoded += tag.pcmFrames;
  }

  /** Hands over what was gathered: the end of the track, or nothing has come for a while. */
  sealRest(): void {
    this.#epochFirstUs = undefined;
    this.#seal(this.meter.take(), undefined);
  }

  #seal(peaks: string, nextUs: number | undefined): void {
    const packets = this.#packets;
    const config = this.#config;
    if (nextUs !== undefined) this.#fixDuration(nextUs);
    const last = packets.at(-1);
    const first = packets[0];
    if (first === undefined || last === undefined || config === undefined) return;
    const most = first.timestampUs + EPOCH_MAX_US - last.timestampUs;
    if (last.durationUs > most) packets[packets.length - 1] = { ...last, durationUs: most };
    const pcmFrames = this.#pcmFrames;
    this.#packets = [];
    this.#pcmFrames = 0;
    const gaps = this.#session.ledger.take(last.timestampUs + last.durationUs);
    const run = this.#run;
    this.#session.sealer.seal({ packets, config, media: this.#media, run, gaps, pcmFrames, peaks });
  }

  /** A packet is as long as the time to the next one: 20 ms and some µs of drift, unless time is missing in between. */
  #fixDuration(nextUs: number): void {
    const last = this.#packets.at(-1);
    if (last === undefined) return;
    const durationUs = nextUs - last.timestampUs;
    if (Math.abs(durationUs - PACKET_US) < PACKET_US / 10) {
      this.#packets[this.#packets.length - 1] = { ...last, durationUs };
    }
  }
}
