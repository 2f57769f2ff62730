import type { ExportsModel, ExportTakeView, JobStepName, JobStepView, MissingView } from "#controllers/view-models.ts";
import Circle from "lucide-solid/icons/circle";
import CircleCheck from "lucide-solid/icons/circle-check";
import LoaderCircle from "lucide-solid/icons/loader-circle";
import OctagonX from "lucide-solid/icons/octagon-x";
import { For, type JSX, Match, Show, Switch } from "solid-js";
import { Chip } from "../../parts/chip.tsx";
import { Bar } from "../../parts/tape.tsx";
import { about, clock, count, day, firstName, moment, names, sentence } from "../../words/format.ts";

const STEPS: Record<JobStepName, string> = {
  arrived: "All pieces arrived",
  checked: "Pieces checked",
  masters: "Master files",
  timeline: "Timeline",
  checksums: "Checksums",
};

interface CardProps {
  take: ExportTakeView;
  model: ExportsModel;
  host: boolean;
}

function Step(props: { step: JobStepView }): JSX.Element {
  return (
    <li
      data-done={props.step.state === "done" ? "" : undefined}
      aria-current={props.step.state === "now" ? "step" : undefined}
    >
      <Switch fallback={<Circle class="icon" aria-hidden="true" />}>
        <Match when={props.step.state === "done"}>
          <CircleCheck class="icon" aria-hidden="true" />
        </Match>
        <Match when={props.step.state === "now"}>
          <LoaderCircle class="icon spin" aria-hidden="true" />
        </Match>
      </Switch>
      <span>
        {STEPS[props.step.name]}
        <Show when={props.step.state === "done"}>
          <span class="unseen">, done</span>
        </Show>
      </span>
      <span>{props.step.figure ?? ""}</span>
      <Show when={props.step.state === "now" && props.step.fraction !== undefined}>
        <Bar name={STEPS[props.step.name]} fraction={props.step.fraction ?? 0} />
      </Show>
    </li>
  );
}

function missingLine(person: MissingView): string {
  const parts: string[] = [];
  if (person.epochsMissing !== undefined) parts.push(`${count(person.epochsMissing)} pieces missing`);
  if (!person.reachable) parts.push("out of reach");
  else if (person.etaMs !== undefined) parts.push(about(person.etaMs));
  return parts.join(", ") || "still uploading";
}

function Arriving(props: CardProps & { state: Extract<ExportTakeView["state"], { kind: "arriving" }> }): JSX.Element {
  const who = (): string => names(props.state.missing.map((person) => firstName(person.name)));
  return (
    <>
      <p class="small dim">
        {props.state.recording
          ? "The take runs. Its files are made after Stop, once everything has arrived."
          : "The files are made by themselves once everything has arrived."}
      </p>
      <Show when={!props.state.recording && props.state.missing.length > 0}>
        <ul class="missing" aria-label="Not everything has arrived from">
          <For each={props.state.missing}>
            {(person) => (
              <li>
                <b>{person.name}</b>
                <span class="fine">{missingLine(person)}</span>
              </li>
            )}
          </For>
        </ul>
        <Show when={props.host}>
          <div class="stack-1">
            <div class="button-row">
              <button
                type="button"
                class="button"
                data-size="small"
                aria-describedby={`deliver-${props.take.id}`}
                onClick={() => props.model.deliverWhatIsThere(props.take.id)}
              >
                Deliver what is there
              </button>
            </div>
            <p class="fine" id={`deliver-${props.take.id}`}>
              What {who()} still {props.state.missing.length === 1 ? "has" : "have"} to send becomes a declared gap. It
              can be made again later.
            </p>
          </div>
        </Show>
      </Show>
    </>
  );
}

