/** A bucket that holds `size` tokens and fills anew at `perSecond`. */
export interface BucketSize {
  readonly size: number;
  readonly perSecond: number;
}

/** What is left of a bucket. Plain data, so that it can be kept anywhere. */
export interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

/** Takes `cost` tokens. `taken: false` leaves the bucket as it was, filled to now. */
export function takeTokens(
  bucket: Bucket | undefined,
  { size, perSecond }: BucketSize,
  nowMs: number,
  cost = 1,
): { readonly taken: boolean; readonly bucket: Bucket } {
  const elapsed = bucket ? Math.max(0, nowMs - bucket.atMs) / 1000 : 0;
  const tokens = Math.min(size, bucket ? bucket.tokens + elapsed * perSecond : size);
  const taken = tokens >= cost;
  return { taken, bucket: { tokens: taken ? tokens - cost : tokens, atMs: nowMs } };
}

const MAX_KEYS = 10_000;

/** Limits per key, in the memory of one isolate: a brake for floods, no exact count. */
export class RateLimiter {
  readonly #buckets = new Map<string, Bucket>();

  /** Seconds to wait, or 0 when it is allowed. */
  waitSeconds(key: string, size: BucketSize, nowMs: number): number {
    const { taken, bucket } = takeTokens(this.#buckets.get(key), size, nowMs);
    // Set anew, so that the map is in order of use and the oldest can be dropped.
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    const oldest = this.#buckets.size > MAX_KEYS ? this.#buckets.keys().next().value : undefined;
    if (oldest !== undefined) this.#buckets.delete(oldest);
    return taken ? 0 : Math.max(1, Math.ceil((1 - bucket.tokens) / size.perSecond));
  }
}
