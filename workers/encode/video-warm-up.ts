import { codecCandidates, type Picture } from "#core/video/codec-candidates.ts";
import type { CaptureInput, CodecChoice } from "#protocol/encode-rpc.ts";
import type { VideoFormat } from "#protocol/epoch-format.ts";
import type { Source } from "#protocol/ids.ts";
import { encoderConfig, measureCodecs } from "./codec-trial.ts";
import { EncodeFailed } from "./encode-failed.ts";
import type { FrameSampler } from "./frame-sampler.ts";
import type { VideoEncode } from "./video-encode.ts";

/** A camera that has not given its first frames by then is not working. */
const FIRST_FRAMES_MS = 5_000;
const FIRST_OF_SCREEN_MS = 700;

/** What an encoder is set to. */
export interface EncoderSetting {
  readonly choice: CodecChoice;
  /** As the first frame has it. */
  readonly picture: Picture;
  readonly format: VideoFormat;
}

export interface WarmUpParts {
  readonly encode: VideoEncode;
  readonly sampler: FrameSampler;
  readonly source: Source;
}

/** As the device says; the rate that most cameras have when it does not. */
export function pictureOf(input: CaptureInput & { kind: "video" }): Picture {
  return { width: input.width, height: input.height, frameRate: input.frameRate > 0 ? input.frameRate : 30 };
}

/**
 * Waits for the first frames, chooses the codec by them, and leaves a warm encoder.
 * @param known of an earlier measurement with the same picture
 * @param set hears of the setting before the first frame goes in: an encoder that fails at once is made anew with it
 * @throws EncodeFailed
 */
export async function warmUp(
  { encode, sampler, source }: WarmUpParts,
  asked: Picture,
  known: CodecChoice | null,
  set: (setting: EncoderSetting) => void,
): Promise<CodecChoice> {
  // A still screen gives one frame at most.
  const frames = await sampler.take(source === "screen" ? FIRST_OF_SCREEN_MS : FIRST_FRAMES_MS);
  try {
    if (frames.length === 0) frames.push(blank(source, asked));
    const [first] = frames;
    if (first === undefined) throw EncodeFailed.noInput("the camera gave no picture");
    const picture = { ...asked, ...sizeOf(first) };
    const choice = known ?? (await measureCodecs(frames, picture, source));
    if (choice === undefined) throw EncodeFailed.noCodec();
    set({ choice, picture, format: encode.configure(choice, picture) });
    await encode.warm(first);
    return choice;
  } finally {
    // Kept any longer they would take the camera's few buffers away from it.
    for (const frame of frames) frame.close();
  }
}

/** No time for a measurement in mid-take: the same codec at the level that the new size needs, if it is there. */
export async function choiceForSize(present: CodecChoice, picture: Picture, source: Source): Promise<CodecChoice> {
  const all = codecCandidates(picture, source);
  const family = all.filter((candidate) => candidate.codec.slice(0, 4) === present.codec.slice(0, 4));
  for (const { codec, bitrate } of [...family, ...all]) {
    const { supported } = await VideoEncoder.isConfigSupported(encoderConfig(codec, bitrate, picture, source));
    if (supported) return { ...present, codec, bitrate };
  }
  return present;
}

/** Settings may lie; the frame does not. A camera that is asked for less than it has gives all, to be scaled to this size. */
export function sizeOf(frame: VideoFrame): { width: number; height: number } {
  return { width: frame.displayWidth, height: frame.displayHeight };
}

/** A screen that stands still gives no frame until something moves: the encoder is warmed with a black picture. */
function blank(source: Source, { width, height }: Picture): VideoFrame {
  if (source !== "screen" || width === 0) throw EncodeFailed.noInput("the camera gave no picture");
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d")?.fillRect(0, 0, width, height);
  return new VideoFrame(canvas, { timestamp: 0 });
}
