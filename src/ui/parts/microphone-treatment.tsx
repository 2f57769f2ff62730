import type { MicrophoneTreatment } from "#controllers/view-models.ts";
import { createUniqueId, For, type JSX } from "solid-js";

type Choice = "echoCancellation" | "noiseSuppression" | "autoGainControl";

const CHOICES: readonly (readonly [choice: Choice, name: string, does: string])[] = [
  ["echoCancellation", "Echo cancellation", "Takes out what comes from loudspeakers"],
  ["noiseSuppression", "Noise suppression", "Takes out fans and keyboards, and a little of the voice"],
  ["autoGainControl", "Automatic level", "Makes quiet louder and loud quieter"],
];

/** One question that everybody can answer; what follows from it stands below, closed. */
export default function MicrophoneTreatmentFields(props: {
  treatment: MicrophoneTreatment;
  disabled?: boolean;
  change(change: Partial<MicrophoneTreatment>): void;
}): JSX.Element {
  const id = createUniqueId();
  return (
    <div class="field treatment">
      <fieldset class="choice" disabled={props.disabled}>
        <legend class="label">Are you wearing headphones?</legend>
        <div class="choice-row">
          <For each={[true, false]}>
            {(answer) => (
              <label class="choice-one">
                <input
                  type="radio"
                  name={`${id}-headphones`}
                  checked={props.treatment.headphones === answer}
                  onChange={() => props.change({ headphones: answer })}
                />
                {answer ? "Yes" : "No"}
              </label>
            )}
          </For>
        </div>
      </fieldset>
      <details class="more-mic">
        <summary>More for this microphone</summary>
        <For each={CHOICES}>
          {([choice, name, does]) => (
            <div class="switch">
              <label for={`${id}-${choice}`}>
                {name}
                <span class="fine" id={`${id}-${choice}-does`}>
                  {does}
                </span>
              </label>
              <input
                type="checkbox"
                role="switch"
                id={`${id}-${choice}`}
                aria-label={name}
                aria-describedby={`${id}-${choice}-does`}
                disabled={props.disabled}
                checked={props.treatment[choice]}
                onChange={(event) => props.change({ [choice]: event.currentTarget.checked })}
              />
            </div>
          )}
        </For>
        <p class="fine">With headphones nothing comes back: leave all three off, and editors get the true sound.</p>
      </details>
    </div>
  );
}
