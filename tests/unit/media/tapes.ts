import { createHash } from "node:crypto";
import * as v from "valibot";
import { configBytes } from "#media/epoch-config.ts";
import type { EpochPacket } from "#media/epoch-writer.ts";
import { writeEpoch } from "#media/epoch-writer.ts";
import {
  EpochMissing,
  type EpochSource,
  type TakeMarker,
  type TakeSources,
  type TrackSources,
} from "#media/stitch/sources.ts";
import type { ClockSample } from "#protocol/clock.ts";
import { EPOCH_MAX_US } from "#protocol/epoch-format.ts";
import type { Gap } from "#protocol/gaps.ts";
import { participantId, type Sha256, type Source, sha256, takeId, trackId } from "#protocol/ids.ts";
import { asLocal } from "#protocol/units.ts";
import type { Clip } from "./clips.ts";

/** 22 letters made of a word, so that ids in failures can be read. */
export const idOf = (word: string): string =>
  word
    .replace(/[^A-Za-z0-9_-]/g, "_")
    .padEnd(22, "-")
    .slice(0, 22);

export const TAKE = v.parse(takeId, idOf("take"));

/** A room's clock is about this many µs since 1970. */
export const ROOM_ZERO_US = 1_763_000_000_000_000;

/** One page of one person: its clock against the room's. */
export interface Page {
  readonly timeOriginMs: number;
  /** room µs − local µs at local 0. */
  readonly offsetUs: number;
  /** How much faster the room's clock runs, parts per million. */
  readonly ratePpm: number;
  readonly uncertaintyUs: number;
  /** `null`: recorded alone. */
  readonly takeZeroRoomUs: number | null;
}

export function makePage(options: Partial<Page> & { readonly bootMs?: number } = {}): Page {
  const { bootMs = 5_000, ...rest } = options;
  const takeZeroRoomUs = rest.takeZeroRoomUs === undefined ? ROOM_ZERO_US : rest.takeZeroRoomUs;
  return {
    timeOriginMs: ROOM_ZERO_US / 1000 - bootMs,
    offsetUs: ROOM_ZERO_US - bootMs * 1000,
    ratePpm: 0,
    uncertaintyUs: 500,
    ...rest,
    takeZeroRoomUs,
  };
}

/** Local µs of a moment on the take's time line, by this page's true clock. */
export function localAt(page: Page, takeUs: number): number {
  return (ROOM_ZERO_US + takeUs - page.offsetUs) / (1 + page.ratePpm * 1e-6);
}

export interface RecordOptions {
  readonly page: Page;
  readonly clip: Clip;
  readonly source: Source;
  readonly name?: string;
  readonly track?: string;
  /** First sample on the take's time line, true µs. */
  readonly fromUs: number;
  readonly seconds: number;
  /** Later runs: from this sample time on (µs since the track's zero) another clip is used. */
  readonly after?: { readonly atUs: number; readonly clip: Clip };
  /** Left out of the media; declared with this reason. Times since the track's zero. */
  readonly gaps?: readonly Gap[];
  /** Error of each clock sample, µs, by the number of the epoch. */
  readonly clockError?: (seq: number) => number;
}

export interface TapeEpoch {
  readonly seq: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly sha256: Sha256;
  readonly packets: readonly EpochPacket[];
}

export interface Tape {
  readonly options: RecordOptions;
  readonly epochs: readonly TapeEpoch[];
}

export const hashOf = (bytes: Uint8Array): Sha256 => v.parse(sha256, createHash("sha256").update(bytes).digest("hex"));

interface PlacedPacket {
  readonly packet: EpochPacket;
  readonly clip: Clip;
  readonly run: number;
}

/** Packets of a clip, over and over, from the track's zero on; key frames at the clip's period. */
function play(options: RecordOptions): PlacedPacket[] {
  const placed: PlacedPacket[] = [];
  const endUs = options.seconds * 1e6;
  const stretches = options.after
    ? [
        { clip: options.clip, fromUs: 0, toUs: options.after.atUs },
        { clip: options.after.clip, fromUs: options.after.atUs, toUs: endUs },
      ]
    : [{ clip: options.clip, fromUs: 0, toUs: endUs }];
  for (const [run, stretch] of stretches.entries()) {
    const last = stretch.clip.packets.at(-1);
    const period = last ? last.timestampUs + last.durationUs : 1e6;
    for (let base = stretch.fromUs; base < stretch.toUs; base += period) {
      for (const packet of stretch.clip.packets) {
        const timestampUs = Math.round(base + packet.timestampUs);
        if (timestampUs >= stretch.toUs) break;
        placed.push({ packet: { ...packet, timestampUs }, clip: stretch.clip, run });
      }
    }
  }
  return placed;
}

function inGap(gaps: readonly Gap[], packet: EpochPacket): boolean {
  return gaps.some((gap) => packet.timestampUs < gap.toUs && packet.timestampUs + packet.durationUs > gap.fromUs);
}

