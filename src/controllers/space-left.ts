/** The device's own word on its disk, bytes. It is an estimate, and browsers round it for privacy. */
export interface SpaceEstimate {
  readonly usedBytes: number;
  readonly freeBytes: number;
}

/** Resolves to `undefined` where the browser does not tell. */
export type MeasureSpace = () => Promise<SpaceEstimate | undefined>;

/** Camera at 8 Mbit/s and microphone at 128 kbit/s: what a 1080p30 take has measured at most, in bytes per minute. */
export const TAKE_BYTES_PER_MINUTE = ((8_000_000 + 128_000) / 8) * 60;

/** How much camera and microphone fits, whole minutes. */
export function minutesThatFit(freeBytes: number): number {
  return Math.max(0, Math.floor(freeBytes / TAKE_BYTES_PER_MINUTE));
}
