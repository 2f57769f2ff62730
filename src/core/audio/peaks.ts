import { PEAKS_PER_SECOND } from "#protocol/epoch-format.ts";

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Samples at 48 kHz for which one level stands: 1/20 s. */
export const PEAK_FRAMES = 48_000 / PEAKS_PER_SECOND;

/** Gathers the loudest sample of each 1/20 s, over all channels, as bytes 0…255. */
export class PeakMeter {
  #peaks: number[] = [];
  #loudest = 0;
  #frames = 0;

  add(planes: readonly Float32Array[], from: number, to: number): void {
    let at = from;
    while (at < to) {
      const end = Math.min(to, at + PEAK_FRAMES - this.#frames);
      for (const plane of planes) this.#loudest = loudest(plane, at, end, this.#loudest);
      this.#frames += end - at;
      at = end;
      if (this.#frames === PEAK_FRAMES) this.#finish();
    }
  }

  /** Time without sound: a gap within the stretch, in samples at 48 kHz. */
  skip(frames: number): void {
    for (let left = frames; left > 0; ) {
      const step = Math.min(left, PEAK_FRAMES - this.#frames);
      this.#frames += step;
      left -= step;
      if (this.#frames === PEAK_FRAMES) this.#finish();
    }
  }

  /** The levels since the last call, base64. A stretch that was begun is finished. */
  take(): string {
    if (this.#frames > 0) this.#finish();
    const text = base64(this.#peaks);
    this.#peaks = [];
    return text;
  }

  #finish(): void {
    this.#peaks.push(Math.min(255, Math.round(this.#loudest * 255)));
    this.#loudest = 0;
    this.#frames = 0;
  }
}

function loudest(plane: Float32Array, from: number, to: number, start: number): number {
  let peak = start;
  for (let index = from; index < to; index++) {
    const value = Math.abs(plane[index] as number);
    if (value > peak) peak = value;
  }
  return peak;
}

/** The engine has no `btoa`. */
export function base64(bytes: readonly number[]): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b, c] = bytes.slice(at, at + 3);
    const word = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
    text += BASE64[word >> 18];
    text += BASE64[(word >> 12) & 63];
    text += b === undefined ? "=" : BASE64[(word >> 6) & 63];
    text += c === undefined ? "=" : BASE64[word & 63];
  }
  return text;
}
