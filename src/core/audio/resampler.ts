/**
 * Taps on each side of the middle, at the lower of the two rates: 64 in all. With the Kaiser window below the transition
 * is (A − 8) / (14.36 × 63) = 0.09 of the rate wide at A = 90 dB: 4 kHz for 44.1 kHz.
 */
const HALF_TAPS = 32;
/** Kaiser window of about 90 dB: β = 0.1102 × (90 − 8.7) ≈ 9. */
const KAISER_BETA = 9;
/** Middle of the transition, of the lower Nyquist frequency: flat up to 18.3 kHz for 44.1 kHz. */
const CUTOFF = 0.92;

/**
 * Changes the sample rate of a stream without a seam between buffers: polyphase windowed sinc with an exact rational ratio.
 * Output sample k lies at input time k × in / out, so the filter adds no delay to the timeline, and N input samples
 * become exactly ⌈N × out / in⌉ output samples once {@link flush} has been called.
 */
export class Resampler {
  readonly #up: number;
  readonly #down: number;
  readonly #half: number;
  readonly #phases: Float32Array[];
  readonly #history: Float32Array<ArrayBuffer>[];
  /** Samples in `#history`; the first is input sample `#origin`. */
  #held: number;
  #origin: number;
  #taken = 0;
  #made = 0;

  constructor(inRate: number, outRate: number, channels: number) {
    const divisor = greatestDivisor(inRate, outRate);
    this.#up = outRate / divisor;
    this.#down = inRate / divisor;
    this.#half = HALF_TAPS * Math.max(1, Math.ceil(this.#down / this.#up));
    this.#phases = this.#up === this.#down ? [] : makePhases(this.#up, this.#down, this.#half);
    this.#held = this.#half - 1;
    this.#origin = -this.#held;
    this.#history = Array.from({ length: channels }, () => new Float32Array(4 * this.#half));
  }

  /** One array per channel, all of the same length. The result is new memory, except when the rates are equal. */
  push(planes: readonly Float32Array<ArrayBuffer>[]): readonly Float32Array<ArrayBuffer>[] {
    if (this.#up === this.#down) return planes;
    const frames = planes[0]?.length ?? 0;
    this.#append(planes, frames);
    this.#taken += frames;
    // The last output needs `half` samples to its right.
    const last = this.#taken - 1 - this.#half;
    return this.#make(last < 0 ? 0 : Math.floor((last * this.#up) / this.#down) + 1);
  }

  /** What the filter still holds, as if silence followed. Begins anew afterwards. */
  flush(): readonly Float32Array<ArrayBuffer>[] {
    if (this.#up === this.#down) return this.#history.map(() => new Float32Array(0));
    const silence = new Float32Array(this.#half + 1);
    this.#append(
      this.#history.map(() => silence),
      silence.length,
    );
    const rest = this.#make(Math.ceil((this.#taken * this.#up) / this.#down));
    this.#taken = 0;
    this.#made = 0;
    this.#held = this.#half - 1;
    this.#origin = -this.#held;
    for (const plane of this.#history) plane.fill(0);
    return rest;
  }

  #append(planes: readonly Float32Array[], frames: number): void {
    for (const [index, old] of this.#history.entries()) {
      let plane = old;
      if (plane.length < this.#held + frames) {
        plane = new Float32Array(2 * (this.#held + frames));
        plane.set(old.subarray(0, this.#held));
        this.#history[index] = plane;
      }
      const input = planes[index];
      if (input) plane.set(input, this.#held);
    }
    this.#held += frames;
  }

  /** Makes outputs up to number `until` (exclusive) and lets go of the input that no later one needs. */
  #make(until: number): readonly Float32Array<ArrayBuffer>[] {
    const amount = Math.max(0, until - this.#made);
    const made = this.#history.map((plane) => this.#convolve(plane, amount));
    this.#made += amount;
    const needed = Math.floor((this.#made * this.#down) / this.#up) - this.#half + 1;
    const spare = Math.min(this.#held, Math.max(0, needed - this.#origin));
    if (spare > 0) {
      for (const plane of this.#history) plane.copyWithin(0, spare, this.#held);
      this.#held -= spare;
      this.#origin += spare;
    }
    return made;
  }

  #convolve(plane: Float32Array, amount: number): Float32Array<ArrayBuffer> {
    const output = new Float32Array(amount);
    const taps = 2 * this.#half;
    const position = this.#made * this.#down;
    let whole = Math.floor(position / this.#up);
    let phase = position - whole * this.#up;
    const stepWhole = Math.floor(this.#down / this.#up);
    const stepPhase = this.#down - stepWhole * this.#up;
    for (let k = 0; k < amount; k++) {
      const filter = this.#phases[phase] as Float32Array;
      const from = whole - this.#half + 1 - this.#origin;
      let sum = 0;
      for (let tap = 0; tap < taps; tap++) sum += (plane[from + tap] as number) * (filter[tap] as number);
      output[k] = sum;
      whole += stepWhole;
      phase += stepPhase;
      if (phase >= this.#up) {
        phase -= this.#up;
        whole += 1;
      }
    }
    return output;
  }
}

/** One filter per phase: how far the output lies behind the input sample to its left, in 1/up samples. */
function makePhases(up: number, down: number, half: number): Float32Array[] {
  const cutoff = CUTOFF * Math.min(1, up / down);
  const norm = bessel0(KAISER_BETA);
  return Array.from({ length: up }, (_, phase) => {
    const filter = new Float32Array(2 * half);
    let sum = 0;
    for (let tap = 0; tap < 2 * half; tap++) {
      const x = tap - half + 1 - phase / up;
      const inside = 1 - (x / half) ** 2;
      const window = inside > 0 ? bessel0(KAISER_BETA * Math.sqrt(inside)) / norm : 0;
      const value = cutoff * sinc(cutoff * x) * window;
      filter[tap] = value;
      sum += value;
    }
    // Every phase passes a constant unchanged: no hum at the rate of the phases.
    return filter.map((value) => value / sum);
  });
}

function sinc(x: number): number {
  if (x === 0) return 1;
  return Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Modified Bessel function of the first kind, order 0, by its series. */
function bessel0(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > 1e-12 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
