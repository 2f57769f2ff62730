import type { LevelView, ViewSource } from "#controllers/view-models.ts";
import { createSignal, type JSX, onCleanup, onMount, Show } from "solid-js";

/** Level and ring move at most 20 times a second; with reduced motion 4 times (LOOK.md, "Motion"). */
const MS_BETWEEN = 1000 / 20;
const MS_BETWEEN_REDUCED = 1000 / 4;
/** How often the figure and the words change, so that a screen reader is not flooded. */
const MS_BETWEEN_WORDS = 1000;
/** dBFS at the left end of the meter. */
const FLOOR_DB = -60;

const LEVEL_WORDS: Record<LevelView["state"], string> = {
  off: "No microphone",
  silent: "Nothing to hear. Is it switched on?",
  quiet: "Quiet. Come closer, or turn the microphone up.",
  good: "Good level",
  loud: "Too loud. Move back a little.",
};

/** Position on the meter, 0 to 1. */
function position(db: number): number {
  return Math.min(1, Math.max(0, (db - FLOOR_DB) / -FLOOR_DB));
}

/** Calls `draw` with the newest level, no more often than motion allows. Lives as long as its owner. */
function followLevel(source: ViewSource<LevelView>, draw: (level: LevelView) => void): void {
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let drawnAt = Number.NEGATIVE_INFINITY;
  draw(source.get());
  onCleanup(
    source.subscribe((level) => {
      const now = performance.now();
      if (now - drawnAt < (calm.matches ? MS_BETWEEN_REDUCED : MS_BETWEEN)) return;
      drawnAt = now;
      draw(level);
    }),
  );
}

/** Sets `--level` (0 to 1) on a tile: the ring of who speaks. */
export function ringLevel(element: HTMLElement, source: ViewSource<LevelView>): void {
  followLevel(source, (level) => {
    // below -45 dB is the noise of a room, not a voice
    element.style.setProperty("--level", Math.max(0, position(level.db) * 1.33 - 0.33).toFixed(3));
  });
}

/** The meter "Microphone level", with its words below. */
export function LevelMeter(props: { source: ViewSource<LevelView>; words?: Partial<typeof LEVEL_WORDS> }): JSX.Element {
  let meter: HTMLDivElement | undefined;
  const [told, setTold] = createSignal<LevelView>(props.source.get());
  onMount(() => {
    let toldAt = Number.NEGATIVE_INFINITY;
    followLevel(props.source, (level) => {
      meter?.style.setProperty("--now", `${(position(level.db) * 100).toFixed(1)}%`);
      const now = performance.now();
      if (level.state === told().state && now - toldAt < MS_BETWEEN_WORDS) return;
      toldAt = now;
      setTold(level);
    });
  });
  const words = (): string => props.words?.[told().state] ?? LEVEL_WORDS[told().state];
  const db = (): number => Math.round(Math.max(FLOOR_DB, Math.min(0, told().db)));
  return (
    <>
      <div
        class="level"
        ref={meter}
        role="meter"
        aria-label="Microphone level"
        aria-valuemin={FLOOR_DB}
        aria-valuemax={0}
        aria-valuenow={db()}
        aria-valuetext={`${words()}, ${db() < 0 ? "minus " : ""}${Math.abs(db())} decibels`}
      >
        <div class="level-track" />
        <div class="level-now" />
        <div class="level-good" />
      </div>
      <Show when={words()}>{(text) => <p class="fine">{text()}</p>}</Show>
    </>
  );
}
