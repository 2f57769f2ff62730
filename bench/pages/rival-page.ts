/**
 * What the studio's own pipeline is compared with, in an empty page: the same devices with the same settings, the same
 * `VideoEncoder` configuration, a preview of the same size. Nothing is kept.
 */
import { openDevices } from "#devices/open-devices.ts";
import { trackProcessor } from "#devices/track-processor.ts";
import { encoderConfig } from "../../workers/encode/codec-trial.ts";

export type RivalKind = "preview" | "bare" | "media-recorder";

export interface RivalSettings {
  readonly kind: RivalKind;
  /** What the studio chose on this machine. */
  readonly codec: string;
  readonly bitrate: number;
  /** CSS px of the preview, as the studio shows it. */
  readonly preview: { readonly width: number; readonly height: number };
}

/** What has come out so far. `frames` of MediaRecorder are not told: its file is counted afterwards. */
export interface RivalCounts {
  readonly frames: number;
  readonly bytes: number;
}

export interface RivalApi {
  start(
    settings: RivalSettings,
  ): Promise<{ readonly width: number; readonly height: number; readonly mimeType: string }>;
  counts(): RivalCounts;
  /** MediaRecorder's file as base64; empty for the others. */
  stop(): Promise<string>;
}

/** Key frames as often as the studio's. */
const KEY_EVERY_US = 2_000_000;
const OPUS_BITRATE = 128_000;
const FRAME_BUFFER = 8;

let frames = 0;
let bytes = 0;
let end: () => Promise<string> = () => Promise.resolve("");

const api: RivalApi = {
  async start(settings) {
    const opened = await openDevices({ camera: undefined, microphone: undefined });
    if (!opened.camera || !opened.microphone) throw new Error("no devices");
    await showPreview(opened.camera, settings.preview);
    const { width = 0, height = 0, frameRate = 30 } = opened.camera.getSettings();
    let mimeType = "";
    if (settings.kind === "bare") {
      const picture = { width, height, frameRate };
      const stops = [
        pumpVideo(opened.camera, encoderConfig(settings.codec, settings.bitrate, picture, "camera")),
        pumpSound(opened.microphone),
      ];
      end = async () => {
        await Promise.all(stops.map((stop) => stop()));
        return "";
      };
    } else if (settings.kind === "media-recorder") {
      mimeType = mimeTypeFor(settings.codec);
      end = recordMedia(new MediaStream([opened.camera, opened.microphone]), mimeType, settings.bitrate);
    }
    return { width, height, mimeType };
  },
  counts: () => ({ frames, bytes }),
  stop: () => end(),
};
Object.assign(globalThis, { rival: api });

async function showPreview(camera: MediaStreamTrack, size: RivalSettings["preview"]): Promise<void> {
  const video = document.createElement("video");
  video.muted = true;
  video.srcObject = new MediaStream([camera]);
  video.style.cssText = `width:${size.width}px;height:${size.height}px;object-fit:cover`;
  document.body.append(video);
  await video.play();
}

function pumpVideo(camera: MediaStreamTrack, config: VideoEncoderConfig): () => Promise<void> {
  const encoder = new VideoEncoder({
    output: (chunk) => {
      frames += 1;
      bytes += chunk.byteLength;
    },
    error: reportError,
  });
  encoder.configure(config);
  const reader = readerOf<VideoFrame>(camera, FRAME_BUFFER);
  let lastKeyUs = Number.NEGATIVE_INFINITY;
  const loop = async (): Promise<void> => {
    for (;;) {
      const { value: frame } = await reader.read();
      if (!frame) return;
      const keyFrame = frame.timestamp - lastKeyUs >= KEY_EVERY_US;
      if (keyFrame) lastKeyUs = frame.timestamp;
      encoder.encode(frame, { keyFrame });
      frame.close();
    }
  };
  const running = loop();
  return async () => {
    await reader.cancel();
    await running;
    await encoder.flush();
    encoder.close();
  };
}

/** The microphone's own rate and channels: the browser resamples inside of its encoder. */
function pumpSound(microphone: MediaStreamTrack): () => Promise<void> {
  const encoder = new AudioEncoder({
    output: (chunk) => {
      bytes += chunk.byteLength;
    },
    error: reportError,
  });
  const reader = readerOf<AudioData>(microphone);
  const loop = async (): Promise<void> => {
    for (;;) {
      const { value: data } = await reader.read();
      if (!data) return;
      if (encoder.state === "unconfigured") {
        const { sampleRate, numberOfChannels } = data;
        encoder.configure({ codec: "opus", sampleRate, numberOfChannels, bitrate: OPUS_BITRATE });
      }
      encoder.encode(data);
      data.close();
    }
  };
  const running = loop();
  return async () => {
    await reader.cancel();
    await running;
    await encoder.flush();
    encoder.close();
  };
}

function readerOf<Value>(track: MediaStreamTrack, maxBufferSize?: number): ReadableStreamDefaultReader<Value> {
  const Processor = trackProcessor();
  if (!Processor) throw new Error("no MediaStreamTrackProcessor");
  const { readable } = new Processor(maxBufferSize === undefined ? { track } : { track, maxBufferSize });
  return (readable as ReadableStream<Value>).getReader();
}

function mimeTypeFor(codec: string): string {
  const short = codec.startsWith("avc1") ? "h264" : codec.startsWith("vp09") ? "vp9" : "av1";
  const wanted = [`video/mp4;codecs=${codec},opus`, `video/webm;codecs=${short},opus`];
  const found = wanted.find((type) => MediaRecorder.isTypeSupported(type));
  if (found === undefined) throw new Error(`MediaRecorder has no ${codec}`);
  return found;
}

/** A blob every 2 s, as often as the studio ends an epoch. */
function recordMedia(stream: MediaStream, mimeType: string, bitrate: number): () => Promise<string> {
  const parts: Blob[] = [];
  const recorder = new MediaRecorder(stream, {
    mimeType,
    videoBitsPerSecond: bitrate,
    audioBitsPerSecond: OPUS_BITRATE,
    videoKeyFrameIntervalDuration: KEY_EVERY_US / 1000,
  } as MediaRecorderOptions);
  recorder.addEventListener("dataavailable", (event) => {
    parts.push(event.data);
    bytes += event.data.size;
  });
  recorder.start(2_000);
  return async () => {
    const stopped = new Promise((resolve) => recorder.addEventListener("stop", resolve, { once: true }));
    recorder.stop();
    await stopped;
    return base64Of(new Blob(parts));
  };
}

function base64Of(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onerror = () => reject(reader.error);
    reader.onload = () => resolve(typeof reader.result === "string" ? reader.result.replace(/^data:[^,]*,/, "") : "");
    reader.readAsDataURL(blob);
  });
}
