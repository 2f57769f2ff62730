import { configBytes, type EpochConfig } from "../epoch-config.ts";
import { EpochError } from "../epoch-error.ts";
import { type HashBytes, type ReadEpoch, readEpoch } from "../epoch-reader.ts";
import type { MasterPacket } from "../matroska/matroska-writer.ts";
import type { PlacedPart } from "./plan.ts";
import { asFault, type FaultyEpoch, type KnownEpoch } from "./survey.ts";

/** An epoch that was checked and taken, wholly or in part. */
export interface TakenEpoch {
  readonly epoch: KnownEpoch;
  readonly sha256: string;
  /** Of the epoch's file. */
  readonly bytes: number;
  /** Packets of it that are in this file. */
  readonly packets: number;
}

export interface ReadOptions {
  readonly hash: HashBytes;
  /** An epoch turned out to be unusable; the rest goes on. */
  readonly onFault: (part: PlacedPart, fault: FaultyEpoch) => void;
  readonly onEpoch: (part: PlacedPart, taken: TakenEpoch) => void;
}

interface Checked {
  readonly kind: "checked";
  readonly read: ReadEpoch;
  readonly sha256: string;
  readonly bytes: number;
}

/** As data, since it is made before anybody waits for it. `failed`: not the epoch's fault, the job ends. */
type Opened =
  | Checked
  | { readonly kind: "fault"; readonly fault: FaultyEpoch }
  | { readonly kind: "failed"; readonly error: unknown };

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
      if (opened?.kind === "failed") throw opened.error;
      if (opened?.kind === "fault") this.#options.onFault(part, opened.fault);
      if (opened?.kind !== "checked") continue;
      let packets = 0;
      for (const packet of opened.read.packets) {
        const localUs = epoch.metadata.trackZeroUs + packet.timestampUs;
        if (localUs < part.fromUs || localUs >= part.toUs) continue;
        // Never backwards: two clock estimates may differ by less than a packet where a session begins.
        lastUs = Math.max(lastUs, localUs - part.zeroUs);
        packets++;
        yield { ...packet, track: this.#trackNumber, timeUs: lastUs };
      }
      this.#options.onEpoch(part, { epoch, sha256: opened.sha256, bytes: opened.bytes, packets });
    }
  }

  async #open(epoch: KnownEpoch | undefined): Promise<Opened | null> {
    if (!epoch) return null;
    try {
      const bytes = await epoch.source.read();
      const sha256 = await this.#options.hash(bytes);
      if (epoch.sha256 && epoch.sha256 !== sha256)
        throw EpochError.of("checksum-mismatch", `SHA-256 is ${sha256}, expected ${epoch.sha256}`);
      const read = readEpoch(bytes);
      this.#checkConfig(read.config);
      return { kind: "checked", read, sha256, bytes: bytes.byteLength };
    } catch (error) {
      return faultOrFailure(epoch.seq, error);
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

function faultOrFailure(seq: number, error: unknown): Opened {
  try {
    return { kind: "fault", fault: asFault(seq, error) };
  } catch (failure) {
    return { kind: "failed", error: failure };
  }
}
