import Check from "lucide-solid/icons/check";
import HardDrive from "lucide-solid/icons/hard-drive";
import LoaderCircle from "lucide-solid/icons/loader-circle";
import OctagonX from "lucide-solid/icons/octagon-x";
import Pause from "lucide-solid/icons/pause";
import TriangleAlert from "lucide-solid/icons/triangle-alert";
import Upload from "lucide-solid/icons/upload";
import { type Component, type JSX, Show } from "solid-js";
import { Dynamic } from "solid-js/web";

export type ChipState = "recording" | "moving" | "waiting" | "local" | "safe" | "degraded" | "lost" | "making";

const SIGNS: Record<Exclude<ChipState, "recording">, Component<{ class?: string; "aria-hidden"?: "true" }>> = {
  moving: Upload,
  waiting: Pause,
  local: HardDrive,
  safe: Check,
  degraded: TriangleAlert,
  lost: OctagonX,
  making: LoaderCircle,
};

/** The dot of recording, or the sign of another state; shared by chips and plates. */
export function StateSign(props: { state: ChipState }): JSX.Element {
  return (
    <Show when={props.state !== "recording" && props.state} fallback={<span class="dot" aria-hidden="true" />}>
      {(state) => <Dynamic component={SIGNS[state()]} class="icon" aria-hidden="true" />}
    </Show>
  );
}

/** A state in one word: shape and icon say it, colour repeats it. */
export function Chip(props: { state: ChipState; children: JSX.Element }): JSX.Element {
  return (
    <span class="chip" data-state={props.state}>
      <StateSign state={props.state} />
      <span>{props.children}</span>
    </span>
  );
}
