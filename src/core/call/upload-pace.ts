/** What is known once a second of the call, and of the upload beside it. */
export interface PaceSample {
  readonly roundTripMs: number | null;
  /** Of what the call sent, 0…1; `null`: not known. */
  readonly loss: number | null;
  /** libwebrtc sends less than it would because of the network. */
  readonly bandwidthLimited: boolean;
  /** What libwebrtc believes that the line has for the call, bit/s. */
  readonly availableBits: number | null;
  /** What the upload moves, bytes/s; 0: it runs, and nothing has arrived yet; `null`: none runs, so that nothing is its doing. */
  readonly uploaded: number | null;
}

/** The goal: an upload adds at most so much to the round trip. */
export const MOST_DELAY_MS = 20;
const MOST_LOSS = 0.02;
/**
 * What libwebrtc believes falls within tenths of a second when a queue begins, seconds before the round trip tells, and by half; by itself
 * it wavers by a tenth, on a busy machine by a quarter. How low it is says nothing: it takes 20 s to come back.
 */
const MOST_FALL = 1 / 3;
const FALL_SECONDS = 2;

/**
 * An upload never stops: an epoch of 600 kB at 64 kB/s still arrives in 10 s. On a line below 1 Mbit/s a call feels that; but a busy machine's
 * call suffers whatever is uploaded, and at 16 kB/s (measured with three recordings on two cores) nobody would be safe to leave. Bytes/s.
 */
export const LEAST_BYTES_PER_SECOND = 64_000;
/** Where it begins with a call: 2 Mbit/s, which most lines that carry a call's picture have left. 1 MB/s is reached in 10 s. */
const FIRST_BYTES_PER_SECOND = 256_000;
/** Beyond 160 Mbit/s nothing is limited by us. */
const UNLIMITED_BYTES_PER_SECOND = 20_000_000;

const SHRINK = 0.6;
/** What moved over the last seconds lags behind what moves now. A pace above that much of it limits nothing, so less of it would tell nothing. */
const MOVED_SLACK = 1.5;
/** A second. It takes two to three until a queue is told of: that is a half too much by then. */
const GROW = 1.15;
/**
 * A pace that is not used proves nothing, and would let the next epoch flood the line: it grows while at least so much of it moves. What
 * is known to move is the mean of 8 s, which under such growth is 60 % of what moves now; less a part for epochs that arrive in lumps.
 */
const PROVEN = 1 / 3;
/** Near the rate that was too much last time: a queue of 20 ms would be there within the second otherwise, and a long one when it is told of. */
const CREEP = 1.02;
const NEAR = 0.8;
/** Well above it all the same: the network has changed. */
const BEYOND = 1.2;
/** After a shrink so many seconds without growth: the queue in the router has to drain first, and the round trip to tell of it. */
const REST_SECONDS = 3;

/** The least round trip of so many seconds is the one without a queue; forgotten then, since networks change. */
const BASELINE_SECONDS = 60;

/** After so many shrinks the call must feel something of it, or the upload is not what it suffers from. */
const TRIES = 2;
const UNCHANGED = 0.75;
/** For so long what the upload was not to blame for is not held against it. */
const EXCUSED_SECONDS = BASELINE_SECONDS;
/** So many good seconds in a row: the shrinks before them have helped. */
const CALM_SECONDS = 6;

/** Shrinks that belong together: the call was not well for long in between. */
interface Trial {
  readonly shrinks: number;
  /** How ill the call was before the first one, see `illness`. */
  readonly illness: number;
  /** Bytes/s before the first one. */
  readonly from: number;
  /** Good seconds since the last one. */
  readonly calm: number;
}

export interface UploadPaceState {
  /** Bytes/s; `null`: nothing limits. */
  readonly bytesPerSecond: number | null;
  /** The newest last, one per second. */
  readonly roundTrips: readonly number[];
  /** As `roundTrips`. */
  readonly availableBits: readonly number[];
  readonly rest: number;
  /** What was too much last time; `null`: nothing so far. */
  readonly brim: number | null;
  readonly trial: Trial | null;
  /** What the call suffers whatever the upload does, and for how many more seconds that is believed. */
  readonly excused: { readonly illness: number; readonly seconds: number } | null;
}

export const FIRST_PACE: UploadPaceState = {
  bytesPerSecond: FIRST_BYTES_PER_SECOND,
  roundTrips: [],
  availableBits: [],
  rest: 0,
  brim: null,
  trial: null,
  excused: null,
};

