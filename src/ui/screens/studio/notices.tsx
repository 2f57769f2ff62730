import type { StudioModel, StudioView } from "#controllers/view-models.ts";
import MicOff from "lucide-solid/icons/mic-off";
import VolumeOff from "lucide-solid/icons/volume-off";
import { createUniqueId, For, type JSX, Show } from "solid-js";
import { initials, names } from "../../words/format.ts";

/** An answered knock goes, and its button with it: the focus goes on to the next one, or to the list. */
function focusNextKnock(answered: HTMLElement): void {
  const next = answered.closest("li")?.nextElementSibling?.querySelector<HTMLElement>("button");
  const list = document.querySelector<HTMLElement>('[data-region="list"]');
  (next ?? list)?.focus({ preventScroll: true });
}

function KnockAnswer(props: {
  about: string;
  kind: "raised" | "quiet";
  give: () => void;
  children: string;
}): JSX.Element {
  return (
    <button
      type="button"
      class="button"
      data-size="small"
      data-kind={props.kind}
      aria-describedby={props.about}
      onClick={(event) => {
        focusNextKnock(event.currentTarget);
        props.give();
      }}
    >
      {props.children}
    </button>
  );
}

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
                    <KnockAnswer about={id} kind="raised" give={() => props.model.admit(knocker.id)}>
                      Admit
                    </KnockAnswer>
                    <KnockAnswer about={id} kind="quiet" give={() => props.model.deny(knocker.id)}>
                      Deny
                    </KnockAnswer>
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

/** What one sees without being told, said once for those who do not see it: raised hands, and lines of the chat. */
export function Announcements(props: { view: StudioView; chatOpen: boolean }): JSX.Element {
  const hands = (): string => {
    const up = props.view.participants
      .filter((person) => !person.self && person.handPlace !== undefined)
      .toSorted((a, b) => (a.handPlace ?? 0) - (b.handPlace ?? 0));
    return up.length === 0 ? "" : `Hand raised: ${names(up.map((person) => person.name))}`;
  };
  const unread = (): string => {
    const { unread: count } = props.view.chat;
    return count === 0 || props.chatOpen ? "" : `${count} unread ${count === 1 ? "message" : "messages"}`;
  };
  return (
    <>
      <p class="unseen" role="status">
        {hands()}
      </p>
      <p class="unseen" role="status">
        {unread()}
      </p>
    </>
  );
}

/** What stands above everything else: who knocks, who has muted one, sound that the browser holds back. */
export function Notices(props: { view: StudioView; model: StudioModel; children?: JSX.Element }): JSX.Element {
  return (
    <div class="notices">
      <Knocks view={props.view} model={props.model} />
      {props.children}
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
      </div>
    </div>
  );
}
