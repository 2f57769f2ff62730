import { configBytes, type EpochConfig } from "../epoch-config.ts";
import { EpochError } from "../epoch-error.ts";
import { type HashBytes, readEpoch, type ReadEpoch, verifyEpoch } from "../epoch-reader.ts";
import type { MasterPacket } from "../matroska/matroska-writer.ts";
import type { PlacedPart } from "./plan.ts";
import { asFault, type FaultyEpoch, type KnownEpoch } from "./survey.ts";

export interface ReadOptions {
  readonly hash: HashBytes;
  /** An epoch turned out to be unusable; the rest goes on. */
  readonly onFault: (part: PlacedPart, fault: FaultyEpoch) => void;
  /** An epoch's packets were taken, wholly or in part. */
  readonly onEpoch: (part: PlacedPart, epoch: KnownEpoch, packets: number, bytes: number) => void;
}

type Opened = { readonly epoch: KnownEpoch; readonly read: ReadEpoch } | { readonly fault: FaultyEpoch };

/**
 * The packets of one slot of one file, in order of time, from epochs that are read and checked one ahead of the one
 * that is written. At most two epochs are in memory.
 */
export class SlotReader {
  readonly #parts: readonly PlacedPart[];
  readonly #options: ReadOptions;
  readonly #trackNumber: number;
  readonly #packets: AsyncGenerator<MasterPacket, void>;
  #config: EpochConfig | null = null;
  #next: MasterPacket | null = null;

  constructor(parts: readonly PlacedPart[], trackNumber: number, options: ReadOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#trackNumber = trackNumber;
    this.#packets = this.#run();
  }

  /** Reads up to the first packet. The decoder's config, or `null` when no epoch can be used. */
  async open(): Promise<EpochConfig | null> {
    await this.take();
    return this.#config;
  }

  /** The packet that `take` would give. */
  get next(): MasterPacket | null {
    return this.#next;
  }

  /** Gives the next packet and reads on. */
  async take(): Promise<MasterPacket | null> {
    const taken = this.#next;
    const following = await this.#packets.next();
    this.#next = following.done ? null : following.value;
    return taken;
  }

  /** Stops reading ahead. */
  async close(): Promise<void> {
    await this.#packets.return();
  }

  async *#run(): AsyncGenerator<MasterPacket, void> {
    const list = this.#parts.flatMap((part) => part.epochs.map((epoch) => ({ part, epoch })));
    let lastUs = 0;
    let ahead = this.#open(list[0]?.epoch);
    for (const [index, { part, epoch }] of list.entries()) {
      const opened = await ahead;
      ahead = this.#open(list[index + 1]?.epoch);
      if (!opened || "fault" in opened) {
        if (opened) this.#options.onFault(part, opened.fault);
        continue;
      }
      let taken = 0;
      let bytes = 0;
      for (const packet of opened.read.packets) {
        const localUs = epoch.metadata.trackZeroUs + packet.timestampUs;
        if (localUs < part.fromUs || localUs >= part.toUs) continue;
        // Never backwards: two clock estimates may differ by less than a packet where a session begins.
        lastUs = Math.max(lastUs, localUs - part.zeroUs);
        taken++;
        bytes += packet.data.byteLength;
        yield { ...packet, track: this.#trackNumber, timeUs: lastUs };
      }
      this.#options.onEpoch(part, epoch, taken, bytes);
    }
  }

  /** Never rejects on a damaged epoch; other errors do, and end the job. */
  #open(epoch: KnownEpoch | undefined): Promise<Opened | null> {
    const opening = this.#check(epoch);
    // Awaited later: an error that comes before then must not count as unhandled.
    opening.then(undefined, () => undefined);
    return opening;
  }

  async #check(epoch: KnownEpoch | undefined): Promise<Opened | null> {
    if (!epoch) return null;
    try {
      const bytes = await epoch.source.read();
      if (epoch.sha256) await verifyEpoch(bytes, epoch.sha256, this.#options.hash);
      const read = readEpoch(bytes);
      this.#checkConfig(read.config);
      return { epoch, read };
    } catch (error) {
      return { fault: asFault(epoch.seq, error) };
    }
  }

  #checkConfig(config: EpochConfig): void {
    if (!this.#config) {
      this.#config = config;
      return;
    }
    const [known, other] = [configBytes(this.#config), configBytes(config)];
    if (known.byteLength !== other.byteLength || known.some((byte, index) => byte !== other[index]))
      throw EpochError.of("bad-config", "the decoder's config is not that of the run");
  }
}
