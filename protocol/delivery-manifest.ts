import * as v from "valibot";
import { mediaFormat } from "./epoch-format.ts";
import { gap } from "./gaps.ts";
import { participantId, roomId, seq, sha256, source, takeId, trackId } from "./ids.ts";
import { markerId } from "./markers.ts";
import { count, takeMicros, wallMillis } from "./units.ts";

/** `manifest.json` of an export: what was delivered, what is missing, and how well it is placed. */
export const DELIVERY_MANIFEST = 1;

/**
 * take µs = `offsetUs` + local µs × (1 + `ratePpm` × 1e-6). Fitted over all clock samples of a device in this take;
 * the true time lies within `uncertaintyUs` of it at every point.
 */
export const clockModel = v.object({
  method: v.picklist(["room-clock", "wall-clock", "alone"]),
  offsetUs: v.number(),
  ratePpm: v.number(),
  uncertaintyUs: v.number(),
  samples: count,
});
export type ClockModel = v.InferOutput<typeof clockModel>;

export const deliveredTrack = v.object({
  track: trackId,
  source,
  label: v.string(),
  /** Name of the (first) master that it is in; `null` when nothing of it could be used. */
  file: v.nullable(v.string()),
  /** All masters that it is in, in order of time: several after a change that one file cannot hold. */
  files: v.array(v.string()),
  clock: clockModel,
  /** The track's first sample on the take's time line. */
  startUs: v.nullable(takeMicros),
  endUs: v.nullable(takeMicros),
  end: v.picklist(["closed", "cut-short", "unsealed"]),
  /** Video frames or Opus packets in the master. */
  samples: count,
  /** PCM sample frames at 48 kHz that were captured; 0 for video. */
  pcmFrames: count,
  runs: v.array(v.object({ run: count, media: mediaFormat, firstSeq: seq, lastSeq: seq, samples: count })),
  epochs: v.array(v.object({ seq, sha256, bytes: count, samples: count })),
  /** On the take's time line, µs. */
  gaps: v.array(gap),
  /** Audio: loudest sample per 1/20 s from `startUs` on, bytes 0…255, base64. */
  peaks: v.string(),
});
export type DeliveredTrack = v.InferOutput<typeof deliveredTrack>;

/** One MKV file, and where it lies. */
export const deliveredMaster = v.object({
  file: v.string(),
  participant: v.nullable(participantId),
  kind: v.picklist(["main", "screen"]),
  /** From 1: a change of decoder config that one track cannot hold starts the next. */
  segment: count,
  /** The file's zero on the take's time line: a whole frame of the timeline. */
  zeroUs: takeMicros,
  durationUs: v.number(),
});
export type DeliveredMaster = v.InferOutput<typeof deliveredMaster>;

/** A moment that somebody marked. It may lie before the first media and after the last. */
export const deliveredMarker = v.object({
  marker: markerId,
  atUs: takeMicros,
  by: participantId,
  /** Of who has set it; empty when it is not known any more. */
  name: v.string(),
  /** May be empty. */
  text: v.string(),
});

export const deliveryManifest = v.object({
  manifest: v.literal(DELIVERY_MANIFEST),
  room: v.nullable(roomId),
  take: takeId,
  title: v.string(),
  startedMs: wallMillis,
  /** Frames per second of the timeline, as numerator and denominator. */
  timeline: v.object({ rate: v.tuple([count, count]), durationUs: v.number() }),
  participants: v.array(
    v.object({ participant: v.nullable(participantId), name: v.string(), tracks: v.array(deliveredTrack) }),
  ),
  masters: v.array(deliveredMaster),
  /** By time. Empty in what was made on one device or from a folder: markers are the room's. */
  markers: v.optional(v.array(deliveredMarker), []),
  files: v.array(v.object({ name: v.string(), bytes: count, sha256 })),
});
export type DeliveryManifest = v.InferOutput<typeof deliveryManifest>;
