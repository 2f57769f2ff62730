import type { ClockModel } from "#protocol/delivery-manifest.ts";
import { isVideoSource } from "#protocol/ids.ts";
import { fitClock, toTake } from "../clock-model.ts";
import { fileStems, masterName } from "../names.ts";
import type { KnownEpoch, SurveyedParticipant, SurveyedTrack } from "./survey.ts";

export type MasterKind = "main" | "screen";
export type Slot = "video" | "audio";

/** One page load of one participant: all of its local times are on one clock. */
export interface Session {
  readonly timeOriginMs: number;
  readonly clock: ClockModel;
}

/** A stretch of one track with one decoder config. Times are local µs of its session. */
export interface Part {
  readonly slot: Slot;
  readonly track: SurveyedTrack;
  readonly session: Session;
  readonly configHash: string;
  readonly epochs: readonly KnownEpoch[];
  /** Packets of these epochs that lie in [`fromUs`, `toUs`) are the part's. */
  readonly fromUs: number;
  readonly toUs: number;
}

/** A part's place in a file. */
export interface PlacedPart extends Part {
  /** The file's zero on the session's clock, local µs. */
  readonly zeroUs: number;
}

/** One MKV file. */
export interface SegmentPlan {
  readonly file: string;
  readonly kind: MasterKind;
  /** From 1. */
  readonly number: number;
  /** Frame of the timeline on which the file's zero lies, counted from the take's zero; may be negative. */
  readonly zeroFrame: number;
  readonly parts: readonly PlacedPart[];
}

export interface PersonPlan {
  readonly person: SurveyedParticipant;
  readonly stem: string;
  readonly sessions: readonly Session[];
  readonly segments: readonly SegmentPlan[];
}

export interface TakePlan {
  /** Frames per second of the timeline: a whole number. */
  readonly rate: number;
  readonly people: readonly PersonPlan[];
}

export const frameUs = (rate: number): number => 1e6 / rate;

/** Floating point: a start this close below a frame lies on it. */
const EPSILON_FRAMES = 1e-6;

/** Everything that can be said before a packet is read: clocks, files, what goes where (rules DM1–DM4). Pure. */
export function planTake(people: readonly SurveyedParticipant[]): TakePlan {
  const rate = timelineRate(people);
  const stems = fileStems(people.map((person) => person.sources.name));
  return {
    rate,
    people: people.map((person, index) => planPerson(person, stems[index] ?? `Person_${index + 1}`, rate)),
  };
}

/** 30, unless every camera says 25, or every camera says 24: whole rates only, so that frames hold whole samples. */
function timelineRate(people: readonly SurveyedParticipant[]): number {
  const rates = people
    .flatMap((person) => person.tracks)
    .filter((track) => track.sources.source === "camera")
    .flatMap((track) => track.epochs.map((epoch) => epoch.metadata.media))
    .map((media) => (media.kind === "video" ? Math.round(media.frameRate) : 0));
  for (const rate of [25, 24]) {
    if (rates.length > 0 && rates.every((each) => each === rate)) return rate;
  }
  return 30;
}

function planPerson(person: SurveyedParticipant, stem: string, rate: number): PersonPlan {
  const sessions = findSessions(person.tracks);
  const kinds: readonly MasterKind[] = ["main", "screen"];
  const segments = kinds.flatMap((kind) => {
    const tracks = person.tracks.filter((track) => kindOf(track) === kind);
    const groups = groupParts(tracks.flatMap((track) => partsOf(track, sessions)));
    return groups.map((parts, index) => placeSegment(parts, kind, index + 1, stem, rate));
  });
  return { person, stem, sessions, segments };
}

const kindOf = (track: SurveyedTrack): MasterKind => (track.sources.source.startsWith("screen") ? "screen" : "main");

/** Sessions in order of time, each with the clock model that its epochs' samples give. */
function findSessions(tracks: readonly SurveyedTrack[]): Session[] {
  const epochs = tracks.flatMap((track) => track.epochs.map((epoch) => epoch.metadata));
  const origins = [...new Set(epochs.map((epoch) => epoch.timeOriginMs))].sort((a, b) => a - b);
  const firstOrigin = origins[0] ?? 0;
  const zeroOf = (origin: number) =>
    Math.min(...epochs.filter((epoch) => epoch.timeOriginMs === origin).map((epoch) => epoch.trackZeroUs));
  const aloneZeroUs = origins.length > 0 ? zeroOf(firstOrigin) : 0;
  return origins.map((timeOriginMs) => {
    const own = epochs.filter((epoch) => epoch.timeOriginMs === timeOriginMs);
    const clock = fitClock({
      samples: own.flatMap((epoch) => (epoch.clock ? [epoch.clock] : [])),
      takeZeroRoomUs: own.find((epoch) => epoch.takeZeroRoomUs !== null)?.takeZeroRoomUs ?? null,
      timeOriginMs,
      fromUs: Math.min(...own.map((epoch) => epoch.firstUs)),
      toUs: Math.max(...own.map((epoch) => epoch.endUs)),
      aloneZeroUs: aloneZeroUs - (timeOriginMs - firstOrigin) * 1000,
    });
    return { timeOriginMs, clock };
  });
}

