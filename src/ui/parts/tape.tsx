import type { TapeView } from "#controllers/view-models.ts";
import { For, type JSX, Show } from "solid-js";
import { allArrived, tapeSentence } from "../words/tape-words.ts";

function share(part: number, whole: number): string {
  return whole > 0 ? `${Math.min(100, Math.max(0, (part / whole) * 100)).toFixed(2)}%` : "0%";
}

/**
 * The tape: mint has a receipt, hatching is still on the device, an amber notch is a gap, the red head is recording. It is thinner
 * where camera or microphone was switched off.
 * `name` makes it a progress bar of that name; otherwise it is a picture with one sentence.
 */
export function Tape(props: { tape: TapeView; name?: string }): JSX.Element {
  const width = (): number => Math.max(props.tape.lengthMs, props.tape.keptMs);
  const lostEnd = (): boolean => !props.tape.live && width() - props.tape.keptMs >= 1000;
  const arrived = (): number => (allArrived(props.tape) ? props.tape.keptMs : props.tape.arrivedMs);
  const counted = (): number => Math.floor(props.tape.keptMs > 0 ? (arrived() / props.tape.keptMs) * 100 : 0);
  return (
    <div
      class="tape"
      role={props.name === undefined ? "img" : "progressbar"}
      aria-label={props.name ?? tapeSentence(props.tape)}
      aria-valuenow={props.name === undefined ? undefined : counted()}
      aria-valuemin={props.name === undefined ? undefined : 0}
      aria-valuemax={props.name === undefined ? undefined : 100}
      aria-valuetext={props.name === undefined ? undefined : tapeSentence(props.tape)}
      data-live={props.tape.live ? "" : undefined}
      data-local={props.tape.local ? "" : undefined}
      style={{
        "--made": share(props.tape.keptMs, width()),
        "--got": props.tape.local ? "0%" : share(arrived(), width()),
      }}
    >
      <span class="got" />
      <For each={props.tape.off ?? []}>
        {(off) => (
          <span class="off" style={{ "--at": share(off.atMs, width()), "--long": share(off.lengthMs, width()) }} />
        )}
      </For>
      <For each={props.tape.gaps}>
        {(gap) => (
          <span class="gap" style={{ "--at": share(gap.atMs, width()), "--long": share(gap.lengthMs, width()) }} />
        )}
      </For>
      <Show when={lostEnd()}>
        <span class="gap" style={{ "--at": share(props.tape.keptMs, width()) }} />
      </Show>
    </div>
  );
}

/** A bar that only counts. */
export function Bar(props: { name: string; fraction: number; text?: string }): JSX.Element {
  return (
    <div
      class="bar"
      role="progressbar"
      aria-label={props.name}
      aria-valuenow={Math.round(props.fraction * 100)}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuetext={props.text}
      style={{ "--done": share(props.fraction, 1) }}
    >
      <span />
    </div>
  );
}