/** Whole groups of pictures, at most 2 s, one run each; after a gap picture begins with the next key frame. */
function cutEpochs(placed: readonly PlacedPacket[], gaps: readonly Gap[]): PlacedPacket[][] {
  const epochs: PlacedPacket[][] = [];
  let waiting = false;
  for (const item of placed) {
    if (inGap(gaps, item.packet)) {
      waiting = true;
      continue;
    }
    if (waiting && !item.packet.keyframe) continue;
    const current = epochs.at(-1);
    const first = current?.[0];
    const full =
      !first || item.packet.timestampUs + item.packet.durationUs - first.packet.timestampUs > EPOCH_MAX_US + 1000;
    const picture = item.clip.media.kind === "video";
    if (!current || first?.run !== item.run || (item.packet.keyframe && (picture || full || waiting)))
      epochs.push([item]);
    else current.push(item);
    waiting = false;
  }
  return epochs;
}

/** Records one track: real packets, real epochs, hash-chained, with the clock samples that its page would have had. */
export async function record(options: RecordOptions): Promise<Tape> {
  const { page, source, gaps = [] } = options;
  const trackZeroUs = asLocal(localAt(page, options.fromUs));
  const epochs: TapeEpoch[] = [];
  let previous: Sha256 | null = null;
  for (const [seq, items] of cutEpochs(play(options), gaps).entries()) {
    const first = items[0];
    if (!first) continue;
    const endUs = first.packet.timestampUs + EPOCH_MAX_US;
    const atUs = trackZeroUs + first.packet.timestampUs;
    const written = await writeEpoch({
      config: first.clip.config,
      packets: items.map((item) => item.packet),
      metadata: {
        room: null,
        take: TAKE,
        track: v.parse(trackId, idOf(options.track ?? `${options.name ?? "Alice"}-${source}`)),
        participant: v.parse(participantId, idOf(options.name ?? "Alice")),
        participantName: options.name ?? "Alice",
        source,
        seq,
        run: first.run,
        media: first.clip.media,
        configHash: hashOf(configBytes(first.clip.config)),
        trackZeroUs,
        pcmFrames: first.clip.media.kind === "audio" ? items.length * 960 : 0,
        timeOriginMs: page.timeOriginMs,
        wallClockMs: Math.round(page.timeOriginMs + atUs / 1000),
        clock: clockSample(options, atUs, seq),
        takeZeroRoomUs: page.takeZeroRoomUs,
        previous,
        gaps: gaps.filter((gap) => gap.fromUs < endUs && gap.toUs >= first.packet.timestampUs - 40_000),
        peaks: "",
      },
    });
    previous = hashOf(written.bytes);
    epochs.push({ seq, bytes: written.bytes, sha256: previous, packets: items.map((item) => item.packet) });
  }
  return { options, epochs };
}

function clockSample(options: RecordOptions, atUs: number, seq: number): ClockSample | null {
  const { page } = options;
  if (page.takeZeroRoomUs === null) return null;
  const offsetUs = page.offsetUs + atUs * page.ratePpm * 1e-6 + (options.clockError?.(seq) ?? 0);
  return { atUs: asLocal(atUs), offsetUs, uncertaintyUs: page.uncertaintyUs };
}

export interface SourceOptions {
  /** Epochs that are not there at all. */
  readonly without?: readonly number[];
  /** Epochs that the source knows of and cannot give. */
  readonly lost?: readonly number[];
  /** Epochs whose bytes are others. */
  readonly replaced?: ReadonlyMap<number, Uint8Array<ArrayBuffer>>;
  /** As a ledger knows them; otherwise only the hash chain does. */
  readonly hashes?: boolean;
  readonly end?: TrackSources["end"];
  readonly expected?: number | null;
  readonly gaps?: readonly Gap[];
}

export function trackSources(tape: Tape, options: SourceOptions = {}): TrackSources {
  const { without = [], lost = [], hashes = true, end = "closed" } = options;
  const epochs = tape.epochs
    .filter((epoch) => !without.includes(epoch.seq))
    .map((epoch): EpochSource => {
      const read = async () => {
        if (lost.includes(epoch.seq)) throw new EpochMissing("it is gone");
        return options.replaced?.get(epoch.seq) ?? epoch.bytes;
      };
      return { seq: epoch.seq, sha256: hashes ? epoch.sha256 : null, head: read, read };
    });
  return {
    track: v.parse(trackId, idOf(tape.options.track ?? `${tape.options.name ?? "Alice"}-${tape.options.source}`)),
    source: tape.options.source,
    label: "",
    epochs,
    expected: options.expected === undefined ? tape.epochs.length : options.expected,
    end,
    endUs: null,
    gaps: options.gaps ?? tape.options.gaps ?? [],
  };
}

/** A take of these people, each with the tracks given. */
export function takeOf(
  people: Readonly<Record<string, readonly TrackSources[]>>,
  title = "Interview",
  markers: readonly TakeMarker[] = [],
): TakeSources {
  return {
    room: null,
    take: TAKE,
    title,
    startedMs: ROOM_ZERO_US / 1000,
    markers,
    participants: Object.entries(people).map(([name, tracks]) => ({
      participant: v.parse(participantId, idOf(name)),
      name,
      tracks,
    })),
  };
}

/** The bytes with one bit of the media turned. */
export function flipBit(bytes: Uint8Array, fromEnd = 100): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  const at = copy.length - fromEnd;
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}
