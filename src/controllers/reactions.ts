import type { Scheduler } from "#core/ports/time.ts";
import type { ReactionKind } from "#protocol/call.ts";
import type { ParticipantId } from "#protocol/ids.ts";

/** Long enough to be noticed from the corner of an eye. */
const SHOWN_MS = 4_000;

/** Who reacted how, for some seconds. The newest of each person is shown. */
export class Reactions {
  readonly #shown = new Map<ParticipantId, { readonly kind: ReactionKind }>();
  readonly #scheduler: Scheduler;
  readonly #changed: () => void;
  readonly #report: (error: unknown) => void;

  constructor(scheduler: Scheduler, changed: () => void, report: (error: unknown) => void) {
    this.#scheduler = scheduler;
    this.#changed = changed;
    this.#report = report;
  }

  of(participant: ParticipantId): ReactionKind | undefined {
    return this.#shown.get(participant)?.kind;
  }

  show(participant: ParticipantId, kind: ReactionKind): void {
    const one = { kind };
    this.#shown.set(participant, one);
    this.#changed();
    this.#scheduler
      .delay(SHOWN_MS)
      .then(() => {
        if (this.#shown.get(participant) !== one) return;
        this.#shown.delete(participant);
        this.#changed();
      })
      .catch(this.#report);
  }
}
