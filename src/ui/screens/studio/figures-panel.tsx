import type { DebugView, TrackFiguresView } from "#controllers/view-models.ts";
import { For, type JSX, Show } from "solid-js";
import { InfoDialog } from "../../parts/dialogs.tsx";
import { bytes, count, span } from "../../words/format.ts";

function list(entries: readonly { reason: string; count: number }[]): string {
  return entries.length === 0 ? "none" : entries.map((entry) => `${entry.reason} ${count(entry.count)}`).join(", ");
}

function gapList(gaps: TrackFiguresView["gaps"]): string {
  if (gaps.length === 0) return "none";
  return gaps.map((gap) => `${gap.reason} ${count(gap.count)} (${span(gap.totalMs)})`).join(", ");
}

function Fact(props: { name: string; value: string }): JSX.Element {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>{props.value}</dd>
    </div>
  );
}

function Track(props: { track: TrackFiguresView }): JSX.Element {
  const dropped = (): number => props.track.dropped.reduce((sum, entry) => sum + entry.count, 0);
  return (
    <section class="figures-track" aria-labelledby={`figures-${props.track.id}`}>
      <h3 id={`figures-${props.track.id}`}>{props.track.source}</h3>
      <p class="fine">
        <code>{props.track.codec}</code>, {props.track.format}
      </p>
      <dl class="facts">
        <Fact name="Captured" value={count(props.track.captured)} />
        <Fact name={`Dropped, ${count(dropped())}`} value={list(props.track.dropped)} />
        <Fact name="Encoded" value={`${count(props.track.encoded)}, ${count(props.track.queue)} in the queue`} />
        <Fact name="Sealed" value={count(props.track.sealed)} />
        <Fact name="Epochs" value={`${count(props.track.epochs)}, ${bytes(props.track.bytes)}`} />
        <Fact name="Runs" value={count(props.track.runs)} />
        <Fact name="Gaps" value={gapList(props.track.gaps)} />
      </dl>
    </section>
  );
}

/** The debug panel: every frame counted at every stage, the clock, the upload. */
export function FiguresPanel(props: { open: boolean; view: DebugView; close(): void }): JSX.Element {
  return (
    <InfoDialog open={props.open} title="Figures" wide onClose={() => props.close()}>
      <div class="figures-grid" data-testid="figures">
        <For each={props.view.tracks} fallback={<p class="dim">No track has been recorded yet.</p>}>
          {(track) => <Track track={track} />}
        </For>
        <section class="figures-track" aria-labelledby="figures-clock">
          <h3 id="figures-clock">Clock and upload</h3>
          <dl class="facts">
            <Show when={props.view.clock} fallback={<Fact name="Room clock" value="not measured" />}>
              {(clock) => (
                <>
                  <Fact
                    name="Room clock"
                    value={`${clock().offsetMs.toFixed(2)} ms ± ${clock().uncertaintyMs.toFixed(2)} ms`}
                  />
                  <Fact name="Round trip" value={`${clock().roundTripMs.toFixed(1)} ms, ${clock().samples} samples`} />
                </>
              )}
            </Show>
            <Show when={props.view.upload}>
              {(upload) => <Fact name="Upload" value={`${upload().state}, ${bytes(upload().bytesPerSecond)}/s`} />}
            </Show>
            <For each={props.view.facts}>{(fact) => <Fact name={fact.name} value={fact.value} />}</For>
          </dl>
        </section>
      </div>
    </InfoDialog>
  );
}
