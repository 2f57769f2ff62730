import type { StudioModel, StudioView } from "#controllers/view-models.ts";
import MicOff from "lucide-solid/icons/mic-off";
import VolumeOff from "lucide-solid/icons/volume-off";
import { createUniqueId, For, type JSX, Show } from "solid-js";
import { ProblemNote } from "../../parts/note.tsx";
import { initials, names } from "../../words/format.ts";

function Knocks(props: { view: StudioView; model: StudioModel }): JSX.Element {
  const said = (): string => {
    const who = props.view.knocking.map((each) => each.name);
    return who.length === 0 ? "" : `${names(who)} ${who.length === 1 ? "wants" : "want"} to come in`;
  };
  return (
    <>
      <p class="unseen" role="status">
        {said()}
      </p>
      <Show when={props.view.knocking.length > 0}>
        <ul class="knocks" aria-label="Waiting to come in">
          <For each={props.view.knocking}>
            {(knocker) => {
              const id = createUniqueId();
              return (
                <li class="knock">
                  <div class="person">
                    <span class="face initials" aria-hidden="true">
                      {initials(knocker.name)}
                    </span>
                    <div class="who">
                      <b id={id}>{knocker.name}</b>
                      <span>wants to come in</span>
                    </div>
                  </div>
                  <div class="button-row">
                    <button
                      type="button"
                      class="button"
                      data-size="small"
                      data-kind="raised"
                      aria-describedby={id}
                      onClick={() => props.model.admit(knocker.id)}
                    >
                      Admit
                    </button>
                    <button
                      type="button"
                      class="button"
                      data-size="small"
                      data-kind="raised"
                      aria-describedby={id}
                      onClick={() => props.model.deny(knocker.id)}
                    >
                      Deny
                    </button>
                  </div>
                </li>
              );
            }}
          </For>
        </ul>
      </Show>
    </>
  );
}

/** What stands above everything else: who knocks, who has muted one, sound that the browser holds back. */
export function Notices(props: { view: StudioView; model: StudioModel }): JSX.Element {
  const told = (reason: string): boolean => props.view.problems.some((problem) => problem.reason === reason);
  const alone = (): boolean => props.view.participants.length < 2;
  return (
    <div class="notices">
      <Knocks view={props.view} model={props.model} />
      <div class="notices-own" role="status">
        <Show when={props.view.call.soundBlocked}>
          <div class="note" data-state="degraded">
            <VolumeOff class="icon" aria-hidden="true" />
            <strong>You hear nothing yet</strong>
            <p>This browser waits for a press before it plays sound.</p>
            <div class="button-row">
              <button
                type="button"
                class="button"
                data-size="small"
                data-kind="raised"
                onClick={() => props.model.allowSound()}
              >
                Turn sound on
              </button>
            </div>
          </div>
        </Show>
        <Show when={props.view.mutedBy}>
          {(by) => (
            <div class="note">
              <MicOff class="icon" aria-hidden="true" />
              <strong>{by()} has muted you</strong>
              <p>Nobody hears you. Press Unmute when you want to speak.</p>
              <div class="button-row">
                <button
                  type="button"
                  class="button"
                  data-size="small"
                  data-kind="raised"
                  onClick={() => props.model.dismissMutedBy()}
                >
                  Close
                </button>
              </div>
            </div>
          )}
        </Show>
        <Show when={props.view.call.state === "reconnecting" && !told("call-lost")}>
          <ProblemNote problem={{ reason: "call-lost" }} />
        </Show>
        <Show when={props.view.call.state === "off" && !alone() && !told("call-off")}>
          <ProblemNote problem={{ reason: "call-off" }} />
        </Show>
      </div>
    </div>
  );
}
