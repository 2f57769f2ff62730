import type { DeliveredTrack } from "#protocol/delivery-manifest.ts";
import type { Gap } from "#protocol/gaps.ts";
import type { Source } from "#protocol/ids.ts";
import type { Delivery } from "./delivery.ts";
import { onTimeline, readTimeline } from "./fcpxml.ts";
import { type Packet, readCounters, readStreams, type Stream } from "./masters.ts";

/** One decoded frame of a master. */
export interface PlacedFrame {
  /** `undefined`: cannot be read with certainty. */
  readonly counter: number | undefined;
  /** Seconds in the file. */
  readonly fileSeconds: number;
  /** Seconds on the timeline; `undefined` where the timeline does not show it. */
  readonly timelineSeconds: number | undefined;
}

export interface Master {
  readonly name: string;
  readonly video: Stream;
  readonly audio: Stream;
  readonly frames: readonly PlacedFrame[];
}

/** A master with its picture, its sound and the place of each frame on the timeline. */
export async function readMaster(delivery: Delivery, name: string): Promise<Master> {
  const file = delivery.file(name);
  const streams = await readStreams(file);
  const video = only(streams, "video", name);
  const audio = only(streams, "audio", name);
  const counters = await readCounters(file);
  if (counters.length !== video.packets.length) {
    throw new Error(`${name}: ${counters.length} frames decoded of ${video.packets.length}`);
  }
  const timeline = readTimeline(delivery.timeline);
  // Decoders give frames in order of time; so do packets once they are sorted.
  const times = video.packets.map((packet) => packet.ptsUs).sort((a, b) => a - b);
  const frames = times.map((us, i) => {
    const fileSeconds = us / 1e6;
    return { counter: counters[i], fileSeconds, timelineSeconds: onTimeline(timeline, name, fileSeconds) };
  });
  return { name, video, audio, frames };
}

function only(streams: readonly Stream[], kind: Stream["kind"], name: string): Stream {
  const [stream, ...more] = streams.filter((candidate) => candidate.kind === kind);
  if (!stream || more.length > 0) throw new Error(`${name} has not one ${kind} stream`);
  return stream;
}

/** What the manifest says of a person's track. @throws Error when there is not exactly one */
export function deliveredTrack(delivery: Delivery, person: string, source: Source): DeliveredTrack {
  const [track, ...more] = delivery.manifest.participants
    .filter((participant) => participant.name === person)
    .flatMap((participant) => participant.tracks)
    .filter((candidate) => candidate.source === source);
  if (!track || more.length > 0) throw new Error(`${person} has not one ${source} in the manifest`);
  return track;
}

/** Gaps longer than `leastUs` that do not touch [`fromUs`, `toUs`). */
export function longGapsOutside(track: DeliveredTrack, leastUs: number, fromUs: number, toUs: number): Gap[] {
  return track.gaps.filter((gap) => gap.toUs - gap.fromUs > leastUs && (gap.toUs <= fromUs || gap.fromUs >= toUs));
}

/**
 * Gaps that only one of two tracks has. Contexts of one browser share the camera: when the machine is too busy for it, both lack
 * the same frames.
 */
export function gapsOnlyIn(track: DeliveredTrack, other: DeliveredTrack): Gap[] {
  return track.gaps.filter((gap) => !other.gaps.some((twin) => twin.fromUs < gap.toUs && twin.toUs > gap.fromUs));
}

/** Name of the master that a person's camera is in. */
export function masterOf(delivery: Delivery, person: string): string {
  const { file } = deliveredTrack(delivery, person, "camera");
  if (file === null) throw new Error(`nothing of ${person}'s camera could be used`);
  return file;
}

/** How far apart two masters show the same counter on the timeline, seconds, for every counter that both show. */
export function counterDistances(one: Master, other: Master): number[] {
  const places = new Map<number, number>();
  for (const { counter, timelineSeconds } of one.frames) {
    if (counter !== undefined && timelineSeconds !== undefined) places.set(counter, timelineSeconds);
  }
  return other.frames.flatMap(({ counter, timelineSeconds }) => {
    const place = counter === undefined ? undefined : places.get(counter);
    return place === undefined || timelineSeconds === undefined ? [] : [Math.abs(place - timelineSeconds)];
  });
}

/** Samples of one Opus packet, and those that its decoder needs before the first good one. */
export const OPUS_SAMPLES = 960;
export const OPUS_PRE_SKIP = 312;

/**
 * Seconds in the file of a decoded sample. Packets carry the time, and after a gap the count of samples alone would be
 * short by it.
 */
export function sampleSeconds(packets: readonly Packet[], index: number): number {
  const decoded = index + OPUS_PRE_SKIP;
  const packet = packets[Math.floor(decoded / OPUS_SAMPLES)];
  if (!packet) throw new Error(`sample ${index} lies behind the last packet`);
  return packet.ptsUs / 1e6 + (decoded % OPUS_SAMPLES) / 48_000;
}