function partsOf(track: SurveyedTrack, sessions: readonly Session[]): Part[] {
  const parts: Part[] = [];
  let current: KnownEpoch[] = [];
  const end = () => {
    const first = current[0];
    const session = sessions.find((each) => each.timeOriginMs === first?.metadata.timeOriginMs);
    if (first && session) {
      parts.push({
        slot: isVideoSource(track.sources.source) ? "video" : "audio",
        track,
        session,
        configHash: first.metadata.configHash,
        epochs: current,
        fromUs: Number.NEGATIVE_INFINITY,
        toUs: Number.POSITIVE_INFINITY,
      });
    }
    current = [];
  };
  for (const epoch of track.epochs) {
    const last = current.at(-1)?.metadata;
    const same = last?.configHash === epoch.metadata.configHash && last.timeOriginMs === epoch.metadata.timeOriginMs;
    if (last && !same) end();
    current.push(epoch);
  }
  end();
  return parts;
}

/** First and last µs of the part on its own clock. */
export function localSpan(part: Part): { fromUs: number; toUs: number } {
  const first = part.epochs[0]?.metadata.firstUs ?? 0;
  const last = part.epochs.at(-1)?.metadata.endUs ?? 0;
  return { fromUs: Math.max(part.fromUs, first), toUs: Math.min(part.toUs, last) };
}

const takeStart = (part: Part): number => toTake(part.session.clock, localSpan(part).fromUs);
const takeEnd = (part: Part): number => toTake(part.session.clock, localSpan(part).toUs);

/** Two clock estimates of one moment may differ by this much without being an overlap. */
const OVERLAP_TOLERANCE_US = 1_000;

/**
 * Which parts share a file. A part goes into the file of its session, or into the newest one; when the config of its
 * slot differs there, or that slot's media is not over yet, a new file begins, and what else of the same session runs
 * on past this moment moves there with it.
 */
function groupParts(parts: readonly Part[]): Part[][] {
  const waiting = [...parts].sort((a, b) => takeStart(a) - takeStart(b));
  const groups: Part[][] = [];
  for (let part = waiting.shift(); part; part = waiting.shift()) {
    const session = part.session;
    const own = groups.findLast((group) => group.some((other) => other.session === session));
    const group = own ?? groups.at(-1);
    const newcomers = own ? [part] : [part, ...firstOfOtherSlots(part, waiting)];
    if (group && newcomers.every((each) => fits(group, each))) {
      group.push(part);
      continue;
    }
    if (own) moveRest(own, part, waiting);
    groups.push([part]);
  }
  return groups.filter((group) => group.length > 0);
}

function firstOfOtherSlots(part: Part, waiting: readonly Part[]): Part[] {
  const other = waiting.find((each) => each.session === part.session && each.slot !== part.slot);
  return other ? [other] : [];
}

function fits(group: readonly Part[], part: Part): boolean {
  const before = group.filter((other) => other.slot === part.slot);
  return before.every(
    (other) => other.configHash === part.configHash && takeEnd(other) <= takeStart(part) + OVERLAP_TOLERANCE_US,
  );
}

/** Takes out of `group` what runs on past the beginning of `part` on the same clock, and puts it back into the queue. */
function moveRest(group: Part[], part: Part, waiting: Part[]): void {
  const atUs = localSpan(part).fromUs;
  for (const [index, other] of [...group.entries()].reverse()) {
    if (other.session !== part.session || other.slot === part.slot || localSpan(other).toUs <= atUs) continue;
    const { head, tail } = splitPart(other, atUs);
    if (!tail) continue;
    if (head) group[index] = head;
    else group.splice(index, 1);
    waiting.push(tail);
  }
  waiting.sort((a, b) => takeStart(a) - takeStart(b));
}

/** Sound is cut between two packets; picture only where an epoch begins, at a key frame. */
function splitPart(part: Part, atUs: number): { head?: Part; tail?: Part } {
  const video = part.slot === "video";
  const cutUs = video
    ? (part.epochs.find((epoch) => epoch.metadata.firstUs >= atUs)?.metadata.firstUs ?? Number.POSITIVE_INFINITY)
    : atUs;
  const before = part.epochs.filter((epoch) => epoch.metadata.firstUs < cutUs);
  const after = part.epochs.filter(
    (epoch) => epoch.metadata.endUs > cutUs && (!video || epoch.metadata.firstUs >= cutUs),
  );
  return {
    ...(before.length > 0 ? { head: { ...part, epochs: before, toUs: cutUs } } : {}),
    ...(after.length > 0 ? { tail: { ...part, epochs: after, fromUs: cutUs } } : {}),
  };
}

function placeSegment(
  parts: readonly Part[],
  kind: MasterKind,
  number: number,
  stem: string,
  rate: number,
): SegmentPlan {
  const startUs = Math.min(...parts.map(takeStart));
  const zeroFrame = Math.floor(startUs / frameUs(rate) + EPSILON_FRAMES);
  const zeroOf = (session: Session): number => {
    const first = parts
      .filter((part) => part.session === session)
      .sort((a, b) => localSpan(a).fromUs - localSpan(b).fromUs)[0];
    // The session's first sample lies where the clock model says; the rest follows on the device's own clock.
    return first ? localSpan(first).fromUs - (takeStart(first) - zeroFrame * frameUs(rate)) : 0;
  };
  return {
    file: masterName(stem, kind, number),
    kind,
    number,
    zeroFrame,
    parts: parts.map((part) => ({ ...part, zeroUs: zeroOf(part.session) })),
  };
}
