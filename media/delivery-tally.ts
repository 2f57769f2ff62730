import type { PlacedPart } from "./stitch/plan.ts";
import type { TakenEpoch } from "./stitch/slot-reader.ts";
import type { TrackOutcome } from "./stitch/gaps.ts";
import type { FaultyEpoch, SurveyedTrack } from "./stitch/survey.ts";

/** What went into the masters, counted while they are written. */
export class DeliveryTally {
  readonly #tracks = new Map<SurveyedTrack, { taken: Map<number, TakenEpoch>; faults: Map<number, FaultyEpoch> }>();

  readonly onEpoch = (part: PlacedPart, taken: TakenEpoch): void => {
    const { taken: known } = this.#of(part.track);
    const before = known.get(taken.epoch.seq);
    // An epoch that two files share is counted once, its packets in both.
    known.set(taken.epoch.seq, { ...taken, packets: taken.packets + (before?.packets ?? 0) });
  };

  readonly onFault = (part: PlacedPart, fault: FaultyEpoch): void => {
    this.#of(part.track).faults.set(fault.seq, fault);
  };

  #of(track: SurveyedTrack) {
    let entry = this.#tracks.get(track);
    if (!entry) {
      entry = { taken: new Map(), faults: new Map() };
      for (const fault of track.faulty) entry.faults.set(fault.seq, fault);
      this.#tracks.set(track, entry);
    }
    return entry;
  }

  /** Ascending by seq. */
  taken(track: SurveyedTrack): TakenEpoch[] {
    return [...this.#of(track).taken.values()].sort((a, b) => a.epoch.seq - b.epoch.seq);
  }

  outcome(track: SurveyedTrack): TrackOutcome {
    const { faults } = this.#of(track);
    return {
      track,
      good: this.taken(track).map((each) => each.epoch),
      faulty: [...faults.values()].sort((a, b) => a.seq - b.seq),
    };
  }
}
