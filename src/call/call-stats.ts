import * as v from "valibot";

/** Of the reports of `getStats` those that count, and of them what is read. Times are s, as the browser gives them. */
const inbound = v.object({
  type: v.literal("inbound-rtp"),
  id: v.string(),
  kind: v.picklist(["audio", "video"]),
  mid: v.optional(v.string()),
  packetsReceived: v.optional(v.number(), 0),
  packetsLost: v.optional(v.number(), 0),
  jitter: v.optional(v.number(), 0),
  audioLevel: v.optional(v.number()),
});

const outbound = v.object({
  type: v.literal("outbound-rtp"),
  kind: v.picklist(["audio", "video"]),
  active: v.optional(v.boolean(), true),
  qualityLimitationReason: v.optional(v.picklist(["none", "cpu", "bandwidth", "other"]), "none"),
});

const heardByThem = v.object({
  type: v.literal("remote-inbound-rtp"),
  /** When they told it, ms. */
  timestamp: v.optional(v.number(), 0),
  roundTripTime: v.optional(v.number()),
  fractionLost: v.optional(v.number()),
});

const pair = v.object({
  type: v.literal("candidate-pair"),
  nominated: v.optional(v.boolean(), false),
  responsesReceived: v.optional(v.number(), 0),
  packetsReceived: v.optional(v.number(), 0),
  currentRoundTripTime: v.optional(v.number()),
  availableOutgoingBitrate: v.optional(v.number()),
});

const transport = v.object({ type: v.literal("transport"), packetsReceived: v.optional(v.number(), 0) });

const mediaSource = v.object({ type: v.literal("media-source"), audioLevel: v.optional(v.number()) });

const report = v.variant("type", [inbound, outbound, heardByThem, pair, transport, mediaSource]);

/** Counters of one received stream, found by the line on which it comes. */
export type InboundReport = v.InferOutput<typeof inbound>;

export interface CallReports {
  readonly inbound: readonly InboundReport[];
  readonly limitation: "none" | "cpu" | "bandwidth" | "other";
  /** The worst of what is sent, 0…1. */
  readonly loss: number | null;
  readonly roundTripMs: number | null;
  readonly availableBits: number | null;
  /** Grows with all that arrives, consent checks of ICE too. */
  readonly arrived: number;
  /** Of the microphone, linear. */
  readonly ownLevel: number | null;
}

/** Reads a report of `getStats`, of a connection or of one sender. */
export function readReports(stats: RTCStatsReport): CallReports {
  const read: v.InferOutput<typeof report>[] = [];
  stats.forEach((value: unknown) => {
    const each = v.safeParse(report, value);
    if (each.success) read.push(each.output);
  });
  const sent = read.filter((each) => each.type === "outbound-rtp").filter((each) => each.active);
  const remote = newest(read.filter((each) => each.type === "remote-inbound-rtp"));
  const pairs = read.filter((each) => each.type === "candidate-pair");
  const transports = read.filter((each) => each.type === "transport");
  const levels = read.flatMap((each) => (each.type === "media-source" ? (each.audioLevel ?? []) : []));
  const trips = remote.flatMap((each) => (each.roundTripTime ? [each.roundTripTime] : []));
  const nominated = pairs.find((each) => each.nominated);
  const roundTrip = trips.length > 0 ? middle(trips) : nominated?.currentRoundTripTime;
  return {
    inbound: read.filter((each) => each.type === "inbound-rtp"),
    limitation: worstLimitation(sent.map((each) => each.qualityLimitationReason)),
    loss: most(remote.flatMap((each) => each.fractionLost ?? [])),
    roundTripMs: roundTrip === undefined ? null : roundTrip * 1000,
    availableBits: nominated?.availableOutgoingBitrate ?? null,
    arrived: sum(transports.map((each) => each.packetsReceived)) + sum(pairs.map((each) => each.responsesReceived)),
    ownLevel: most(levels),
  };
}

/** RTCP tells about each line once a second. One that carries nothing any more keeps what was told last, which says nothing of now. */
const TOLD_WITHIN_MS = 3_000;

function newest<Report extends { readonly timestamp: number }>(reports: readonly Report[]): Report[] {
  const last = Math.max(...reports.map(({ timestamp }) => timestamp));
  return reports.filter(({ timestamp }) => timestamp >= last - TOLD_WITHIN_MS);
}

/** Of the lines: the least would be that of a packet that came just when a queue was empty, the most that of a late one. */
const middle = (values: readonly number[]): number | undefined =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];

function worstLimitation(reasons: readonly CallReports["limitation"][]): CallReports["limitation"] {
  return (["cpu", "bandwidth", "other"] as const).find((reason) => reasons.includes(reason)) ?? "none";
}

const most = (values: readonly number[]): number | null => (values.length === 0 ? null : Math.max(...values));
const sum = (values: readonly number[]): number => values.reduce((total, each) => total + each, 0);
