import { GapLedger } from "#core/capture/gap-ledger.ts";
import type { EpochStore } from "#core/ports/epoch-store.ts";
import type { Hasher } from "#core/ports/hasher.ts";
import type { JournalChannel } from "#core/ports/journal-channel.ts";
import { StorageError } from "#core/ports/storage-error.ts";
import type { TakeRepo } from "#core/ports/take-repo.ts";
import type { Clock } from "#core/ports/time.ts";
import { configBytes, type EpochConfig } from "#media/epoch-config.ts";
import { type EpochPacket, writeEpoch } from "#media/epoch-writer.ts";
import type { ClockSample } from "#protocol/clock.ts";
import type { ClosedTrack, EncodeEvent, EncodeProblem, StartRequest } from "#protocol/encode-rpc.ts";
import type { MediaFormat } from "#protocol/epoch-format.ts";
import type { Gap } from "#protocol/gaps.ts";
import type { Sha256 } from "#protocol/ids.ts";

/** A disk that stalls may keep this much waiting in memory: a minute of 1080p at 8 Mbit/s. Then epochs are given up. */
export const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/** After a full disk, pictures try again this often; sound tries with every epoch, so that it gets what space there is. */
const RETRY_FULL_US = 10_000_000;

/** One epoch's worth of encoded media, with times in µs since the track's zero. */
export interface EpochSlice {
  readonly packets: readonly EpochPacket[];
  readonly config: EpochConfig;
  readonly media: MediaFormat;
  readonly run: number;
  readonly gaps: readonly Gap[];
  readonly pcmFrames: number;
  readonly peaks: string;
}

export interface SealerDeps {
  readonly store: EpochStore;
  readonly repo: TakeRepo;
  readonly hasher: Hasher;
  readonly channel: JournalChannel;
  readonly clock: Clock;
  /** `performance.timeOrigin` of the page. */
  readonly pageTimeOriginMs: number;
  /** Frees the space that was kept aside; true when there was any. */
  readonly freeReserve: () => Promise<boolean>;
}

/**
 * Puts the epochs of one track into journal and manifest, one after the other, beside the loop that encodes: bytes, flush,
 * close, then the row. An epoch that cannot be kept becomes a gap, and the next one takes its number.
 */
export class TrackSealer {
  readonly #deps: SealerDeps;
  readonly #request: StartRequest;
  readonly #onEvent: (event: EncodeEvent) => void;
  readonly #hashes = new WeakMap<EpochConfig, Promise<Sha256>>();
  readonly #lost = new GapLedger();
  #queue: Promise<void> = Promise.resolve();
  #clock: ClockSample | null;
  #previous: Sha256 | null = null;
  #carried: Gap[] = [];
  #fullSinceUs: number | undefined;
  #triedUs = Number.NEGATIVE_INFINITY;
  #endUs = 0;

  epochs = 0;
  bytes = 0;
  waitingBytes = 0;
  /** Video frames, or PCM samples. */
  sealed = 0;
  lostUnits = 0;

  constructor(deps: SealerDeps, request: StartRequest, onEvent: (event: EncodeEvent) => void) {
    this.#deps = deps;
    this.#request = request;
    this.#onEvent = onEvent;
    this.#clock = request.clock;
  }

  setClock(sample: ClockSample | null): void {
    this.#clock = sample;
  }

