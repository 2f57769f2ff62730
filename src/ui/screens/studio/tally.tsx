import type { TallyView } from "#controllers/view-models.ts";
import CircleCheck from "lucide-solid/icons/circle-check";
import CloudOff from "lucide-solid/icons/cloud-off";
import CloudUpload from "lucide-solid/icons/cloud-upload";
import LoaderCircle from "lucide-solid/icons/loader-circle";
import OctagonX from "lucide-solid/icons/octagon-x";
import TriangleAlert from "lucide-solid/icons/triangle-alert";
import { type JSX, Match, Show, Switch } from "solid-js";
import { Clock } from "../../parts/clock.tsx";
import { Mark } from "../../parts/mark.tsx";
import { firstName, names, span } from "../../words/format.ts";
import { tallyWords } from "./studio-words.ts";

function Lamp(props: { tally: TallyView }): JSX.Element {
  return (
    <Switch fallback={<span class="lamp" aria-hidden="true" />}>
      <Match when={props.tally.phase === "starting" || props.tally.phase === "stopping"}>
        <LoaderCircle class="icon spin" aria-hidden="true" />
      </Match>
      <Match when={props.tally.phase === "draining"}>
        <CloudUpload class="icon" aria-hidden="true" />
      </Match>
      <Match when={props.tally.phase === "waiting"}>
        <CloudOff class="icon" aria-hidden="true" />
      </Match>
      <Match when={props.tally.phase === "safe"}>
        <CircleCheck class="icon" aria-hidden="true" />
      </Match>
    </Switch>
  );
}

/** The one line that says each change of the room's state once; the same element for the life of the studio. */
function State(props: { tally: TallyView; alone?: boolean }): JSX.Element {
  const recording = (): boolean => props.tally.phase === "recording";
  const words = (): string =>
    props.alone && recording() ? "Recording, kept on this device" : tallyWords(props.tally).state;
  const sub = (): string | undefined => {
    if (!props.alone) return tallyWords(props.tally).sub;
    if (props.tally.phase === "idle") return "Press Record when you are ready";
    return props.tally.phase === "starting" ? undefined : tallyWords(props.tally).sub;
  };
  return (
    <div class="state-words">
      <strong role="status" classList={{ "rec-word": recording() }}>
        <Show when={recording()} fallback={words()}>
          <span aria-hidden="true">REC</span>
          <span class="unseen">{words()}</span>
        </Show>
      </strong>
      <Show when={sub()}>{(text) => <span class="sub">{text()}</span>}</Show>
    </div>
  );
}

/** What stands beside the clock: how many record, who does not, what is lost. */
function Beside(props: { tally: TallyView; aloneLine?: string }): JSX.Element {
  const recording = (): Extract<TallyView, { phase: "recording" }> | undefined =>
    props.tally.phase === "recording" ? props.tally : undefined;
  const missing = (): string => {
    const who = recording()?.notRecording ?? [];
    return who.length === 0 ? "" : `${names(who.map(firstName))} ${who.length === 1 ? "is" : "are"} not recording`;
  };
  const lost = (): number => (props.tally.phase === "safe" ? props.tally.lostMs : 0);
  return (
    <>
      <Show when={recording()}>
        <Show when={missing()} fallback={<p class="count-line">{props.aloneLine ?? tallyWords(props.tally).state}</p>}>
          {(words) => (
            <span class="chip" data-state="lost" role="alert">
              <TriangleAlert class="icon" aria-hidden="true" />
              {words()}
            </span>
          )}
        </Show>
      </Show>
      <Show when={lost() > 0}>
        <span class="chip" data-state="lost">
          <OctagonX class="icon" aria-hidden="true" />
          {span(lost())} lost
        </span>
      </Show>
    </>
  );
}

/** The head of the studio is a lamp: the state of the room, readable from the door. */
export function Tally(props: {
  title: string;
  line: string;
  tally: TallyView;
  elapsedMs: number;
  aloneLine?: string;
  children?: JSX.Element;
}): JSX.Element {
  const done = (): string | undefined =>
    props.tally.phase === "draining" && props.tally.bytesTotal > 0
      ? `${((1 - props.tally.bytesLeft / props.tally.bytesTotal) * 100).toFixed(1)}%`
      : undefined;
  return (
    <header class="tally" data-region="tally">
      <div class="where">
        <a class="button" data-kind="quiet" data-only-icon href="/" aria-label="Tapesync, home">
          <Mark />
        </a>
        <div>
          <h1>{props.title}</h1>
          <Show when={props.line}>
            <p class="dim">{props.line}</p>
          </Show>
        </div>
      </div>
      <div class="what">
        <Lamp tally={props.tally} />
        <State tally={props.tally} alone={props.aloneLine !== undefined} />
        <Show when={props.tally.phase === "recording"}>
          <Clock elapsedMs={props.elapsedMs} />
        </Show>
      </div>
      <div class="links">
        <Beside tally={props.tally} aloneLine={props.aloneLine} />
        {props.children}
      </div>
      <Show when={done()}>
        {(width) => (
          <div class="run" aria-hidden="true" style={{ "--done": width() }}>
            <span />
          </div>
        )}
      </Show>
    </header>
  );
}
