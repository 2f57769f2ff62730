import type { ParticipantAction, ParticipantView } from "#controllers/view-models.ts";
import { DropdownMenu } from "@kobalte/core/dropdown-menu";
import Ellipsis from "lucide-solid/icons/ellipsis";
import { For, type JSX, Show } from "solid-js";
import type { StageControls } from "./stage-controls.ts";

const ACTIONS: Record<ParticipantAction, string> = {
  mute: "Mute",
  remove: "Remove",
  "make-cohost": "Make co-host",
  "make-guest": "Make guest",
};

/** The menu beside a name: pin, and what the host may do. */
export function PersonMenu(props: {
  person: ParticipantView;
  controls: StageControls;
  act(action: ParticipantAction): void;
}): JSX.Element {
  const pinned = (): boolean => props.controls.pinned() === props.person.id;
  return (
    <DropdownMenu placement="bottom-end" gutter={4}>
      <DropdownMenu.Trigger
        class="button"
        data-kind="quiet"
        data-only-icon
        data-size="small"
        aria-label={`More about ${props.person.name}`}
      >
        <Ellipsis class="icon" aria-hidden="true" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content class="menu">
          <DropdownMenu.Item class="menu-item" onSelect={() => props.controls.togglePin(props.person.id)}>
            {pinned() ? "Unpin" : "Pin"}
          </DropdownMenu.Item>
          <Show when={props.person.actions.length > 0}>
            <DropdownMenu.Separator class="menu-line" />
          </Show>
          <For each={props.person.actions}>
            {(action) => (
              <DropdownMenu.Item class="menu-item" onSelect={() => props.act(action)}>
                {ACTIONS[action]}
              </DropdownMenu.Item>
            )}
          </For>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu>
  );
}
