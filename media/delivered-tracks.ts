import type { DeliveredTrack } from "#protocol/delivery-manifest.ts";
import { PEAKS_PER_SECOND } from "#protocol/epoch-format.ts";
import { GAP_DECLARED_US, type Gap } from "#protocol/gaps.ts";
import * as v from "valibot";
import { sha256 } from "#protocol/ids.ts";
import { asTake } from "#protocol/units.ts";
import { fitClock, toTake } from "./clock-model.ts";
import type { DeliveryTally } from "./delivery-tally.ts";
import { gapsWithin, mergeGaps, START_TOLERANCE_US, uncovered } from "./stitch/gaps.ts";
import type { PersonPlan, Session } from "./stitch/plan.ts";
import type { TakenEpoch } from "./stitch/slot-reader.ts";
import type { SurveyedTrack } from "./stitch/survey.ts";

/** The tracks of one person for `manifest.json`. `takeEndUs`: where the longest track of the take ends; `written`: files that exist. */
export function deliveredTracks(
  plan: PersonPlan,
  tally: DeliveryTally,
  takeEndUs: number,
  written: ReadonlySet<string>,
): DeliveredTrack[] {
  const placed = plan.person.tracks.map((track) => ({ track, ...place(plan, track, tally) }));
  return placed.map(({ track, session, taken, startUs, endUs }) => {
    const next = placed
      .filter((other) => other.track.sources.source === track.sources.source && (other.startUs ?? 0) > (startUs ?? 0))
      .map((other) => other.startUs ?? 0);
    const first = placed.every(
      (other) => other.track.sources.source !== track.sources.source || (other.startUs ?? 0) >= (startUs ?? 0),
    );
    const within = session ? takeGaps(track, tally, session) : [];
    const files = filesOf(plan, track).filter((file) => written.has(file));
    const gaps = [...within];
    if (startUs !== null && first) gaps.push(...uncovered(within, 0, startUs, START_TOLERANCE_US, "late-start"));
    if (endUs !== null && track.sources.end === "cut-short")
      gaps.push(...uncovered(within, endUs, Math.min(takeEndUs, ...next), GAP_DECLARED_US, "cut-short"));
    return {
      track: track.sources.track,
      source: track.sources.source,
      label: track.sources.label,
      file: files[0] ?? null,
      files,
      clock: session?.clock ?? NO_CLOCK,
      startUs: startUs === null ? null : asTake(startUs),
      endUs: endUs === null ? null : asTake(endUs),
      end: track.sources.end,
      samples: taken.reduce((sum, each) => sum + each.packets, 0),
      pcmFrames: taken.reduce((sum, each) => sum + each.epoch.metadata.pcmFrames, 0),
      runs: runsOf(taken),
      epochs: taken.map((each) => ({
        seq: each.epoch.seq,
        sha256: v.parse(sha256, each.sha256),
        bytes: each.bytes,
        samples: each.epoch.metadata.samples,
      })),
      gaps: mergeGaps(gaps),
      peaks: session && startUs !== null && endUs !== null ? joinPeaks(taken, session, startUs, endUs) : "",
    };
  });
}

const NO_CLOCK = fitClock({ samples: [], takeZeroRoomUs: null, timeOriginMs: 0, fromUs: 0, toUs: 0, aloneZeroUs: 0 });

function place(plan: PersonPlan, track: SurveyedTrack, tally: DeliveryTally) {
  const taken = tally.taken(track);
  const origin = track.epochs[0]?.metadata.timeOriginMs;
  const session = plan.sessions.find((each) => each.timeOriginMs === origin) ?? null;
  const first = taken[0]?.epoch.metadata;
  const last = taken.at(-1)?.epoch.metadata;
  return {
    session,
    taken,
    startUs: session && first ? toTake(session.clock, first.firstUs) : null,
    endUs: session && last ? toTake(session.clock, last.endUs) : null,
  };
}

function takeGaps(track: SurveyedTrack, tally: DeliveryTally, session: Session): Gap[] {
  return gapsWithin(tally.outcome(track)).map((gap) => ({
    fromUs: toTake(session.clock, gap.fromUs),
    toUs: toTake(session.clock, gap.toUs),
    reason: gap.reason,
  }));
}

function filesOf(plan: PersonPlan, track: SurveyedTrack): string[] {
  return plan.segments.filter((segment) => segment.parts.some((part) => part.track === track)).map((each) => each.file);
}

function runsOf(taken: readonly TakenEpoch[]): DeliveredTrack["runs"] {
  const runs: DeliveredTrack["runs"] = [];
  for (const { epoch, packets } of taken) {
    const run = runs.at(-1);
    if (run && run.run === epoch.metadata.run) {
      run.lastSeq = epoch.seq;
      run.samples += packets;
      continue;
    }
    const { media } = epoch.metadata;
    runs.push({ run: epoch.metadata.run, media, firstSeq: epoch.seq, lastSeq: epoch.seq, samples: packets });
  }
  return runs;
}

/** Levels of all epochs at their places, silence where there is nothing. */
function joinPeaks(taken: readonly TakenEpoch[], session: Session, startUs: number, endUs: number): string {
  if (taken.every((each) => each.epoch.metadata.peaks === "")) return "";
  const levels = new Uint8Array(Math.ceil(((endUs - startUs) * PEAKS_PER_SECOND) / 1e6));
  for (const { epoch } of taken) {
    const fromUs = toTake(session.clock, epoch.metadata.firstUs) - startUs;
    const at = Math.round((fromUs * PEAKS_PER_SECOND) / 1e6);
    for (const [index, level] of decodePeaks(epoch.metadata.peaks).entries()) {
      if (at + index < levels.length) levels[at + index] = Math.max(levels[at + index] ?? 0, level);
    }
  }
  return toBase64(levels);
}

/** Levels are for pictures only: what is no base64 counts as silence. */
function decodePeaks(peaks: string): Uint8Array {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(peaks) || peaks.length % 4 !== 0) return new Uint8Array(0);
  return Uint8Array.from(atob(peaks), (letter) => letter.charCodeAt(0));
}

function toBase64(bytes: Uint8Array): string {
  const chunks: string[] = [];
  for (let at = 0; at < bytes.length; at += 0x8000)
    chunks.push(String.fromCharCode(...bytes.subarray(at, at + 0x8000)));
  return btoa(chunks.join(""));
}
