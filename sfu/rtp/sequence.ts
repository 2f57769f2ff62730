/** How far `a` lies after `b` in 16-bit numbers that wrap: −32768 … 32767. */
export function sequenceDistance(a: number, b: number): number {
  return ((a - b) << 16) >> 16;
}

/** How far `a` lies after `b` in 32-bit RTP timestamps that wrap. */
export function timestampDistance(a: number, b: number): number {
  return (a - b) | 0;
}
