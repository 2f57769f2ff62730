import type { ParticipantView } from "#controllers/view-models.ts";
import { For, type JSX, Show } from "solid-js";
import { Chip } from "../../parts/chip.tsx";
import { ProblemNote } from "../../parts/note.tsx";
import { Tape } from "../../parts/tape.tsx";
import { count, initials, sources, spaceTime, sentence } from "../../words/format.ts";
import { gapChip } from "../../words/tape-words.ts";
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

function Person(props: { person: ParticipantView; detail: boolean }): JSX.Element {
  const detail = (): boolean => props.detail || props.person.self;
  return (
    <li class="person">
      <span class="face initials" aria-hidden="true">
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
        </span>
      </div>
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
  children?: JSX.Element;
}): JSX.Element {
  return (
    <section class="panel" aria-labelledby="participants" data-region="list" tabindex={0}>
      <header>
        <h2 id="participants">Participants</h2>
        <span class="count" aria-hidden="true">
          {props.people.length}
        </span>
      </header>
      {props.children}
      <ul class="people" aria-labelledby="participants">
        <For each={props.people}>{(person) => <Person person={person} detail={props.host} />}</For>
      </ul>
    </section>
  );
}
