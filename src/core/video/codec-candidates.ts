import type { Source } from "#protocol/ids.ts";

/** A picture as it is to be encoded. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
}

/** Encodes in time when it is this much faster than the frames come: the rest of the page wants the CPU too. */
export const MARGIN = 1.5;

export type CodecFamily = "h264" | "vp9" | "av1";

export interface CodecCandidate {
  readonly family: CodecFamily;
  /** WebCodecs codec string. */
  readonly codec: string;
  readonly bitrate: number;
}

/** Macroblocks per frame and per second that each level of H.264 allows, Rec. ITU-T H.264 table A-1, with its two digits. */
const H264_LEVELS: readonly (readonly [number, number, string])[] = [
  [3_600, 108_000, "1f"],
  [8_192, 245_760, "28"],
  [8_704, 522_240, "2a"],
  [22_080, 589_824, "32"],
  [36_864, 983_040, "33"],
  [36_864, 2_073_600, "34"],
];

/** Luma samples per frame and per second of VP9's levels, with their digits. */
const VP9_LEVELS: readonly (readonly [number, number, string])[] = [
  [983_040, 36_864_000, "31"],
  [2_228_224, 83_558_400, "40"],
  [2_228_224, 160_432_128, "41"],
  [8_912_896, 311_951_360, "50"],
  [8_912_896, 588_251_136, "51"],
];

/** The same for AV1, with `seq_level_idx`. */
const AV1_LEVELS: readonly (readonly [number, number, string])[] = [
  [1_065_024, 39_938_400, "05"],
  [2_359_296, 77_856_768, "08"],
  [2_359_296, 155_713_536, "09"],
  [8_912_896, 273_715_200, "12"],
  [8_912_896, 547_430_400, "13"],
];

/** Bits per pixel and frame with H.264: 1080p30 becomes 10 Mbit/s, 720p30 4.4. Text on a screen moves little. */
const BITS_PER_PIXEL = { camera: 0.16, screen: 0.12 };
/** VP9 and AV1 need about a third less for the same picture. */
const NEWER_SAVES = 0.7;
const MIN_BITRATE = 1_500_000;
/** 40 Mbit/s are 10 MB in an epoch of 2 s: room for peaks below the limit of 16 MiB. */
const MAX_BITRATE = 40_000_000;

/** What to try, best first: H.264 (opens everywhere, cheapest here), then VP9, then AV1. */
export function codecCandidates(picture: Picture, source: Source): readonly CodecCandidate[] {
  const pixels = picture.width * picture.height;
  const perPixel = source === "screen" ? BITS_PER_PIXEL.screen : BITS_PER_PIXEL.camera;
  const bits = pixels * Math.max(15, picture.frameRate) * perPixel;
  const bitrate = (share: number): number => Math.round(Math.min(MAX_BITRATE, Math.max(MIN_BITRATE, bits * share)));
  const blocks = Math.ceil(picture.width / 16) * Math.ceil(picture.height / 16);
  const h264 = levelFor(H264_LEVELS, blocks, blocks * picture.frameRate);
  const vp9 = levelFor(VP9_LEVELS, pixels, pixels * picture.frameRate);
  const av1 = levelFor(AV1_LEVELS, pixels, pixels * picture.frameRate);
  return [
    { family: "h264", codec: `avc1.6400${h264}`, bitrate: bitrate(1) },
    { family: "h264", codec: `avc1.42e0${h264}`, bitrate: bitrate(1) },
    { family: "vp9", codec: `vp09.00.${vp9}.08`, bitrate: bitrate(NEWER_SAVES) },
    { family: "av1", codec: `av01.0.${av1}M.08`, bitrate: bitrate(NEWER_SAVES) },
  ];
}

function levelFor(levels: readonly (readonly [number, number, string])[], size: number, rate: number): string {
  const fits = levels.find(([maxSize, maxRate]) => size <= maxSize && rate <= maxRate);
  return (fits ?? levels.at(-1))?.[2] ?? "";
}

/** What the warm-up measured. */
export interface CodecTrial {
  readonly candidate: CodecCandidate;
  /** Frames per second that it really encoded; 0 when it could not. */
  readonly framesPerSecond: number;
}

/**
 * A later codec must be this much faster than an earlier one: measured while other programs run, two trials of one codec differ by
 * a quarter.
 */
const CLEARLY = 1.3;

/** The first in order that is fast enough; else the fastest that works at all, when it is clearly faster. */
export function chooseCodec(trials: readonly CodecTrial[], frameRate: number): CodecTrial | undefined {
  const works = trials.filter((trial) => trial.framesPerSecond > 0);
  return works.reduce<CodecTrial | undefined>((best, trial) => {
    if (best === undefined) return trial;
    const better = trial.framesPerSecond > CLEARLY * best.framesPerSecond;
    return !isInTime(best, frameRate) && better ? trial : best;
  }, undefined);
}

export function isInTime(trial: CodecTrial, frameRate: number): boolean {
  return trial.framesPerSecond >= MARGIN * frameRate;
}
