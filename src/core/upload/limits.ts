/** How patient the upload is. Rules: docs/spec/upload.md. */

/** Requests under way at once. One leaves the line idle for a round trip per epoch; above three nothing is gained. */
export const LANES = 3;

/** After a stall there is one lane, so that a thin line is not shared by three, until an epoch gets through. */
export const LANES_WHEN_THIN = 1;

export const BACK_OFF_BASE_MS = 1_000;

/**
 * Longest own back-off, and so the longest time after which a server that is back is noticed: the upper end of the
 * 15–30 s timer. Reached at the 6th try: 1 s × 2^5 = 32 s.
 */
export const BACK_OFF_CAP_MS = 30_000;

/** What a server may ask for at most with Retry-After: 1/3 of a token's life. */
export const RETRY_AFTER_CAP_MS = 5 * 60_000;

/** With nothing to do, the manifest is looked at every 15–30 s: hints on the journal channel may be lost. */
export const IDLE_POLL_MS = 15_000;

/** While another uploader drains, its progress is read from the manifest this often. */
export const WATCH_EVERY_MS = 1_000;

/** A small request without an answer: 3 × the slowest sensible reply of a server that wakes up (5 s). */
export const REPLY_STALL_MS = 15_000;

/** What an epoch gets on top of the time its bytes need. */
export const EPOCH_STALL_MS = 20_000;

/** Assumed of one lane until a rate is known: 256 kbit/s, a poor phone line. A 600 KB epoch then gets 20 + 19 s. */
export const ASSUMED_BYTES_PER_MS = 32;

/** The rate may fall to a quarter of what was measured before an epoch counts as stalled. */
export const RATE_SLACK = 4;

/** Each stall of an epoch doubles its time; 2^6 × 20 s are 21 minutes, for 16 MiB at 13 KB/s. */
export const STALL_DOUBLINGS = 6;

/** A token is renewed this long before it ends, so that an epoch on its way does not outlive it. */
export const RENEW_BEFORE_MS = 60_000;

/**
 * …but at most this often, on the monotonic clock: a wall clock that is a day ahead makes every token look ended.
 * Half of a token's 15 minutes.
 */
export const RENEW_EVERY_MS = (15 * 60_000) / 2;

/** An epoch whose file is whole is sent this often although the server says that its digest is wrong (422). */
export const DIGEST_TRIES = 2;

/** Beside a call a body goes out in slices of this time of its pace: half of what an upload may add to the call's round trip. */
export const SLICE_MS = 10;

/** One packet: 1,500 bytes less the headers of IP, TCP, TLS and HTTP/2. At 64 kB/s every 19 ms. */
export const LEAST_SLICE_BYTES = 1_200;

/** As much as Chromium reads from a file at once. Reached at 6.5 MB/s. */
export const MOST_SLICE_BYTES = 64 * 1024;

/** The rate is the bytes with a receipt over this window. */
export const RATE_WINDOW_MS = 8_000;

/** States are told at most this often: four times a second. */
export const TELL_EVERY_MS = 250;

/** Rows read for one plan: as many epochs as a track can have. */
export const PLAN_ROWS = 1_000_000;

/** A plan of more epochs than this is not made anew for each commit, … */
export const LARGE_PLAN = 1_000;

/** … but this often: reading 10,000 rows takes about 0.2 s, 1 % of it. */
export const REPLAN_LARGE_MS = 20_000;

/** The server takes that many gaps with a seal. */
export const MAX_SEAL_GAPS = 10_000;
