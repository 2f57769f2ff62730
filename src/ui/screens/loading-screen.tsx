import { createSignal, type JSX, onCleanup, Show } from "solid-js";

/** Skeletons only after this long: a shorter wait would flash. */
const GHOST_AFTER_MS = 300;
/** After this long, words say what is awaited. */
const WORDS_AFTER_MS = 10_000;

/** The shape of a page that is still coming. */
export function LoadingScreen(props: { awaited?: string }): JSX.Element {
  const [stage, setStage] = createSignal<"quiet" | "ghost" | "words">("quiet");
  const timers = [
    setTimeout(() => setStage("ghost"), GHOST_AFTER_MS),
    setTimeout(() => setStage("words"), WORDS_AFTER_MS),
  ];
  onCleanup(() => timers.forEach((timer) => clearTimeout(timer)));
  return (
    <main class="page" id="main" aria-busy="true">
      <Show when={stage() !== "quiet"}>
        <div class="ghosts" role="status">
          <span class="unseen">Loading</span>
          <div class="ghost" data-shape="title" />
          <div class="ghost" data-shape="line" />
          <div class="ghost" data-shape="card" />
          <Show when={stage() === "words"}>
            <p class="dim">{props.awaited ?? "The server has not answered yet. It keeps trying."}</p>
          </Show>
        </div>
      </Show>
    </main>
  );
}
