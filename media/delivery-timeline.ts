import type { DeliveryTally } from "./delivery-tally.ts";
import { toTake } from "./clock-model.ts";
import { gapsWithin, presence } from "./stitch/gaps.ts";
import {
  frameUs,
  localSpan,
  type PersonPlan,
  type PlacedPart,
  type SegmentPlan,
  type TakePlan,
} from "./stitch/plan.ts";
import type { TakeSources } from "./stitch/sources.ts";
import type { WrittenMaster } from "./stitch/write-master.ts";
import type { Timeline, TimelineLane } from "./timeline/fcpxml.ts";
import type { FrameRange, TimelineMaster } from "./timeline/pieces.ts";

const EPSILON_FRAMES = 1e-6;

/**
 * A picture that stands still for less than a fifth of a second is not seen as a hole, and a black frame in its place is. Sound has no
 * such mercy: its gaps are all cut.
 */
const HELD_PICTURE_US = 200_000;

/** The masters as the timeline sees them: in whole frames, placed by the clock models. */
export function makeTimeline(
  take: Pick<TakeSources, "title" | "markers">,
  plan: TakePlan,
  written: ReadonlyMap<SegmentPlan, WrittenMaster>,
  tally: DeliveryTally,
): Timeline {
  const names = distinctNames(plan.people.map((person) => person.person.sources.name));
  const lanes = plan.people.flatMap((person, index) =>
    (["main", "screen"] as const).flatMap((kind): TimelineLane[] => {
      const masters = person.segments
        .filter((segment) => segment.kind === kind)
        .flatMap((segment) => toMaster(segment, written.get(segment), plan.rate, tally));
      if (masters.length === 0) return [];
      return [{ name: names[index] ?? person.stem, stem: person.stem, kind, masters }];
    }),
  );
  const markers = take.markers.map(({ atUs, text, name }) => ({
    frame: Math.round(atUs / frameUs(plan.rate)),
    text,
    name,
  }));
  return { title: take.title, rate: plan.rate, lanes, markers };
}

/** Angles that share a name cannot be told apart in an editor. */
function distinctNames(names: readonly string[]): string[] {
  return names.map((name, index) => {
    const before = names.slice(0, index).filter((other) => other === name).length;
    return before === 0 ? name : `${name} (${before + 1})`;
  });
}

function toMaster(
  segment: SegmentPlan,
  written: WrittenMaster | undefined,
  rate: number,
  tally: DeliveryTally,
): TimelineMaster[] {
  if (!written) return [];
  const frames = Math.floor(written.durationUs / frameUs(rate) + EPSILON_FRAMES);
  if (frames === 0) return [];
  const { video, audio } = written.configs;
  return [
    {
      file: segment.file,
      frames,
      video: video?.kind === "video" ? { width: video.width, height: video.height } : null,
      audioChannels: audio?.kind === "audio" ? audio.channels : 0,
      presence: {
        video: ranges(segment, "video", rate, frames, tally),
        audio: ranges(segment, "audio", rate, frames, tally),
      },
      place: placer(segment, rate),
    },
  ];
}

/** A part's first and last µs in its file, of what could be used. */
function spanInFile(part: PlacedPart, tally: DeliveryTally): { fromUs: number; toUs: number } | null {
  const used = new Set(tally.taken(part.track).map((taken) => taken.epoch.seq));
  const epochs = part.epochs.filter((epoch) => used.has(epoch.seq));
  if (epochs.length === 0) return null;
  const { fromUs, toUs } = localSpan({ ...part, epochs });
  return { fromUs: fromUs - part.zeroUs, toUs: toUs - part.zeroUs };
}

function ranges(
  segment: SegmentPlan,
  slot: "video" | "audio",
  rate: number,
  frames: number,
  tally: DeliveryTally,
): FrameRange[] {
  const found: FrameRange[] = [];
  const toFrame = (us: number) => Math.min(frames, Math.max(0, Math.floor(us / frameUs(rate) + EPSILON_FRAMES)));
  for (const part of segment.parts.filter((each) => each.slot === slot)) {
    const span = spanInFile(part, tally);
    if (!span) continue;
    const cut = gapsWithin(tally.outcome(part.track)).filter(
      (gap) => slot === "audio" || gap.toUs - gap.fromUs >= HELD_PICTURE_US,
    );
    const gaps = cut.map((gap) => ({
      ...gap,
      fromUs: gap.fromUs - part.zeroUs,
      toUs: gap.toUs - part.zeroUs,
    }));
    for (const stretch of presence(gaps, span.fromUs, span.toUs)) {
      const range = { from: toFrame(stretch.fromUs), to: toFrame(stretch.toUs) };
      const last = found.at(-1);
      if (last && last.to >= range.from) found[found.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
      else if (range.to > range.from) found.push(range);
    }
  }
  return found;
}

/** A file may hold two page loads, each with its own clock: a frame goes by the one that it was recorded in. */
function placer(segment: SegmentPlan, rate: number): (frame: number) => number {
  const starts = segment.parts
    .map((part) => ({ part, fromUs: localSpan(part).fromUs - part.zeroUs }))
    .sort((a, b) => a.fromUs - b.fromUs);
  return (frame) => {
    const us = frame * frameUs(rate);
    const owner = starts.findLast((each) => each.fromUs < us + frameUs(rate)) ?? starts[0];
    if (!owner) return segment.zeroFrame + frame;
    return Math.round(toTake(owner.part.session.clock, owner.part.zeroUs + us) / frameUs(rate));
  };
}

/** Where the last media of the take ends, take µs. */
export function takeEnd(people: readonly PersonPlan[], tally: DeliveryTally): number {
  const ends = people.flatMap((person) =>
    person.person.tracks.flatMap((track) => {
      const last = tally.taken(track).at(-1)?.epoch.metadata;
      const session = person.sessions.find((each) => each.timeOriginMs === last?.timeOriginMs);
      return last && session ? [toTake(session.clock, last.endUs)] : [];
    }),
  );
  return Math.max(0, ...ends);
}
