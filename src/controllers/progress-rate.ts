/** How fast numbers grow, over a sliding window. */
export interface ProgressRates {
  /** Notes that `key` stood at `value` at `atMs` (any monotonic clock). A value that fell starts anew. */
  note(key: string, value: number, atMs: number): void;
  /** ms until it has grown by `remaining`; `undefined` while nothing is known or it stands still. */
  etaMs(key: string, remaining: number): number | undefined;
}

/** Long enough to even out bursts of uploads, short enough to notice a stand-still. */
const WINDOW_MS = 20_000;

/** An estimate from less than this swings too much to be shown. */
const LEAST_MS = 2_000;

interface Sample {
  readonly atMs: number;
  readonly value: number;
}

export function createProgressRates(): ProgressRates {
  const samples = new Map<string, Sample[]>();
  return {
    note(key, value, atMs) {
      const before = samples.get(key) ?? [];
      const fell = (before.at(-1)?.value ?? value) > value;
      const kept = fell ? [] : before.filter((sample) => atMs - sample.atMs <= WINDOW_MS);
      samples.set(key, [...kept, { atMs, value }]);
    },
    etaMs(key, remaining) {
      const own = samples.get(key);
      const [first, last] = [own?.[0], own?.at(-1)];
      if (first === undefined || last === undefined || last.atMs - first.atMs < LEAST_MS) return undefined;
      const perMs = (last.value - first.value) / (last.atMs - first.atMs);
      return perMs > 0 ? Math.max(0, remaining) / perMs : undefined;
    },
  };
}
