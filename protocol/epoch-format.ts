import * as v from "valibot";
import { clockSample } from "./clock.ts";
import { gap } from "./gaps.ts";
import { participantId, roomId, seq, sha256, source, takeId, trackId } from "./ids.ts";
import { count, localMicros, wallMillis } from "./units.ts";

/** Rules: docs/spec/epoch-format.md. */
export const EPOCH_FORMAT = 1;

/** Longest media time in one epoch: the most that a crash can cost. */
export const EPOCH_MAX_US = 2_000_000;

/** The server refuses larger ones (413). 2 s at 64 Mbit/s. */
export const EPOCH_MAX_BYTES = 16 * 1024 * 1024;

/** The `uuid` box that carries the metadata as UTF-8 JSON, right after `ftyp`: 9e1f3b7a-5c46-4d0f-8a2e-746170657379 ("…tapesy"). */
export const EPOCH_UUID = "9e1f3b7a5c464d0f8a2e746170657379";

/** Timescale of every track in an epoch's file, so that µs are exact. */
export const EPOCH_TIMESCALE = 1_000_000;

export const videoFormat = v.object({
  kind: v.literal("video"),
  /** WebCodecs codec string, e.g. `avc1.640028`. */
  codec: v.string(),
  width: count,
  height: count,
  /** The camera's nominal rate; timestamps are the truth. */
  frameRate: v.pipe(v.number(), v.finite(), v.minValue(0)),
});

export const audioFormat = v.object({
  kind: v.literal("audio"),
  codec: v.string(),
  sampleRate: v.literal(48_000),
  channels: v.picklist([1, 2]),
});

export const mediaFormat = v.variant("kind", [videoFormat, audioFormat]);
export type MediaFormat = v.InferOutput<typeof mediaFormat>;
export type VideoFormat = v.InferOutput<typeof videoFormat>;
export type AudioFormat = v.InferOutput<typeof audioFormat>;

/** Levels per second in `peaks`: enough for a strip 1,200 px wide on a minute of sound. */
export const PEAKS_PER_SECOND = 20;

/** What an epoch says of itself. With these alone a take can be put together from a folder of files. */
export const epochMetadata = v.object({
  format: v.literal(EPOCH_FORMAT),
  /** `null` while the take has no room: recorded alone, without a server. */
  room: v.nullable(roomId),
  take: takeId,
  track: trackId,
  participant: v.nullable(participantId),
  /** The person's name as it was when the take began; file names are made of it. */
  participantName: v.pipe(v.string(), v.maxLength(80)),
  source,
  seq,
  /** Counts config changes within the track, from 0. */
  run: count,
  media: mediaFormat,
  /** SHA-256 of the codec string and the decoder's description: equal in all epochs of one run. */
  configHash: sha256,
  /** The track's zero on the device's clock; sample times in the file count from it. */
  trackZeroUs: localMicros,
  /** Capture time of the first sample, and the end of the last. */
  firstUs: localMicros,
  endUs: localMicros,
  /** Video frames, or Opus packets. */
  samples: count,
  /** PCM sample frames at 48 kHz that went into the encoder for this epoch; 0 for video. */
  pcmFrames: count,
  /** `performance.timeOrigin` of the page, ms since the Unix epoch: with it local µs become wall time. */
  timeOriginMs: v.pipe(v.number(), v.finite()),
  wallClockMs: wallMillis,
  /** The newest good sample of the room's clock; `null` without a server. */
  clock: v.nullable(clockSample),
  /** The take's shared zero on the room's clock; `null` without a server. */
  takeZeroRoomUs: v.nullable(v.pipe(v.number(), v.finite())),
  /** SHA-256 of the epoch before this one; `null` in the first. */
  previous: v.nullable(sha256),
  /** Gaps that lie in or right before this epoch, µs since the track's zero. */
  gaps: v.pipe(v.array(gap), v.maxLength(1000)),
  /** Audio: loudest sample per 1/20 s as bytes 0…255 (255 = full scale), base64; video: empty. */
  peaks: v.pipe(v.string(), v.maxLength(400)),
});
export type EpochMetadata = v.InferOutput<typeof epochMetadata>;