  /** Queues one epoch; never waits. */
  seal(slice: EpochSlice): void {
    const bytes = slice.packets.reduce((sum, packet) => sum + packet.data.byteLength, 0);
    if (this.waitingBytes + bytes > MAX_WAITING_BYTES) {
      this.#giveUp(slice, "The disk is too slow.");
      return;
    }
    this.waitingBytes += bytes;
    this.#queue = this.#queue.then(async () => {
      await this.#keep(slice);
      this.waitingBytes -= bytes;
    });
  }

  /** Gaps of epochs that were given up. */
  lostGaps(): readonly Gap[] {
    return this.#lost.all();
  }

  /** Waits for the disk, then closes the track in the manifest. `gaps`: those found while capturing. */
  async close(captureGaps: readonly Gap[]): Promise<ClosedTrack> {
    await this.#queue;
    const gaps = [...captureGaps, ...this.lostGaps()].sort((a, b) => a.fromUs - b.fromUs);
    const closed: ClosedTrack = { epochs: this.epochs, gaps, endUs: this.#endUs };
    const { track } = this.#request;
    await this.#deps.repo.putTrack({ ...track, state: "closed", ...closed, gaps: [...gaps] });
    this.#deps.channel.tell({ type: "track-closed", take: track.take, track: track.track });
    return closed;
  }

  async #keep(slice: EpochSlice): Promise<void> {
    const nowUs = this.#deps.clock.nowUs();
    const waits = this.#fullSinceUs !== undefined && nowUs - this.#triedUs < RETRY_FULL_US;
    if (waits && slice.media.kind === "video") {
      this.#giveUp(slice, "There is no space left on this device.");
      return;
    }
    this.#triedUs = nowUs;
    try {
      await this.#write(slice);
    } catch (error) {
      if (isFull(error) && slice.media.kind === "audio" && (await this.#deps.freeReserve())) {
        await this.#keep(slice);
        return;
      }
      const detail = error instanceof Error ? error.message : String(error);
      this.#giveUp(slice, detail, error instanceof StorageError ? "storage-full" : "encoder-error");
      return;
    }
    if (this.#fullSinceUs !== undefined) this.#problem("storage-back", "");
    this.#fullSinceUs = undefined;
  }

  async #write(slice: EpochSlice): Promise<void> {
    const { store, repo, hasher, channel } = this.#deps;
    const { track } = this.#request;
    const seq = this.epochs;
    const gaps = [...this.#carried, ...slice.gaps].sort((a, b) => a.fromUs - b.fromUs);
    const written = await writeEpoch({
      metadata: { ...this.#describe(slice), seq, gaps, configHash: await this.#hashOf(slice.config) },
      config: slice.config,
      packets: slice.packets,
    });
    const sha256 = await hasher.sha256(written.bytes);
    const ref = { take: track.take, track: track.track, seq };
    await store.write(ref, written.bytes);
    const { firstUs, endUs, samples, run, media, peaks, clock } = written.metadata;
    const bytes = written.bytes.byteLength;
    try {
      await repo.addEpoch({
        ...ref,
        bytes,
        sha256,
        run,
        media,
        firstUs,
        endUs,
        samples,
        gaps,
        peaks,
        clock,
        receiptMs: null,
      });
    } catch (error) {
      // Without its row the file would stand in the way of the next epoch, which takes this number.
      await store.discard(ref);
      throw error;
    }
    this.#previous = sha256;
    this.#carried = [];
    this.#endUs = endUs - track.trackZeroUs;
    this.epochs += 1;
    this.bytes += bytes;
    this.sealed += unitsOf(slice);
    channel.tell({ type: "epoch-sealed", take: track.take, track: track.track });
    this.#onEvent({ type: "sealed", epochs: this.epochs, bytes: this.bytes, endUs: this.#endUs });
  }

  #describe(slice: EpochSlice) {
    const { track, room, participant, participantName, takeZeroRoomUs } = this.#request;
    return {
      room,
      take: track.take,
      track: track.track,
      participant,
      participantName,
      source: track.source,
      run: slice.run,
      media: slice.media,
      trackZeroUs: track.trackZeroUs,
      pcmFrames: slice.pcmFrames,
      timeOriginMs: this.#deps.pageTimeOriginMs,
      wallClockMs: this.#deps.clock.wallMs(),
      clock: this.#clock,
      takeZeroRoomUs,
      previous: this.#previous,
      peaks: slice.peaks,
    };
  }

  #hashOf(config: EpochConfig): Promise<Sha256> {
    let hash = this.#hashes.get(config);
    if (hash === undefined) {
      hash = this.#deps.hasher.sha256(configBytes(config));
      this.#hashes.set(config, hash);
    }
    return hash;
  }

  /** @param reason `encoder-error`: what came out of the encoder cannot be made a file */
  #giveUp(slice: EpochSlice, detail: string, reason: "storage-full" | "encoder-error" = "storage-full"): void {
    const first = slice.packets[0];
    const last = slice.packets.at(-1);
    if (first === undefined || last === undefined) return;
    const gap: Gap = {
      fromUs: first.timestampUs,
      toUs: last.timestampUs + last.durationUs,
      reason,
    };
    this.#lost.add(gap.fromUs, gap.toUs, gap.reason);
    this.#carried.push(...slice.gaps, gap);
    this.lostUnits += unitsOf(slice);
    this.#onEvent({ type: "gap", gap });
    if (reason === "encoder-error") {
      this.#problem("encoder-failed", detail);
      return;
    }
    if (this.#fullSinceUs === undefined) this.#problem("storage-full", detail);
    this.#fullSinceUs ??= this.#deps.clock.nowUs();
  }

  #problem(problem: EncodeProblem, detail: string): void {
    this.#onEvent({ type: "problem", problem, atUs: this.#deps.clock.nowUs(), detail });
  }
}

function unitsOf(slice: EpochSlice): number {
  return slice.media.kind === "video" ? slice.packets.length : slice.pcmFrames;
}

function isFull(error: unknown): boolean {
  return error instanceof StorageError && error.reason === "full";
}
