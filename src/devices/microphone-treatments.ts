import * as v from "valibot";
import type { ChoiceMemory } from "./choice-memory.ts";

/** What the browser does to a microphone's sound before anybody gets it: the recording and the call alike. */
const treatment = v.object({
  /** `null`: nobody has said. */
  headphones: v.nullable(v.boolean()),
  echoCancellation: v.boolean(),
  noiseSuppression: v.boolean(),
  autoGainControl: v.boolean(),
});
export type Treatment = Readonly<v.InferOutput<typeof treatment>>;

const remembered = v.array(v.object({ id: v.string(), label: v.string(), treatment }));

/**
 * Echo cancellation stays on, since nobody can know whether a guest wears headphones, and an echo cannot be taken out later.
 * Noise suppression and gain control do harm that cannot be undone, and editors have better ones.
 */
export const UNTOLD: Treatment = {
  headphones: null,
  echoCancellation: true,
  noiseSuppression: false,
  autoGainControl: false,
};

const KEY = "tapesync.treatments";

/** More microphones than one person plugs in; the one treated longest ago is forgotten. */
const MOST = 20;

/** With headphones nothing comes back from the loudspeakers: all three go off. Without, echo cancellation comes back. */
export function treatedWith(now: Treatment, change: Partial<Treatment>): Treatment {
  if (change.headphones === true) {
    return { headphones: true, echoCancellation: false, noiseSuppression: false, autoGainControl: false, ...change };
  }
  const back = change.headphones === false && now.headphones === true ? { echoCancellation: true } : {};
  return { ...now, ...back, ...change };
}

/** Whether the browser does what was asked for. What it does not tell counts as done. */
export function isTreated(track: MediaStreamTrack, wanted: Treatment): boolean {
  const { echoCancellation, noiseSuppression, autoGainControl } = track.getSettings();
  return (
    (echoCancellation ?? wanted.echoCancellation) === wanted.echoCancellation &&
    (noiseSuppression ?? wanted.noiseSuppression) === wanted.noiseSuppression &&
    (autoGainControl ?? wanted.autoGainControl) === wanted.autoGainControl
  );
}

/** What a person chose for each microphone. Found again by its id, or, where ids change, by its name. */
export class MicrophoneTreatments {
  readonly #memory: ChoiceMemory;

  constructor(memory: ChoiceMemory) {
    this.#memory = memory;
  }

  of(id: string, label: string): Treatment {
    const all = this.#all();
    const known = all.find((each) => each.id === id) ?? all.find((each) => label !== "" && each.label === label);
    return known?.treatment ?? UNTOLD;
  }

  remember(id: string, label: string, chosen: Treatment): void {
    const others = this.#all().filter((each) => each.id !== id && (label === "" || each.label !== label));
    const all = [{ id, label, treatment: chosen }, ...others].slice(0, MOST);
    this.#memory.setItem(KEY, JSON.stringify(all));
  }

  /** Of another version, or edited by hand: as if nothing had been chosen. */
  #all(): v.InferOutput<typeof remembered> {
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), remembered), this.#memory.getItem(KEY));
    return parsed.success ? parsed.output : [];
  }
}
