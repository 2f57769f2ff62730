import type { ParticipantAction, ParticipantView } from "#controllers/view-models.ts";
import Hand from "lucide-solid/icons/hand";
import UserPlus from "lucide-solid/icons/user-plus";
import { For, type JSX, Show } from "solid-js";
import { Chip } from "../../parts/chip.tsx";
import { ProblemNote } from "../../parts/note.tsx";
import { Tape } from "../../parts/tape.tsx";
import { count, initials, sources, spaceTime, sentence } from "../../words/format.ts";
import { gapChip } from "../../words/tape-words.ts";
import { useCallLevels } from "./call-levels.ts";
import { PersonMenu } from "./person-menu.tsx";
import type { StageControls } from "./stage-controls.ts";
import { figures, roleWords } from "./studio-words.ts";

const STATE: Partial<Record<ParticipantView["state"], string>> = {
  recording: "Recording",
  starting: "Starting",
  "not-recording": "Not recording",
  "out-of-reach": "Out of reach",
};

function Progress(props: { person: ParticipantView; detail: boolean }): JSX.Element {
  const gaps = (): NonNullable<ParticipantView["tape"]>["gaps"] => props.person.tape?.gaps ?? [];
  const gapWords = (): string => (gaps().length > 0 ? gapChip(gaps()) : "Complete");
  return (
    <>
      <Show when={props.person.tape}>
        {(tape) => (
          <div class="wide-row">
            <Tape tape={tape()} />
          </div>
        )}
      </Show>
      <Show when={figures(props.person)}>
        {(line) => (
          <div class="wide-row figures">
            <span>{line().left}</span>
            <span>{line().right}</span>
          </div>
        )}
      </Show>
      <Show when={props.person.safe && props.person.tape}>
        <div class="wide-row figures">
          <Chip state="safe">Safe</Chip>
          <span>{gapWords()}</span>
        </div>
      </Show>
      <Show when={props.detail && props.person.epochs}>
        {(epochs) => (
          <p class="wide-row fine">
            {count(epochs().sealed)} epochs · {count(epochs().uploaded)} uploaded · {count(epochs().left)} left
          </p>
        )}
      </Show>
    </>
  );
}

function Person(props: {
  person: ParticipantView;
  detail: boolean;
  controls: StageControls;
  act(id: string, action: ParticipantAction): void;
}): JSX.Element {
  const levels = useCallLevels();
  const detail = (): boolean => props.detail || props.person.self;
  return (
    <li class="person">
      <span
        class="face initials"
        aria-hidden="true"
        ref={(element) => {
          if (!props.person.self) levels?.follow(props.person.id, element);
        }}
      >
        {initials(props.person.name)}
      </span>
      <div class="who">
        <b>{props.person.name}</b>
        <span>
          {roleWords(props.person)}
          <Show when={STATE[props.person.state]}>
            {(state) => (
              <>
                {" · "}
                <em
                  classList={{
                    rec: props.person.state === "recording",
                    amber: props.person.state === "not-recording" || props.person.state === "out-of-reach",
                  }}
                >
                  {state()}
                </em>
              </>
            )}
          </Show>
          <Show when={props.person.muted}>{" · Muted"}</Show>
        </span>
      </div>
      <span class="person-end">
        <Show when={props.person.handPlace}>
          {(at) => (
            <span class="hand-place">
              <Hand class="icon" aria-hidden="true" />
              <span class="unseen">Hand raised, place </span>
              {at()}
            </span>
          )}
        </Show>
        <PersonMenu
          person={props.person}
          controls={props.controls}
          act={(action) => props.act(props.person.id, action)}
        />
      </span>
      <Show when={detail()}>
        <Show when={!props.person.tape && props.person.sources.length > 0}>
          <div class="wide-row figures">
            <span>{sentence(sources(props.person.sources))}</span>
            <Show when={props.person.minutesFree}>{(minutes) => <span>{spaceTime(minutes())} of space</span>}</Show>
          </div>
        </Show>
        <Progress person={props.person} detail={detail()} />
        <Show when={props.person.problem}>
          {(problem) => <ProblemNote problem={problem()} class="wide-row" alert={!props.person.self} />}
        </Show>
      </Show>
    </li>
  );
}

/** The list "Participants"; the host sees everybody's tape and last problem, a guest only the own one. */
export function People(props: {
  people: readonly ParticipantView[];
  host: boolean;
  controls: StageControls;
  act(id: string, action: ParticipantAction): void;
  /** Absent for those who may not. */
  invite?: (() => void) | undefined;
  children?: JSX.Element;
  below?: JSX.Element;
}): JSX.Element {
  return (
    <section class="panel" aria-labelledby="participants" data-region="list" tabindex={0}>
      <header>
        <h2 id="participants">Participants</h2>
        <span class="count" aria-hidden="true">
          {props.people.length}
        </span>
        <Show when={props.invite}>
          {(invite) => (
            <button type="button" class="button" data-kind="quiet" data-size="small" onClick={() => invite()()}>
              <UserPlus class="icon" aria-hidden="true" />
              Invite
            </button>
          )}
        </Show>
      </header>
      {props.children}
      <ul class="people" aria-labelledby="participants">
        <For each={props.people}>
          {(person) => (
            <Person
              person={person}
              detail={props.host}
              controls={props.controls}
              act={(id, action) => props.act(id, action)}
            />
          )}
        </For>
      </ul>
      {props.below}
    </section>
  );
}
