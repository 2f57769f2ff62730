import type { Rid } from "#protocol/call.ts";

/** How one encoding is sent; bits/s, frames/s, and by what the source's size is divided. */
export interface Encoding {
  readonly rid: Rid | null;
  readonly active: boolean;
  readonly maxBitrate: number;
  readonly maxFramerate: number | null;
  readonly scaleDownBy: number;
}

/** What the call sends of a camera at most, lines. The recording has its own track and is never scaled. */
const CAMERA_LINES = 720;
/** Text has to stay legible; above this the bit rate would not do. */
const SCREEN_LINES = 1_440;

/** CALL.md: 1200, 600, 200 kbit/s at scale 1, 2, 4. */
const LAYERS: Readonly<Record<Rid, { readonly bits: number; readonly scale: number }>> = {
  h: { bits: 1_200_000, scale: 1 },
  m: { bits: 600_000, scale: 2 },
  l: { bits: 200_000, scale: 4 },
};

const FRAMES = 30;
const SCREEN_BITS = 2_500_000;
const SCREEN_FRAMES = 30;

/** Speech: mono, 32 kbit/s; the sound of a screen is music as often as not. */
const VOICE_BITS = 32_000;
const MUSIC_BITS = 128_000;

/**
 * How much of the pictures is sent: 0 is all, each further step costs the network and the processor less (CA31). Sound is
 * never touched.
 */
export const SEND_STEPS = [
  { layers: ["h", "m", "l"], bits: 1, frames: FRAMES },
  { layers: ["h", "m", "l"], bits: 0.6, frames: 24 },
  { layers: ["m", "l"], bits: 1, frames: 24 },
  { layers: ["l"], bits: 1, frames: 20 },
] as const satisfies readonly { readonly layers: readonly Rid[]; readonly bits: number; readonly frames: number }[];

export const LAST_STEP = SEND_STEPS.length - 1;

/**
 * Bits/s that a step needs: its layers, and the voice. `stepOf` for comparisons with what the network takes.
 */
export function bitsOfStep(step: number): number {
  const { layers, bits } = stepAt(step);
  return layers.reduce((total, rid) => total + LAYERS[rid].bits * bits, VOICE_BITS);
}

/** A picture's size as the device gives it, px; either may be unknown. */
export interface PictureSize {
  readonly width?: number | undefined;
  readonly height?: number | undefined;
}

/**
 * libwebrtc sends three layers of a picture only from 540 lines on, two from 270, and leaves out the last ones of the list,
 * which are the best. So a small camera's own size goes into the best layer that there is.
 */
const MISSING = [
  { below: 270, layers: 2 },
  { below: 540, layers: 1 },
] as const;

/** Encodings of the camera, the smallest first: libwebrtc hands out bits in that order. A camera held upright counts its width. */
export function cameraEncodings(size: PictureSize, step: number): readonly Encoding[] {
  const { layers, bits, frames } = stepAt(step);
  const lines = linesOf(size, CAMERA_LINES);
  const base = Math.max(1, lines / CAMERA_LINES);
  const missing = MISSING.find(({ below }) => lines < below)?.layers ?? 0;
  return (["l", "m", "h"] as const).map((rid, at) => ({
    rid,
    active: at + missing < 3 && layers.some((each) => each === rid),
    maxBitrate: LAYERS[rid].bits * bits,
    maxFramerate: frames,
    scaleDownBy: Math.max(1, (base * LAYERS[rid].scale) / 2 ** missing),
  }));
}

/** The one encoding of a screen: lines are kept, frames are given up. */
export function screenEncodings(size: PictureSize, step: number): readonly Encoding[] {
  const share = [1, 0.7, 0.5, 0.3][step] ?? 1;
  return [
    {
      rid: null,
      active: true,
      maxBitrate: SCREEN_BITS * share,
      maxFramerate: step === 0 ? SCREEN_FRAMES : 10,
      scaleDownBy: Math.max(1, linesOf(size, SCREEN_LINES) / SCREEN_LINES),
    },
  ];
}

export function soundEncodings(source: "microphone" | "screen-audio"): readonly Encoding[] {
  const maxBitrate = source === "microphone" ? VOICE_BITS : MUSIC_BITS;
  return [{ rid: null, active: true, maxBitrate, maxFramerate: null, scaleDownBy: 1 }];
}

function linesOf({ width, height }: PictureSize, otherwise: number): number {
  return Math.min(width ?? height ?? otherwise, height ?? otherwise);
}

function stepAt(step: number): { readonly layers: readonly Rid[]; readonly bits: number; readonly frames: number } {
  return SEND_STEPS[step] ?? SEND_STEPS[0];
}