function Failed(props: CardProps & { state: Extract<ExportTakeView["state"], { kind: "failed" }> }): JSX.Element {
  return (
    <>
      <p class="small dim">
        {props.state.why} All pieces are still there, nothing is lost.
        <Show when={props.state.retryInS !== undefined}> It tries again in {props.state.retryInS} s.</Show>
      </p>
      <Show when={props.host}>
        <div class="button-row">
          <Show when={props.state.canDeliverWithout}>
            <button
              type="button"
              class="button"
              data-size="small"
              onClick={() => props.model.deliverWhatIsThere(props.take.id)}
            >
              Deliver without it
            </button>
          </Show>
          <button
            type="button"
            class="button"
            data-size="small"
            data-kind="quiet"
            onClick={() => props.model.tryAgain(props.take.id)}
          >
            Try again
          </button>
        </div>
      </Show>
    </>
  );
}

/** What the job does, or why it does nothing. */
export function JobSteps(props: CardProps): JSX.Element {
  const state = (): ExportTakeView["state"] => props.take.state;
  const arriving = () => {
    const now = state();
    return now.kind === "arriving" ? now : undefined;
  };
  const making = () => {
    const now = state();
    return now.kind === "making" ? now : undefined;
  };
  const failed = () => {
    const now = state();
    return now.kind === "failed" ? now : undefined;
  };
  return (
    <Switch>
      <Match when={arriving()}>
        {(now) => <Arriving take={props.take} model={props.model} host={props.host} state={now()} />}
      </Match>
      <Match when={state().kind === "queued"}>
        <p class="small dim">It begins as soon as the work before it is done. You can close this page.</p>
      </Match>
      <Match when={making()}>
        {(now) => (
          <>
            <ol class="steps">
              <For each={now().steps}>{(step) => <Step step={step} />}</For>
            </ol>
            <p class="fine">
              {now().etaMs === undefined ? "" : `${sentence(about(now().etaMs ?? 0))}. `}You can close this page.
            </p>
          </>
        )}
      </Match>
      <Match when={failed()}>
        {(now) => <Failed take={props.take} model={props.model} host={props.host} state={now()} />}
      </Match>
    </Switch>
  );
}

function JobChip(props: { take: ExportTakeView }): JSX.Element {
  const kind = (): ExportTakeView["state"]["kind"] => props.take.state.kind;
  const recording = (): boolean => props.take.state.kind === "arriving" && props.take.state.recording;
  return (
    <Switch>
      <Match when={recording()}>
        <Chip state="recording">Recording</Chip>
      </Match>
      <Match when={kind() === "arriving"}>
        <Chip state="moving">Arriving</Chip>
      </Match>
      <Match when={kind() === "queued"}>
        <Chip state="waiting">Waiting its turn</Chip>
      </Match>
      <Match when={kind() === "making"}>
        <span class="chip" data-state="moving">
          <LoaderCircle class="icon spin" aria-hidden="true" />
          <span>Making files</span>
        </span>
      </Match>
    </Switch>
  );
}

/** A take without files: what it waits for, how far the job is, or why it failed. */
export function JobCard(props: CardProps): JSX.Element {
  const titleId = (): string => `job-${props.take.id}`;
  const failed = (): boolean => props.take.state.kind === "failed";
  return (
    <section class="card job" aria-labelledby={titleId()}>
      <div class="job-head">
        <h2 id={titleId()}>Take {props.take.number}</h2>
        <JobChip take={props.take} />
      </div>
      <ul class="meta">
        <li>{moment(props.take.atMs)}</li>
        <Show when={props.take.lengthMs > 0}>
          <li>{clock(props.take.lengthMs)}</li>
        </Show>
        <li>{props.take.people === 1 ? "1 person" : `${props.take.people} people`}</li>
      </ul>
      <Show when={failed()}>
        <h3 class="job-failed" role="alert">
          <OctagonX class="icon" aria-hidden="true" />
          The files could not be made
        </h3>
      </Show>
      <JobSteps take={props.take} model={props.model} host={props.host} />
      <Show when={props.take.expiresAtMs}>
        {(expires) => <p class="fine">Pieces are kept until {day(expires())}.</p>}
      </Show>
    </section>
  );
}
