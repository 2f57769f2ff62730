import type { ReactionKindView } from "#controllers/view-models.ts";
import Laugh from "lucide-solid/icons/face-grinning";
import Heart from "lucide-solid/icons/heart";
import PartyPopper from "lucide-solid/icons/party-popper";
import ThumbsUp from "lucide-solid/icons/thumbs-up";
import type { Component, JSX } from "solid-js";
import { Dynamic } from "solid-js/web";

type Sign = Component<{ class?: string; "aria-hidden"?: "true" }>;

/** On the grid of the other icons: 24 by 24, lines of 2. */
function drawn(paths: readonly string[]): Sign {
  return (props) => (
    <svg
      class={props.class}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      {paths.map((d) => (
        <path d={d} />
      ))}
    </svg>
  );
}

/** Lucide has no clapping hands: one palm upon the other, and what is heard. */
const Clap = drawn([
  "M5 13.4a4.8 4.8 0 0 0 .6 6.4 4.8 4.8 0 0 0 6.8 0l6.2-6.2a1.5 1.5 0 0 0-2.1-2.1l-3 3",
  "m13.5 14.5 4.6-4.6a1.5 1.5 0 0 0-2.1-2.1l-4.6 4.6",
  "m11.4 12.4 3.9-3.9a1.5 1.5 0 0 0-2.1-2.1L8.6 11V8.8a1.8 1.8 0 0 0-3.6 0v4.6",
  "M9.2 1.5v1.8M3.6 2.9l1.1 1.6M14.3 1.9l-.9 1.6",
]);

/** …nor a face with an open mouth. */
const Surprise = drawn([
  "M2 12a10 10 0 1 0 20 0 10 10 0 1 0-20 0",
  "M9 9h.01M15 9h.01",
  "M9.7 15.6a2.3 2.3 0 1 0 4.6 0 2.3 2.3 0 1 0-4.6 0",
]);

const SIGNS: Record<ReactionKindView, Sign> = {
  "thumbs-up": ThumbsUp,
  clap: Clap,
  heart: Heart,
  laugh: Laugh,
  surprise: Surprise,
  celebrate: PartyPopper,
};

/** A reaction as a drawing: no font is needed for it. Its word stands in the name of whatever holds it. */
export function ReactionSign(props: { kind: ReactionKindView }): JSX.Element {
  return <Dynamic component={SIGNS[props.kind]} class="icon" aria-hidden="true" />;
}
