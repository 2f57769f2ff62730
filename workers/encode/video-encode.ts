import { configBytes, type EpochConfig, makeConfig } from "#media/epoch-config.ts";
import type { Picture } from "#core/video/codec-candidates.ts";
import type { CodecChoice } from "#protocol/encode-rpc.ts";
import type { VideoFormat } from "#protocol/epoch-format.ts";
import type { Source } from "#protocol/ids.ts";
import { encoderConfig, isCodecFailure } from "./codec-trial.ts";

/** DESIGN's limit: a longer queue only grows. */
export const MAX_QUEUE = 6;

const KEY: VideoEncoderEncodeOptions = { keyFrame: true };
const DELTA: VideoEncoderEncodeOptions = {};

/** One encoded frame, with its own copy of the bytes. */
export interface EncodedFrame {
  readonly data: Uint8Array;
  /** As on the frame that went in. */
  readonly stampUs: number;
  readonly keyframe: boolean;
  readonly config: EpochConfig;
  readonly media: VideoFormat;
}

export interface VideoEncodeListener {
  onFrame(frame: EncodedFrame): void;
  /** The encoder is gone with everything in it; {@link VideoEncode.configure} makes another. */
  onFailure(detail: string): void;
}

/** A `VideoEncoder` with the config of what it puts out. */
export class VideoEncode {
  readonly #source: Source;
  readonly #listener: VideoEncodeListener;
  #encoder: VideoEncoder | undefined;
  #media: VideoFormat | undefined;
  #config: EpochConfig | undefined;
  #warming = false;

  constructor(source: Source, listener: VideoEncodeListener) {
    this.#source = source;
    this.#listener = listener;
  }

  get queue(): number {
    return this.#encoder?.encodeQueueSize ?? 0;
  }

  /** Makes the encoder for a picture, or sets the one that is there anew. Flush first. */
  configure(choice: CodecChoice, picture: Picture): VideoFormat {
    if (this.#encoder === undefined || this.#encoder.state === "closed") this.#encoder = this.#make();
    this.#encoder.configure(encoderConfig(choice.codec, choice.bitrate, picture, this.#source));
    this.#config = undefined;
    this.#media = { kind: "video", codec: choice.codec, ...picture };
    return this.#media;
  }

  /** Encodes one frame for nothing, so that the first real one need not wait for the encoder to be made. */
  async warm(frame: VideoFrame): Promise<void> {
    this.#warming = true;
    try {
      this.encode(frame, true);
      await this.flush();
    } finally {
      this.#warming = false;
    }
  }

  /** The frame stays the caller's. */
  encode(frame: VideoFrame, key: boolean): void {
    try {
      this.#encoder?.encode(frame, key ? KEY : DELTA);
    } catch (error) {
      if (!isCodecFailure(error)) throw error;
      this.#failed(error);
    }
  }

  /** Resolves when everything has come out, or the encoder has failed. */
  async flush(): Promise<void> {
    if (this.#encoder?.state !== "configured") return;
    try {
      await this.#encoder.flush();
    } catch (error) {
      if (!isCodecFailure(error)) throw error;
      this.#failed(error);
    }
  }

  close(): void {
    const encoder = this.#encoder;
    this.#encoder = undefined;
    if (encoder && encoder.state !== "closed") encoder.close();
  }

  #make(): VideoEncoder {
    const encoder = new VideoEncoder({
      output: (chunk, metadata) => this.#output(chunk, metadata?.decoderConfig),
      error: (error) => {
        if (encoder === this.#encoder) this.#failed(error);
      },
    });
    return encoder;
  }

  #output(chunk: EncodedVideoChunk, decoder: VideoDecoderConfig | undefined): void {
    if (this.#media === undefined) return;
    if (decoder !== undefined) this.#learn(decoder, this.#media);
    if (this.#warming || this.#config === undefined) return;
    const data = new Uint8Array(chunk.byteLength);
    chunk.copyTo(data);
    this.#listener.onFrame({
      data,
      stampUs: chunk.timestamp,
      keyframe: chunk.type === "key",
      config: this.#config,
      media: this.#media,
    });
  }

  /** The same config again keeps its object, so that a new object means a new run. */
  #learn(decoder: VideoDecoderConfig, media: VideoFormat): void {
    const config = makeConfig(media, decoder as Parameters<typeof makeConfig>[1]);
    if (this.#config !== undefined && sameBytes(configBytes(config), configBytes(this.#config))) return;
    this.#config = config;
    this.#media = { ...media, codec: config.codec };
  }

  #failed(error: unknown): void {
    const encoder = this.#encoder;
    this.#encoder = undefined;
    if (encoder === undefined) return;
    if (encoder.state !== "closed") encoder.close();
    this.#listener.onFailure(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index]);
}
