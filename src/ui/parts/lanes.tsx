import type { GapView, LanesView, LaneView, WaveView } from "#controllers/view-models.ts";
import Monitor from "lucide-solid/icons/monitor";
import { For, type JSX, Show } from "solid-js";
import { clock, initials } from "../words/format.ts";
import { gapWords, offWords } from "../words/tape-words.ts";

/** Drawn bars at most; more than one per two pixels only makes a grey block. */
const MAX_BARS = 300;
/** Distances between the marks of the ruler, ms: the smallest that gives at most five marks is taken. */
const RULER_STEPS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200].map((seconds) => seconds * 1000);

function share(part: number, whole: number): string {
  return `${whole > 0 ? Math.min(100, Math.max(0, (part / whole) * 100)).toFixed(2) : 0}%`;
}

/** Bars of the waveform as one path in a box of `bars` × 100, and how many there are. */
export function wavePath(peaks: Uint8Array): { bars: number; path: string } {
  const bars = Math.min(MAX_BARS, peaks.length);
  let path = "";
  for (let bar = 0; bar < bars; bar++) {
    const from = Math.floor((bar * peaks.length) / bars);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * peaks.length) / bars));
    let top = 0;
    for (let index = from; index < to; index++) top = Math.max(top, peaks[index] ?? 0);
    const half = Math.max(2, (top / 255) * 48).toFixed(1);
    path += `M${bar + 0.5} ${(50 - Number(half)).toFixed(1)}V${(50 + Number(half)).toFixed(1)}`;
  }
  return { bars, path };
}

function Wave(props: { wave: WaveView }): JSX.Element {
  const drawn = (): { bars: number; path: string } => wavePath(props.wave.peaks);
  return (
    <svg class="wave" viewBox={`0 0 ${drawn().bars} 100`} preserveAspectRatio="none" aria-hidden="true">
      <path d={drawn().path} />
    </svg>
  );
}

/** One lane's clip, its waveform and its holes, on the width of the take. */
export function Strip(props: { lane: LaneView; lengthMs: number; tag?: string }): JSX.Element {
  return (
    <div class="strip">
      <div
        class="clip"
        style={{
          "--from": share(props.lane.fromMs, props.lengthMs),
          "--to": share(props.lane.toMs, props.lengthMs),
        }}
      >
        <Show when={props.lane.wave}>{(wave) => <Wave wave={wave()} />}</Show>
        <Show when={props.tag}>{(tag) => <span class="tag">{tag()}</span>}</Show>
      </div>
      <For each={props.lane.off ?? []}>
        {(off) => (
          <span
            class="off"
            style={{ "--at": share(off.atMs, props.lengthMs), "--long": share(off.lengthMs, props.lengthMs) }}
          />
        )}
      </For>
      <For each={props.lane.gaps}>
        {(gap) => (
          <span
            class="hole"
            style={{ "--at": share(gap.atMs, props.lengthMs), "--long": share(gap.lengthMs, props.lengthMs) }}
          />
        )}
      </For>
    </div>
  );
}

/** Where the marks of the ruler stand, ms. */
export function rulerMarks(lengthMs: number): number[] {
  const step = RULER_STEPS_MS.find((candidate) => lengthMs / candidate <= 5) ?? Math.ceil(lengthMs / 5);
  const marks: number[] = [];
  for (let at = 0; at < lengthMs; at += step) marks.push(at);
  return marks;
}

function laneWords(lane: LaneView, lengthMs: number): string {
  const whole = lane.fromMs < 1000 && lengthMs - lane.toMs < 1000;
  const late = lane.fromMs >= 1000 && lengthMs - lane.toMs < 1000;
  const where = whole
    ? "from start to end"
    : late
      ? `from ${clock(lane.fromMs)}`
      : `from ${clock(lane.fromMs)} to ${clock(lane.toMs)}`;
  const gaps: readonly GapView[] = lane.gaps;
  const off = offWords(lane.off ?? []);
  return `${lane.name} ${where}${gaps.length > 0 ? `, with ${gapWords(gaps)}` : ""}${off === "" ? "" : `, ${off}`}.`;
}

/** The take as it lies on the editor's timeline. */
export function Lanes(props: { name: string; view: LanesView }): JSX.Element {
  const sentence = (): string =>
    [
      `${props.name} as it lies on the timeline, ${clock(props.view.lengthMs)} long.`,
      ...props.view.lanes.map((lane) => laneWords(lane, props.view.lengthMs)),
    ].join(" ");
  return (
    <figure class="lanes" role="img" aria-label={sentence()}>
      <div class="ruler">
        <For each={rulerMarks(props.view.lengthMs)}>
          {(at) => (
            <span
              classList={{ last: props.view.lengthMs > 0 && at / props.view.lengthMs > 0.9 }}
              style={{ "--at": share(at, props.view.lengthMs) }}
            >
              {clock(at)}
            </span>
          )}
        </For>
      </div>
      <For each={props.view.lanes}>
        {(lane) => (
          <div class="lane">
            <span class="face initials" title={lane.name}>
              <Show when={lane.kind === "screen"} fallback={initials(lane.name)}>
                <Monitor class="icon" aria-hidden="true" />
              </Show>
            </span>
            <Strip lane={lane} lengthMs={props.view.lengthMs} tag={lane.kind === "screen" ? "Screen" : undefined} />
          </div>
        )}
      </For>
    </figure>
  );
}
