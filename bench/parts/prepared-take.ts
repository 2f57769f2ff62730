import type { EpochConfig } from "#media/epoch-config.ts";
import { type EpochPacket, type WrittenEpoch, writeEpoch } from "#media/epoch-writer.ts";
import type { MediaFormat } from "#protocol/epoch-format.ts";
import type { Sha256, Source, TakeId, TrackId } from "#protocol/ids.ts";
import type { EpochRow, TakeRow, TrackRow } from "#protocol/take-manifest.ts";
import { asLocal, type LocalMicros } from "#protocol/units.ts";

/** One epoch's worth of real packets; a prepared track repeats them. */
export interface PreparedClip {
  readonly source: Source;
  readonly media: MediaFormat;
  readonly config: EpochConfig;
  readonly packets: readonly EpochPacket[];
  /** SHA-256 of the codec's config. */
  readonly configHash: Sha256;
  /** PCM sample frames per epoch; 0 for video. */
  readonly pcmFrames: number;
}

/** A take as a device holds it after Stop, with nothing sent. */
export interface PreparedTake {
  readonly take: TakeId;
  readonly startedMs: number;
  readonly epochs: number;
  readonly tracks: readonly { readonly track: TrackId; readonly clip: PreparedClip }[];
}

/** Length of an epoch. */
const EPOCH_US = 2_000_000;
export const EPOCH_S = EPOCH_US / 1e6;

const TRACK_ZERO = asLocal(5_000_000);

export interface PreparedEpoch {
  readonly row: EpochRow;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A track's epochs in order, each hashed and chained to the one before it; one at a time, so that memory stays flat. */
export async function* preparedEpochs(
  prepared: PreparedTake,
  track: PreparedTake["tracks"][number],
  hash: (bytes: Uint8Array) => Promise<Sha256>,
): AsyncGenerator<PreparedEpoch> {
  let previous: Sha256 | null = null;
  for (let seq = 0; seq < prepared.epochs; seq += 1) {
    const written = await oneEpoch(prepared, track, seq, previous);
    const sha256 = await hash(written.bytes);
    previous = sha256;
    const { run, media, firstUs, endUs, samples, gaps, peaks, clock } = written.metadata;
    const bytes = written.bytes.byteLength;
    const at = { take: prepared.take, track: track.track, seq };
    yield {
      bytes: written.bytes,
      row: { ...at, bytes, sha256, run, media, firstUs, endUs, samples, gaps, peaks, clock, receiptMs: null },
    };
  }
}

function oneEpoch(
  { take, startedMs }: PreparedTake,
  { track, clip }: PreparedTake["tracks"][number],
  seq: number,
  previous: Sha256 | null,
): Promise<WrittenEpoch> {
  const shiftUs = seq * EPOCH_US;
  return writeEpoch({
    config: clip.config,
    packets: clip.packets.map((packet) => ({ ...packet, timestampUs: packet.timestampUs + shiftUs })),
    metadata: {
      room: null,
      take,
      track,
      participant: null,
      participantName: "Bench",
      source: clip.source,
      seq,
      run: 0,
      media: clip.media,
      configHash: clip.configHash,
      trackZeroUs: TRACK_ZERO,
      pcmFrames: clip.pcmFrames,
      timeOriginMs: startedMs - 5_000,
      wallClockMs: startedMs + shiftUs / 1000,
      clock: null,
      takeZeroRoomUs: null,
      previous,
      gaps: [],
      peaks: "",
    },
  });
}

export const endUsOf = (prepared: PreparedTake): number => prepared.epochs * EPOCH_US;

/** The manifest's row of a take that was recorded alone and has been stopped. */
export function takeRowOf({ take, startedMs, epochs }: PreparedTake): TakeRow {
  return {
    take,
    room: null,
    participant: null,
    participantName: "Bench",
    title: "",
    startedMs,
    consentMs: startedMs,
    zeroRoomUs: null,
    timeOriginMs: startedMs - 5_000,
    state: "stopped",
    stoppedMs: startedMs + epochs * EPOCH_S * 1000,
  };
}

export function trackRowOf(prepared: PreparedTake, { track, clip }: PreparedTake["tracks"][number]): TrackRow {
  const trackZeroUs: LocalMicros = TRACK_ZERO;
  const { take, epochs } = prepared;
  const endUs = endUsOf(prepared);
  return {
    track,
    take,
    source: clip.source,
    label: "",
    trackZeroUs,
    state: "closed",
    epochs,
    gaps: [],
    endUs,
    sealed: false,
  };
}
