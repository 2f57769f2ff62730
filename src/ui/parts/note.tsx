import type { Problem } from "#controllers/view-models.ts";
import CloudOff from "lucide-solid/icons/cloud-off";
import HardDrive from "lucide-solid/icons/hard-drive";
import Info from "lucide-solid/icons/info";
import MicOff from "lucide-solid/icons/mic-off";
import OctagonX from "lucide-solid/icons/octagon-x";
import TriangleAlert from "lucide-solid/icons/triangle-alert";
import Usb from "lucide-solid/icons/usb";
import VideoOff from "lucide-solid/icons/video-off";
import { type Component, type JSX, Show } from "solid-js";
import { Dynamic } from "solid-js/web";
import { type ProblemSign, type ProblemWords, problemWords } from "../words/problem-words.ts";

type IconComponent = Component<{ class?: string; "aria-hidden"?: "true" }>;

const SIGNS: Record<ProblemSign, IconComponent> = {
  info: Info,
  "triangle-alert": TriangleAlert,
  "octagon-x": OctagonX,
  usb: Usb,
  "hard-drive": HardDrive,
  "cloud-off": CloudOff,
  "mic-off": MicOff,
  "video-off": VideoOff,
};

/** A problem as a note: tinted when something is degraded, solid when something is lost. */
export function ProblemNote(props: {
  problem: Problem;
  /** Announce at once, for those who can act (a loss, or "is not recording"). */
  alert?: boolean;
  class?: string;
  children?: JSX.Element;
}): JSX.Element {
  const words = (): ProblemWords => problemWords(props.problem);
  return (
    <div
      class={`note ${props.class ?? ""}`}
      data-state={words().severity}
      role={props.alert && words().severity === "lost" ? "alert" : undefined}
    >
      <Dynamic component={SIGNS[words().sign]} class="icon" aria-hidden="true" />
      <strong>{words().title}</strong>
      <p>{words().text}</p>
      <Show when={words().fine}>{(fine) => <p class="small-print">{fine()}</p>}</Show>
      <Show when={props.children}>
        <div class="button-row">{props.children}</div>
      </Show>
    </div>
  );
}
