import type { LocalMicros } from "#protocol/units.ts";

/** The page's monotonic clock and its wall clock. */
export interface Clock {
  nowUs(): LocalMicros;
  /** ms since the Unix epoch. */
  wallMs(): number;
}

export interface Scheduler {
  /** Resolves after `ms`, or rejects with the signal's reason when it is aborted. */
  delay(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface Random {
  /** 0 ≤ x < 1; for jitter, never for secrets. */
  unit(): number;
}
