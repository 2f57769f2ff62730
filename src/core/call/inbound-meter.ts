import type { ParticipantId } from "#protocol/ids.ts";
import type { InboundQuality } from "../ports/live-call.ts";

/** Counters of one received track, as they stand. */
export interface InboundCounters {
  readonly participant: ParticipantId;
  /** Names the stream; counters of another one begin anew. */
  readonly stream: string;
  readonly packetsReceived: number;
  /** May go down when late packets arrive after all. */
  readonly packetsLost: number;
  readonly jitterMs: number;
}

/** Loss is that of so much time: one lost packet of a quiet second is not 30 %. */
const WINDOW_MS = 5_000;
const SILENT_AFTER_MS = 2_000;

interface Reading {
  readonly atMs: number;
  readonly received: number;
  readonly lost: number;
}

interface Stream {
  readonly participant: ParticipantId;
  readings: readonly Reading[];
  jitterMs: number;
  packetMs: number;
  packets: number;
}

/** Loss, jitter and silence of each participant from the counters of their tracks (CA40). Times: ms, monotonic. */
export class InboundMeter {
  readonly #streams = new Map<string, Stream>();

  /** All tracks that are received now; about once a second. @param expected who publishes anything */
  read(
    counters: readonly InboundCounters[],
    expected: ReadonlySet<ParticipantId>,
    atMs: number,
  ): ReadonlyMap<ParticipantId, InboundQuality> {
    const present = new Set(counters.map(({ stream }) => stream));
    for (const stream of this.#streams.keys()) if (!present.has(stream)) this.#streams.delete(stream);
    for (const each of counters) this.#note(each, atMs);
    return new Map([...expected].flatMap((participant) => this.#qualityOf(participant, atMs)));
  }

  #note(counters: InboundCounters, atMs: number): void {
    const known = this.#streams.get(counters.stream);
    const stream = known ?? {
      participant: counters.participant,
      readings: [],
      jitterMs: 0,
      packetMs: atMs,
      packets: counters.packetsReceived,
    };
    if (counters.packetsReceived !== stream.packets) stream.packetMs = atMs;
    stream.packets = counters.packetsReceived;
    stream.jitterMs = counters.jitterMs;
    const reading = { atMs, received: counters.packetsReceived, lost: counters.packetsLost };
    stream.readings = [...stream.readings.filter((each) => each.atMs >= atMs - WINDOW_MS), reading];
    this.#streams.set(counters.stream, stream);
  }

  #qualityOf(participant: ParticipantId, atMs: number): readonly (readonly [ParticipantId, InboundQuality])[] {
    const streams = [...this.#streams.values()].filter((stream) => stream.participant === participant);
    if (streams.length === 0) return [];
    const sums = streams.map(change);
    const lost = sums.reduce((total, each) => total + each.lost, 0);
    const received = sums.reduce((total, each) => total + each.received, 0);
    const loss = lost + received === 0 ? 0 : lost / (lost + received);
    const jitterMs = Math.max(...streams.map((stream) => stream.jitterMs));
    const silent = streams.every((stream) => atMs - stream.packetMs > SILENT_AFTER_MS);
    return [[participant, { loss, jitterMs, silent }]];
  }
}

function change({ readings }: Stream): { readonly lost: number; readonly received: number } {
  const first = readings[0];
  const last = readings.at(-1);
  if (first === undefined || last === undefined) return { lost: 0, received: 0 };
  return { lost: Math.max(0, last.lost - first.lost), received: Math.max(0, last.received - first.received) };
}
