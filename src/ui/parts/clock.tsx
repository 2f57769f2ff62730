import { type Accessor, createEffect, createMemo, createSignal, type JSX, onCleanup } from "solid-js";
import { clock } from "../words/format.ts";

/** The clock shows whole seconds; four looks a second keep it within a quarter of the truth. */
const LOOK_EVERY_MS = 250;

/** Ms since `startedAtMs` (`performance.now()` of this page), in whole seconds; 0 while it is undefined. */
export function createElapsed(startedAtMs: Accessor<number | undefined>): Accessor<number> {
  const [now, setNow] = createSignal(performance.now());
  createEffect(() => {
    if (startedAtMs() === undefined) return;
    setNow(performance.now());
    const timer = setInterval(() => setNow(performance.now()), LOOK_EVERY_MS);
    onCleanup(() => clearInterval(timer));
  });
  return createMemo(() => {
    const start = startedAtMs();
    return start === undefined ? 0 : Math.max(0, Math.floor((now() - start) / 1000) * 1000);
  });
}

/** The recording clock: `role="timer"`, silent for screen readers until asked. */
export function Clock(props: { elapsedMs: number }): JSX.Element {
  return (
    <span class="clock" role="timer" aria-label="Length of the take">
      {clock(props.elapsedMs)}
    </span>
  );
}
