import type { Source } from "#protocol/ids.ts";
import type { HashBytes } from "../epoch-reader.ts";
import { type MasterTarget, MatroskaWriter } from "../matroska/matroska-writer.ts";
import type { MasterTrack } from "../matroska/tracks.ts";
import type { EpochConfig } from "../epoch-config.ts";
import type { PlacedPart, SegmentPlan, Slot } from "./plan.ts";
import { SlotReader, type TakenEpoch } from "./slot-reader.ts";
import type { FaultyEpoch } from "./survey.ts";

export interface MasterOptions {
  readonly title: string;
  readonly startedMs: number;
  readonly hash: HashBytes;
  readonly signal?: AbortSignal;
  readonly onFault: (part: PlacedPart, fault: FaultyEpoch) => void;
  readonly onEpoch: (part: PlacedPart, taken: TakenEpoch) => void;
}

export interface WrittenMaster {
  readonly bytes: number;
  readonly durationUs: number;
  readonly configs: Readonly<Partial<Record<Slot, EpochConfig>>>;
}

const TRACK_NAME: Record<Source, string> = {
  camera: "Camera",
  microphone: "Microphone",
  screen: "Screen",
  "screen-audio": "Screen audio",
};

/**
 * Writes one file: both slots' packets, each exactly once, in order of time. `makeTarget` is called once it is known
 * that there is something to write; `null` when no epoch could be used.
 */
export async function writeMaster(
  plan: SegmentPlan,
  makeTarget: () => Promise<MasterTarget>,
  options: MasterOptions,
): Promise<WrittenMaster | null> {
  const slots: readonly Slot[] = ["video", "audio"];
  const readers = slots.map((slot, index) => {
    const parts = plan.parts.filter((part) => part.slot === slot);
    return { slot, parts, number: index + 1, reader: new SlotReader(parts, index + 1, options) };
  });
  try {
    const tracks: MasterTrack[] = [];
    const configs: Partial<Record<Slot, EpochConfig>> = {};
    for (const { slot, parts, number, reader } of readers) {
      const config = await reader.open();
      const source = parts[0]?.track.sources.source;
      if (!config || !source) continue;
      configs[slot] = config;
      tracks.push({ number, name: TRACK_NAME[source], config });
    }
    if (tracks.length === 0) return null;
    const head = { title: options.title, startedMs: options.startedMs, tracks };
    const writer = new MatroskaWriter(await makeTarget(), head);
    await writer.start();
    await interleave(
      writer,
      readers.map((each) => each.reader),
      options.signal,
    );
    return { ...(await writer.finish()), configs };
  } finally {
    for (const { reader } of readers) await reader.close();
  }
}

async function interleave(writer: MatroskaWriter, readers: readonly SlotReader[], signal?: AbortSignal): Promise<void> {
  const earliest = () => {
    let best: SlotReader | null = null;
    for (const reader of readers) {
      if (reader.next && (!best?.next || reader.next.timeUs < best.next.timeUs)) best = reader;
    }
    return best;
  };
  for (let reader = earliest(); reader; reader = earliest()) {
    signal?.throwIfAborted();
    const packet = await reader.take();
    if (packet) await writer.add(packet);
  }
}
