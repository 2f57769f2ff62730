import type { QualityView } from "#controllers/view-models.ts";
import * as Tooltip from "@kobalte/core/tooltip";
import type { JSX } from "solid-js";
import { qualitySentence, qualityWord } from "./call-words.ts";

/** Three bars of our own; the words come on hover and focus. */
export function Quality(props: { quality: QualityView }): JSX.Element {
  return (
    <Tooltip.Root openDelay={200} closeDelay={0} placement="top-end" gutter={6}>
      <Tooltip.Trigger
        as="button"
        type="button"
        class="plate quality-plate"
        data-state={props.quality.bars < 2 ? "degraded" : undefined}
        aria-label={`Connection: ${qualityWord(props.quality).toLowerCase()}`}
      >
        <span class="quality" data-value={props.quality.bars} aria-hidden="true" />
        <span class="wide" aria-hidden="true">
          {qualityWord(props.quality)}
        </span>
      </Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content class="tip">
          <b>{qualityWord(props.quality)}.</b> {qualitySentence(props.quality)}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
