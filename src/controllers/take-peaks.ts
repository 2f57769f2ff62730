import { PEAKS_PER_SECOND } from "#protocol/epoch-format.ts";

/** Most buckets in a drawn waveform: about two per pixel of the widest strip. */
const WAVE_BUCKETS = 600;

/** Peaks of one stretch of sound, `PEAKS_PER_SECOND` from `fromMs` on. */
export interface PeakStretch {
  readonly fromMs: number;
  readonly peaks: Uint8Array;
}

/** @throws InvalidCharacterError (DOMException) for text that is not base64. */
export function decodePeaks(base64: string): Uint8Array {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/**
 * The stretches drawn onto [fromMs, toMs] as at most {@link WAVE_BUCKETS} buckets; each shows its loudest peak, 0 where
 * there is none.
 */
export function paintWave(stretches: readonly PeakStretch[], fromMs: number, toMs: number): Uint8Array {
  const lengthMs = Math.max(0, toMs - fromMs);
  const stepMs = 1000 / PEAKS_PER_SECOND;
  const wave = new Uint8Array(Math.min(WAVE_BUCKETS, Math.max(1, Math.ceil(lengthMs / stepMs))));
  const perMs = lengthMs === 0 ? 0 : wave.length / lengthMs;
  for (const stretch of stretches) {
    const start = stretch.fromMs - fromMs;
    for (let at = 0; at < stretch.peaks.length; at += 1) {
      // the middle of the peak's 1/20 s, so that rounding cannot move it into a neighbour
      const bucket = Math.floor((start + (at + 0.5) * stepMs) * perMs);
      const peak = stretch.peaks[at] ?? 0;
      if (bucket >= 0 && bucket < wave.length && peak > (wave[bucket] ?? 0)) wave[bucket] = peak;
    }
  }
  return wave;
}
