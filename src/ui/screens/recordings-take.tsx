import type { LocalTakeView, RecordingsModel } from "#controllers/view-models.ts";
import BatteryWarning from "lucide-solid/icons/battery-warning";
import FileDown from "lucide-solid/icons/file-down";
import LoaderCircle from "lucide-solid/icons/loader-circle";
import Trash from "lucide-solid/icons/trash";
import { type JSX, onCleanup, onMount, Show } from "solid-js";
import { Chip, type ChipState } from "../parts/chip.tsx";
import { Lanes } from "../parts/lanes.tsx";
import { Bar, Tape } from "../parts/tape.tsx";
import { bytes, clock, day, moment, percent, roughly, sentence, sources, span } from "../words/format.ts";

interface Said {
  readonly chip: ChipState;
  readonly word: string;
  readonly say: string;
}

/** The state of the bytes: one word, one sentence. */
function arrival(take: LocalTakeView): Said {
  const { state } = take;
  switch (state.kind) {
    case "recording":
      return { chip: "recording", word: "Recording", say: "It is being recorded now." };
    case "uploading": {
      const eta = state.etaMs === undefined ? "" : `${sentence(roughly(state.etaMs))} left. `;
      return {
        chip: "moving",
        word: `Uploading, ${percent(state.fraction)}`,
        say: `${eta}Close the page when you like: the rest waits here.`,
      };
    }
    case "waiting":
      return {
        chip: "waiting",
        word: "Waiting for a network",
        say: `${percent(state.fraction)} has arrived. The rest uploads by itself.`,
      };
    case "local":
      return {
        chip: "local",
        word: "Only on this device",
        say: `${take.alone ? "Recorded alone. " : ""}Uploads by itself once a server is there.`,
      };
    case "safe":
      return {
        chip: "safe",
        word: "Safe",
        say: `On the server${state.keptUntilMs === undefined ? "" : ` until ${day(state.keptUntilMs)}`}. You can delete this copy.`,
      };
  }
}

function Health(props: { take: LocalTakeView }): JSX.Element {
  return (
    <>
      <Show when={props.take.cutShort}>
        {(cut) => (
          <div class="state-line">
            <span class="chip" data-state="degraded">
              <BatteryWarning class="icon" aria-hidden="true" />
              <span>Cut short, kept</span>
            </span>
            <p class="say">At most {span(cut().missingMs)} are missing at the very end.</p>
          </div>
        )}
      </Show>
      <Show when={props.take.lostMs > 0}>
        <div class="state-line">
          <Chip state="lost">{span(props.take.lostMs)} lost</Chip>
          <p class="say">What came before is complete.</p>
        </div>
      </Show>
      <Show when={props.take.gapMs > 0}>
        <div class="state-line">
          <Chip state="degraded">
            {props.take.tape.gaps.length === 1 ? "1 gap" : `${props.take.tape.gaps.length} gaps`},{" "}
            {span(props.take.gapMs)}
          </Chip>
          <p class="say">Declared in the export.</p>
        </div>
      </Show>
    </>
  );
}

function Exporting(props: { take: LocalTakeView; cancel(): void }): JSX.Element {
  return (
    <>
      <Show when={props.take.exporting}>
        {(now) => (
          <div class="exporting">
            <Bar name="Export" fraction={now().fraction} text={percent(now().fraction)} />
            <div class="split">
              <span class="small dim">
                {percent(now().fraction)} of <span class="file-name">{now().file}</span>
              </span>
              <button type="button" class="button" data-kind="quiet" data-size="small" onClick={() => props.cancel()}>
                Cancel
              </button>
            </div>
          </div>
        )}
      </Show>
      <Show when={props.take.exportFailed}>
        {(why) => (
          <p class="field-error" role="alert">
            The export stopped. {why()} The take itself is untouched.
          </p>
        )}
      </Show>
    </>
  );
}

/** One take of this device. */
export function TakeItem(props: { take: LocalTakeView; model: RecordingsModel; remove(): void }): JSX.Element {
  const titleId = (): string => `take-${props.take.id}`;
  const said = (): Said => arrival(props.take);
  let item: HTMLLIElement | undefined;
  onMount(() => {
    // Peaks cost reading the whole track: only what comes into view asks for them.
    const watcher = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watcher.disconnect();
      props.model.wantLanes?.(props.take.id);
    });
    if (item) watcher.observe(item);
    onCleanup(() => watcher.disconnect());
  });
  return (
    <li class="card take" ref={item} aria-labelledby={titleId()}>
      <div>
        <h2 id={titleId()}>{props.take.title}</h2>
        <ul class="meta">
          <li>{moment(props.take.atMs)}</li>
          <li>{clock(props.take.lengthMs)}</li>
          <li>{sources(props.take.sources)}</li>
          <li>{bytes(props.take.bytes)}</li>
          <Show when={props.take.exportsHref}>
            {(href) => (
              <li>
                <a href={href()}>Files of the room</a>
              </li>
            )}
          </Show>
        </ul>
      </div>
      <div class="line">
        <Show when={props.take.lanes}>{(lanes) => <Lanes name={props.take.title} view={lanes()} />}</Show>
        <Tape tape={props.take.tape} />
        <div class="state-line">
          <Chip state={said().chip}>{said().word}</Chip>
          <p class="say">{said().say}</p>
        </div>
        <Health take={props.take} />
        <Exporting take={props.take} cancel={() => props.model.cancelExport(props.take.id)} />
      </div>
      <div class="acts">
        <button
          type="button"
          class="button"
          data-size="small"
          aria-describedby={titleId()}
          aria-busy={props.take.exporting !== undefined}
          onClick={() => {
            if (!props.take.exporting) props.model.exportTake(props.take.id);
          }}
        >
          <Show when={props.take.exporting} fallback={<FileDown class="icon" aria-hidden="true" />}>
            <LoaderCircle class="icon spin" aria-hidden="true" />
          </Show>
          Export
        </button>
        <button
          type="button"
          class="button"
          data-kind="quiet"
          data-size="small"
          aria-describedby={titleId()}
          aria-disabled={props.take.state.kind === "recording" ? "true" : undefined}
          onClick={() => {
            if (props.take.state.kind !== "recording") props.remove();
          }}
        >
          <Trash class="icon" aria-hidden="true" />
          Delete
        </button>
      </div>
    </li>
  );
}