/** One second later (CA60–CA63): multiplicatively less when the call suffers from the upload, more while it does not. */
export function stepUploadPace(last: UploadPaceState, sample: PaceSample): UploadPaceState {
  const before = older(last, sample);
  const illness = illnessOf(sample, before);
  const suffers = sample.uploaded !== null && illness > 1 + (before.excused?.illness ?? 0);
  // While it rests, what was taken back last may not have arrived in the numbers yet.
  if (before.rest > (suffers ? 1 : 0)) return { ...before, rest: before.rest - 1, trial: calmer(before, suffers) };
  if (!suffers) return grown({ ...before, trial: calmer(before, suffers) }, sample);
  const { trial } = before;
  return trial !== null && trial.shrinks >= TRIES && illness >= UNCHANGED * trial.illness
    ? { ...before, bytesPerSecond: limitOf(trial.from), ...AT_EASE, excused: { illness, seconds: EXCUSED_SECONDS } }
    : shrunk(before, sample, illness);
}

const AT_EASE = { rest: 0, brim: null, trial: null };

function older(before: UploadPaceState, { roundTripMs, availableBits }: PaceSample): UploadPaceState {
  const { excused } = before;
  const heard = roundTripMs === null ? [] : [roundTripMs];
  return {
    ...before,
    roundTrips: [...before.roundTrips, ...heard].slice(-BASELINE_SECONDS),
    availableBits: [...before.availableBits, ...(availableBits === null ? [] : [availableBits])].slice(
      -1 - FALL_SECONDS,
    ),
    excused: excused === null || excused.seconds <= 1 ? null : { ...excused, seconds: excused.seconds - 1 },
  };
}

function calmer({ trial }: UploadPaceState, suffers: boolean): Trial | null {
  if (trial === null) return null;
  const calm = suffers ? 0 : trial.calm + 1;
  return calm >= CALM_SECONDS ? null : { ...trial, calm };
}

function shrunk(before: UploadPaceState, { uploaded }: PaceSample, illness: number): UploadPaceState {
  const { trial } = before;
  const now = before.bytesPerSecond ?? UNLIMITED_BYTES_PER_SECOND;
  const felt = uploaded === null || uploaded === 0 ? now : Math.min(now, uploaded * MOVED_SLACK);
  return {
    ...before,
    bytesPerSecond: Math.max(LEAST_BYTES_PER_SECOND, felt * SHRINK),
    rest: REST_SECONDS,
    brim: uploaded === null || uploaded === 0 ? felt : Math.min(felt, uploaded),
    trial:
      trial === null ? { shrinks: 1, illness, from: now, calm: 0 } : { ...trial, shrinks: trial.shrinks + 1, calm: 0 },
  };
}

/** Where the pace is not used nothing is learned. */
function grown(before: UploadPaceState, { uploaded }: PaceSample): UploadPaceState {
  const now = before.bytesPerSecond ?? UNLIMITED_BYTES_PER_SECOND;
  const brim = before.brim !== null && now > before.brim * BEYOND ? null : before.brim;
  if (uploaded === null || uploaded < now * PROVEN) return { ...before, rest: 0, brim };
  const more = brim === null ? now * GROW : Math.max(now * CREEP, Math.min(now * GROW, brim * NEAR));
  return { ...before, bytesPerSecond: limitOf(more), rest: 0, brim };
}

function limitOf(bytesPerSecond: number): number | null {
  return bytesPerSecond >= UNLIMITED_BYTES_PER_SECOND ? null : bytesPerSecond;
}

/** 1: as much as an upload may do to a call. One late report is no queue: the better round trip of the last two counts. */
function illnessOf({ roundTripMs, loss, bandwidthLimited }: PaceSample, seen: UploadPaceState): number {
  const { roundTrips, availableBits } = seen;
  const riseMs = roundTripMs === null ? 0 : Math.min(...roundTrips.slice(-2)) - Math.min(...roundTrips);
  const fall = 1 - (availableBits.at(-1) ?? 0) / Math.max(1, ...availableBits);
  return Math.max(
    riseMs / MOST_DELAY_MS,
    (loss ?? 0) / MOST_LOSS,
    availableBits.length === 0 ? 0 : fall / MOST_FALL,
    bandwidthLimited ? HELD_BACK : 0,
  );
}

/** There is no more or less of it: a picture that is held back counts like a rise of 30 ms. */
const HELD_BACK = 1.5;
