import type { StudioModel, StudioView } from "#controllers/view-models.ts";
import { createSignal, createUniqueId, For, type JSX, Show } from "solid-js";
import { clock } from "../../words/format.ts";

/** Longest note; the room takes no longer ones. */
const NOTE_MAX = 120;

/** A note is a marker at the moment at which its writing began. */
function NoteField(props: { elapsedMs(): number; add(text: string, atMs: number): void }): JSX.Element {
  const id = createUniqueId();
  const [text, setText] = createSignal("");
  const [beganMs, setBegan] = createSignal<number>();
  const write = (now: string): void => {
    setText(now);
    if (now === "") setBegan(undefined);
    else if (beganMs() === undefined) setBegan(props.elapsedMs());
  };
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (text().trim() === "") return;
    props.add(text().trim(), beganMs() ?? props.elapsedMs());
    write("");
  };
  return (
    <form class="note-form" onSubmit={submit}>
      <label class="unseen" for={id}>
        Note for a new marker
      </label>
      <input
        class="input"
        id={id}
        placeholder="Write a note"
        value={text()}
        maxLength={NOTE_MAX}
        autocomplete="off"
        onInput={(event) => write(event.currentTarget.value)}
      />
      <button type="submit" class="button" data-kind="raised" aria-disabled={text().trim() === "" ? "true" : undefined}>
        <Show when={beganMs()} fallback="Keep">
          {(at) => `At ${clock(at())}`}
        </Show>
      </button>
    </form>
  );
}

/** The host's list of markers: private notes on the take's time. */
export function Markers(props: { view: StudioView; model: StudioModel; elapsedMs(): number }): JSX.Element {
  return (
    <Show when={props.view.mayHost && (props.view.canMark || props.view.markers.length > 0)}>
      <section class="markers" aria-labelledby="markers">
        <h3 id="markers" class="panel-title">
          Markers
        </h3>
        <Show when={props.view.canMark}>
          <NoteField elapsedMs={() => props.elapsedMs()} add={(text, atMs) => props.model.addMarker(text, atMs)} />
        </Show>
        <Show
          when={props.view.markers.length > 0}
          fallback={<p class="fine">M sets one. Editors find them on the timeline.</p>}
        >
          <ol class="marker-list" aria-labelledby="markers">
            <For each={props.view.markers}>
              {(marker) => (
                <li>
                  <span class="marker-time">{clock(marker.atMs)}</span>
                  <span>
                    <Show when={marker.text} fallback={<span class="dim">No note</span>}>
                      {marker.text}
                    </Show>
                    <span class="fine"> {marker.by}</span>
                  </span>
                </li>
              )}
            </For>
          </ol>
        </Show>
      </section>
    </Show>
  );
}
