import { type EpochConfig, makeConfig, OPUS_PRE_SKIP } from "#media/epoch-config.ts";
import type { AudioFormat } from "#protocol/epoch-format.ts";
import { isCodecFailure } from "./codec-trial.ts";

export const OPUS_RATE = 48_000;

/** Samples of one packet: 20 ms. */
export const PACKET_FRAMES = 960;
export const PACKET_US = 20_000;

/** Plenty for speech and good for music; Opus is transparent from about 64 kbit/s a channel. */
const BITRATE = { 1: 128_000, 2: 192_000 } as const;

/** One packet, with what its input was. */
export interface EncodedPacketOf<Tag> {
  readonly data: Uint8Array;
  readonly tag: Tag;
  readonly config: EpochConfig;
}

export interface OpusEncodeListener<Tag> {
  onPacket(packet: EncodedPacketOf<Tag>): void;
  /** The encoder is gone, and with it the input of these tags; the next block makes another. */
  onFailure(lost: readonly Tag[], detail: string): void;
}

/**
 * Opus packets of 20 ms from blocks of exactly 960 samples, one out for each in. The encoder's own stamps are not used: it
 * counts samples and knows nothing of jumps or drift. A packet's sound lies {@link OPUS_PRE_SKIP} samples later in what a decoder
 * puts out.
 */
export class OpusEncode<Tag> {
  readonly format: AudioFormat;
  readonly #listener: OpusEncodeListener<Tag>;
  #encoder: AudioEncoder | undefined;
  #config: EpochConfig;
  #waiting: Tag[] = [];
  #blocks = 0;

  constructor(channels: 1 | 2, listener: OpusEncodeListener<Tag>) {
    this.format = { kind: "audio", codec: "opus", sampleRate: OPUS_RATE, channels };
    this.#config = makeConfig(this.format);
    this.#listener = listener;
  }

  get queue(): number {
    return this.#waiting.length;
  }

  /** @param planes one after the other, each {@link PACKET_FRAMES} long */
  encode(planes: Float32Array<ArrayBuffer>, tag: Tag): void {
    const encoder = this.#ready();
    const data = new AudioData({
      format: "f32-planar",
      sampleRate: OPUS_RATE,
      numberOfFrames: PACKET_FRAMES,
      numberOfChannels: this.format.channels,
      timestamp: this.#blocks * PACKET_US,
      data: planes,
    });
    this.#blocks += 1;
    this.#waiting.push(tag);
    try {
      encoder.encode(data);
    } catch (error) {
      if (!isCodecFailure(error)) throw error;
      this.#failed(error);
    } finally {
      data.close();
    }
  }

  /**
   * Everything out, as if silence followed.
   * @param last tag for the packet that holds the encoder's look-ahead; without it that packet is left out
   */
  async flush(last: Tag | undefined): Promise<void> {
    const encoder = this.#encoder;
    if (encoder?.state !== "configured") return;
    if (last !== undefined) this.#waiting.push(last);
    try {
      await encoder.flush();
    } catch (error) {
      if (!isCodecFailure(error)) throw error;
      this.#failed(error);
    }
    this.#waiting = [];
  }

  close(): void {
    const encoder = this.#encoder;
    this.#encoder = undefined;
    if (encoder && encoder.state !== "closed") encoder.close();
  }

  #ready(): AudioEncoder {
    if (this.#encoder?.state === "configured") return this.#encoder;
    const encoder = new AudioEncoder({
      output: (chunk, metadata) => this.#output(chunk, metadata?.decoderConfig),
      error: (error) => {
        if (encoder === this.#encoder) this.#failed(error);
      },
    });
    const { channels } = this.format;
    encoder.configure({
      codec: "opus",
      sampleRate: OPUS_RATE,
      numberOfChannels: channels,
      bitrate: BITRATE[channels],
      bitrateMode: "variable",
      opus: { frameDuration: PACKET_US },
    });
    this.#encoder = encoder;
    return encoder;
  }

  #output(chunk: EncodedAudioChunk, decoder: AudioDecoderConfig | undefined): void {
    if (decoder !== undefined) this.#config = this.#configFrom(decoder);
    const tag = this.#waiting.shift();
    if (tag === undefined) return;
    const data = new Uint8Array(chunk.byteLength);
    chunk.copyTo(data);
    this.#listener.onPacket({ data, tag, config: this.#config });
  }

  #configFrom(decoder: AudioDecoderConfig): EpochConfig {
    return makeConfig(this.format, decoder as Parameters<typeof makeConfig>[1]);
  }

  #failed(error: unknown): void {
    const encoder = this.#encoder;
    this.#encoder = undefined;
    if (encoder === undefined) return;
    if (encoder.state !== "closed") encoder.close();
    const lost = this.#waiting;
    this.#waiting = [];
    this.#listener.onFailure(lost, error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  }
}

/**
 * Whether the look-ahead still holds real sound when a last block is padded: then the extra packet of {@link OpusEncode.flush} is needed.
 * @param frames real samples in the last block, 1…960
 */
export function needsLookAhead(frames: number): boolean {
  return frames + OPUS_PRE_SKIP > PACKET_FRAMES;
}
