import type { LevelView, ParticipantView, ViewSource } from "#controllers/view-models.ts";
import Check from "lucide-solid/icons/check";
import Monitor from "lucide-solid/icons/monitor";
import TriangleAlert from "lucide-solid/icons/triangle-alert";
import Upload from "lucide-solid/icons/upload";
import { For, type JSX, Match, Show, Switch } from "solid-js";
import { ringLevel } from "../../parts/level.tsx";
import { Picture } from "../../parts/picture.tsx";
import { Tape } from "../../parts/tape.tsx";
import { initials, percent } from "../../words/format.ts";

function arrivedShare(person: ParticipantView): number {
  if (person.bytes && person.bytes.total > 0) return person.bytes.arrived / person.bytes.total;
  return person.tape && person.tape.keptMs > 0 ? person.tape.arrivedMs / person.tape.keptMs : 0;
}

function StatePlate(props: { person: ParticipantView }): JSX.Element {
  const moving = (): boolean =>
    props.person.state === "stopped" && !props.person.safe && props.person.tape !== undefined;
  return (
    <Switch fallback={<span />}>
      <Match when={props.person.state === "recording"}>
        <span class="plate" data-state="recording">
          <span class="dot" aria-hidden="true" />
          <span>REC</span>
        </span>
      </Match>
      <Match when={props.person.state === "not-recording"}>
        <span class="plate" data-state="lost">
          <TriangleAlert class="icon" aria-hidden="true" />
          Not recording
        </span>
      </Match>
      <Match when={props.person.state === "out-of-reach"}>
        <span class="plate" data-state="unsure">
          <span class="dot" aria-hidden="true" />
          Out of reach
        </span>
      </Match>
      <Match when={props.person.state === "starting"}>
        <span class="plate">Starting</span>
      </Match>
      <Match when={props.person.safe}>
        <span class="plate" data-state="safe">
          <Check class="icon" aria-hidden="true" />
          Safe
        </span>
      </Match>
      <Match when={moving()}>
        <span class="plate" data-state="moving">
          <Upload class="icon" aria-hidden="true" />
          {percent(arrivedShare(props.person))}
        </span>
      </Match>
    </Switch>
  );
}

function Name(props: { name: string; role?: string }): JSX.Element {
  const cut = (): number => props.name.trim().lastIndexOf(" ");
  return (
    <span class="plate">
      <span class="name">
        {cut() > 0 ? props.name.slice(0, cut()) : props.name}
        <Show when={cut() > 0}>
          <span class="family">{props.name.slice(cut())}</span>
        </Show>
      </span>
      <Show when={props.role}>{(role) => <span class="role wide">{role()}</span>}</Show>
    </span>
  );
}

function PersonTile(props: {
  person: ParticipantView;
  level: ViewSource<LevelView>;
  /** The tape is the host's business, and one's own. */
  showTape: boolean;
}): JSX.Element {
  const gaps = (): number => props.person.tape?.gaps.length ?? 0;
  return (
    <div
      class="tile"
      role="group"
      aria-label={props.person.name}
      data-reach={props.person.state === "out-of-reach" ? "none" : undefined}
      ref={(element) => {
        if (props.person.self) ringLevel(element, props.level);
      }}
    >
      <Show
        when={props.person.stream}
        fallback={
          <div class="off">
            <span class="initials" aria-hidden="true">
              {initials(props.person.name)}
            </span>
          </div>
        }
      >
        {(stream) => <Picture stream={stream()} mirrored={props.person.self} />}
      </Show>
      <div class="over">
        <StatePlate person={props.person} />
        <span class="plates">
          <Show when={props.showTape && gaps() > 0}>
            <span class="plate" data-state="degraded">
              <TriangleAlert class="icon" aria-hidden="true" />
              <span class="word">
                {gaps()} gap{gaps() === 1 ? "" : "s"}
              </span>
            </span>
          </Show>
          <Show when={props.showTape && props.person.state === "recording" && !props.person.tape?.local}>
            <span class="plate wide">
              <Upload class="icon" aria-hidden="true" />
              {percent(arrivedShare(props.person))}
            </span>
          </Show>
        </span>
      </div>
      <div class="under">
        <Name name={props.person.name} role={props.person.self && props.person.name !== "You" ? "you" : undefined} />
      </div>
      <Show when={props.showTape && props.person.tape}>{(tape) => <Tape tape={tape()} />}</Show>
    </div>
  );
}

function ScreenTile(props: { person: ParticipantView; screen: NonNullable<ParticipantView["screen"]> }): JSX.Element {
  return (
    <div class="tile screen-tile" role="group" aria-label={`Screen of ${props.person.name}`}>
      <Show
        when={props.screen.stream}
        fallback={
          <div class="off">
            <span class="initials" aria-hidden="true">
              <Monitor class="icon" aria-hidden="true" />
            </span>
          </div>
        }
      >
        {(stream) => <Picture stream={stream()} />}
      </Show>
      <div class="over">
        <Show when={props.person.state === "recording"} fallback={<span />}>
          <span class="plate" data-state="recording">
            <span class="dot" aria-hidden="true" />
            <span>REC</span>
          </span>
        </Show>
      </div>
      <div class="under">
        <span class="plate">
          <Monitor class="icon" aria-hidden="true" />
          <span class="name">{props.person.self ? "Your screen" : `Screen of ${props.person.name}`}</span>
        </span>
      </div>
    </div>
  );
}

/** Everybody's tiles; keyed by participant. `strip` is the row after Stop. */
export function Stage(props: {
  people: readonly ParticipantView[];
  level: ViewSource<LevelView>;
  host: boolean;
  strip?: boolean;
}): JSX.Element {
  const sharing = (): ParticipantView[] => props.people.filter((person) => person.screen !== undefined);
  const tiles = (): number => props.people.length + sharing().length;
  const count = (): string => (tiles() > 4 ? "many" : String(tiles()));
  return (
    <div class="stage" data-layout={props.strip ? "strip" : undefined} data-count={count()}>
      <For each={sharing()}>
        {(person) => <Show when={person.screen}>{(screen) => <ScreenTile person={person} screen={screen()} />}</Show>}
      </For>
      <For each={props.people}>
        {(person) => <PersonTile person={person} level={props.level} showTape={props.host || person.self} />}
      </For>
    </div>
  );
}
