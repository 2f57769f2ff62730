/** What the call tells of the network, once a second. */
export interface PaceSample {
  readonly roundTripMs: number | null;
  /** Of what the call sent, 0…1; `null`: not known. */
  readonly loss: number | null;
  /** libwebrtc sends less than it would because of the network. */
  readonly bandwidthLimited: boolean;
}

/** The goal: an upload adds at most so much to the round trip. */
export const MOST_DELAY_MS = 20;
const MOST_LOSS = 0.02;

/** An upload never stops: an epoch of 600 kB at 16 kB/s still arrives in 38 s. Bytes/s. */
export const LEAST_BYTES_PER_SECOND = 16_000;
/** Where it begins with a call: 2 Mbit/s are there nearly everywhere, and the room above is found in seconds. */
const FIRST_BYTES_PER_SECOND = 250_000;
/** Beyond 160 Mbit/s nothing is limited by us. */
const UNLIMITED_BYTES_PER_SECOND = 20_000_000;

const SHRINK = 0.6;
/** A second: a link of 20 Mbit/s is found in ten of them. */
const GROW = 1.25;
/** Near the rate that was too much last time: a queue of 20 ms would be there within the second otherwise. */
const CREEP = 1.03;
const NEAR = 0.8;
/** Well above it all the same: the network has changed. */
const BEYOND = 1.2;
/** After a shrink so many seconds without growth: the queue in the router has to drain first, and the round trip to tell of it. */
const REST_SECONDS = 3;

/** The least round trip of so many seconds is the one without a queue; forgotten then, since networks change. */
const BASELINE_SECONDS = 60;

export interface UploadPaceState {
  /** Bytes/s; `null`: nothing limits. */
  readonly bytesPerSecond: number | null;
  /** The newest last, one per second. */
  readonly roundTrips: readonly number[];
  readonly rest: number;
  /** What was too much last time; `null`: nothing so far. */
  readonly brim: number | null;
}

export const FIRST_PACE: UploadPaceState = {
  bytesPerSecond: FIRST_BYTES_PER_SECOND,
  roundTrips: [],
  rest: 0,
  brim: null,
};

/** One second later (CA60–CA62): multiplicatively less when the call suffers, more while it does not. */
export function stepUploadPace(before: UploadPaceState, sample: PaceSample): UploadPaceState {
  const heard = sample.roundTripMs === null ? [] : [sample.roundTripMs];
  const roundTrips = [...before.roundTrips, ...heard].slice(-BASELINE_SECONDS);
  const now = before.bytesPerSecond ?? UNLIMITED_BYTES_PER_SECOND;
  if (suffers(sample, roundTrips)) {
    // While it rests, what was taken back last may not have arrived in the numbers yet.
    if (before.rest > 1) return { ...before, roundTrips, rest: before.rest - 1 };
    return {
      bytesPerSecond: Math.max(LEAST_BYTES_PER_SECOND, now * SHRINK),
      roundTrips,
      rest: REST_SECONDS,
      brim: now,
    };
  }
  if (before.rest > 0) return { ...before, roundTrips, rest: before.rest - 1 };
  const brim = before.brim !== null && now > before.brim * BEYOND ? null : before.brim;
  const more = brim === null ? now * GROW : Math.max(now * CREEP, Math.min(now * GROW, brim * NEAR));
  return { bytesPerSecond: more >= UNLIMITED_BYTES_PER_SECOND ? null : more, roundTrips, rest: 0, brim };
}

function suffers({ roundTripMs, loss, bandwidthLimited }: PaceSample, roundTrips: readonly number[]): boolean {
  if (bandwidthLimited) return true;
  if (loss !== null && loss > MOST_LOSS) return true;
  // One late report is no queue: the better one of the last two counts.
  return roundTripMs !== null && Math.min(...roundTrips.slice(-2)) - Math.min(...roundTrips) > MOST_DELAY_MS;
}
