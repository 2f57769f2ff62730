import {
  chooseCodec,
  type CodecCandidate,
  type CodecTrial,
  codecCandidates,
  isInTime,
  type Picture,
} from "#core/video/codec-candidates.ts";
import type { CodecChoice } from "#protocol/encode-rpc.ts";
import type { Source } from "#protocol/ids.ts";

/** Frames per trial after the first: at 60 frames a second, the least that is in time for 30, they take 0.2 s. */
const TRIAL_FRAMES = 12;

/** A codec that needs longer for one trial is too slow: 12 frames in this time are 17 a second. */
const TRIAL_LIMIT_MS = 700;

/** Settings of DESIGN.md section 4. */
export function encoderConfig(codec: string, bitrate: number, picture: Picture, source: Source): VideoEncoderConfig {
  return {
    codec,
    width: picture.width,
    height: picture.height,
    bitrate,
    framerate: picture.frameRate,
    latencyMode: "realtime",
    bitrateMode: "variable",
    ...(codec.startsWith("avc1") ? { avc: { format: "avc" as const } } : {}),
    ...(source === "screen" ? { contentHint: "detail" } : {}),
  };
}

/**
 * Measures what this device really encodes with frames of its own camera, best codec first, and stops at the first that is in
 * time. `isConfigSupported` alone is no promise anywhere.
 *
 * @param frames some real frames; they stay the caller's
 */
export async function measureCodecs(
  frames: readonly VideoFrame[],
  picture: Picture,
  source: Source,
): Promise<CodecChoice | undefined> {
  const trials: CodecTrial[] = [];
  let h264Works = false;
  for (const candidate of codecCandidates(picture, source)) {
    // The baseline profile is only for those who have no high one.
    if (candidate.family === "h264" && h264Works) continue;
    const trial = await tryTwice(candidate, frames, picture, source);
    trials.push(trial);
    if (trial.framesPerSecond > 0 && candidate.family === "h264") h264Works = true;
    if (isInTime(trial, picture.frameRate)) break;
  }
  const chosen = chooseCodec(trials, picture.frameRate);
  if (chosen === undefined) return undefined;
  return {
    codec: chosen.candidate.codec,
    bitrate: chosen.candidate.bitrate,
    inTime: isInTime(chosen, picture.frameRate),
    measured: trials.map((trial) => ({
      codec: trial.candidate.codec,
      bitrate: trial.candidate.bitrate,
      framesPerSecond: Math.round(trial.framesPerSecond),
    })),
  };
}

/** Once more when it was too slow: another program may have had its moment just then. */
async function tryTwice(
  candidate: CodecCandidate,
  frames: readonly VideoFrame[],
  picture: Picture,
  source: Source,
): Promise<CodecTrial> {
  const trial = { candidate, framesPerSecond: await tryCodec(candidate, frames, picture, source) };
  if (trial.framesPerSecond === 0 || isInTime(trial, picture.frameRate)) return trial;
  const again = await tryCodec(candidate, frames, picture, source);
  return { candidate, framesPerSecond: Math.max(trial.framesPerSecond, again) };
}

/** Frames per second; 0 when the codec is not there or fails. */
async function tryCodec(
  candidate: CodecCandidate,
  frames: readonly VideoFrame[],
  picture: Picture,
  source: Source,
): Promise<number> {
  const config = encoderConfig(candidate.codec, candidate.bitrate, picture, source);
  const support = await VideoEncoder.isConfigSupported(config).catch(isUnknownConfig);
  if (!support?.supported) return 0;
  let outputs = 0;
  let failure: unknown;
  const encoder = new VideoEncoder({
    output: () => {
      outputs += 1;
    },
    error: (error) => {
      failure = error;
    },
  });
  try {
    encoder.configure(config);
    // The first frame pays for making the encoder.
    feed(encoder, frames, picture, 0, 1);
    await encoder.flush();
    const startMs = performance.now();
    feed(encoder, frames, picture, 1, TRIAL_FRAMES);
    const limit = new Promise<void>((resolve) => setTimeout(resolve, TRIAL_LIMIT_MS));
    await Promise.race([encoder.flush(), limit]);
    const seconds = (performance.now() - startMs) / 1000;
    if (failure !== undefined || outputs <= 1) return 0;
    return (outputs - 1) / seconds;
  } catch (error) {
    if (isCodecFailure(error)) return 0;
    throw error;
  } finally {
    if (encoder.state !== "closed") encoder.close();
  }
}

function feed(
  encoder: VideoEncoder,
  frames: readonly VideoFrame[],
  picture: Picture,
  from: number,
  amount: number,
): void {
  for (let index = from; index < from + amount; index++) {
    const source = frames[index % frames.length];
    if (source === undefined) return;
    const frame = new VideoFrame(source, { timestamp: Math.round((index * 1_000_000) / picture.frameRate) });
    encoder.encode(frame, { keyFrame: index === 0 });
    frame.close();
  }
}

/** Some browsers throw for a codec string that they do not know. */
function isUnknownConfig(error: unknown): undefined {
  if (error instanceof TypeError || isCodecFailure(error)) return undefined;
  throw error;
}

/** What WebCodecs throws when an encoder cannot be had or has failed. */
export function isCodecFailure(error: unknown): boolean {
  return (
    error instanceof DOMException &&
    [
      "NotSupportedError",
      "EncodingError",
      "OperationError",
      "InvalidStateError",
      "QuotaExceededError",
      "AbortError",
    ].includes(error.name)
  );
}
