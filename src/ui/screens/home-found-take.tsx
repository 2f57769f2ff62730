import type { FoundTakeView, HomeModel } from "#controllers/view-models.ts";
import FileDown from "lucide-solid/icons/file-down";
import { type JSX, Show } from "solid-js";
import { Chip } from "../parts/chip.tsx";
import { Bar, Tape } from "../parts/tape.tsx";
import { bytes, clock, moment, percent, sources, span } from "../words/format.ts";

/** A take that was cut short and found again at launch. */
export function FoundTake(props: { take: FoundTakeView; model: HomeModel }): JSX.Element {
  const titleId = (): string => `found-${props.take.id}`;
  const exporting = (): FoundTakeView["exporting"] => props.take.exporting;
  return (
    <section class="found full" aria-labelledby={titleId()}>
      <div class="title-block">
        <h2 class="page-title" id={titleId()}>
          Your take was cut short. It is here.
        </h2>
        <p class="dim">Everything up to that moment is on this device. It uploads by itself.</p>
      </div>
      <div class="card">
        <div class="take-head">
          <div>
            <h3>{props.take.title}</h3>
            <ul class="meta">
              <li>{moment(props.take.fromMs)}</li>
              <Show when={props.take.alone}>
                <li>recorded alone</li>
              </Show>
            </ul>
          </div>
          <Show
            when={props.take.tape.local || props.take.tape.arrivedMs === 0}
            fallback={
              <Chip state="moving">
                Uploading, {percent(props.take.tape.arrivedMs / Math.max(1, props.take.tape.keptMs))}
              </Chip>
            }
          >
            <Chip state="local">Only on this device</Chip>
          </Show>
        </div>
        <Tape tape={props.take.tape} />
        <dl class="facts">
          <div>
            <dt>Kept</dt>
            <dd>
              {clock(props.take.keptMs)}, {sources(props.take.sources)}
            </dd>
          </div>
          <div>
            <dt>Missing</dt>
            <dd>At most {span(props.take.missingMs)}, at the very end</dd>
          </div>
          <div>
            <dt>Size</dt>
            <dd>{bytes(props.take.bytes)}</dd>
          </div>
        </dl>
        <Show when={exporting()}>{(now) => <Bar name="Export" fraction={now().fraction} />}</Show>
        <div class="button-row">
          <button
            type="button"
            class="button"
            aria-busy={exporting() !== undefined}
            onClick={() => {
              if (!exporting()) props.model.exportTake(props.take.id);
            }}
          >
            <FileDown class="icon" aria-hidden="true" />
            Export to this device
          </button>
          <button
            type="button"
            class="button"
            data-kind="quiet"
            onClick={() => props.model.dismissFound(props.take.id)}
          >
            Seen
          </button>
        </div>
      </div>
    </section>
  );
}
