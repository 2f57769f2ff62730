import * as Popover from "@kobalte/core/popover";
import Ellipsis from "lucide-solid/icons/ellipsis";
import LoaderCircle from "lucide-solid/icons/loader-circle";
import { createSignal, For, type JSX, Show } from "solid-js";
import { Dynamic } from "solid-js/web";
import type { CallTools, Tool } from "./dock-tools.tsx";
import { ReactionRow } from "./dock-tools.tsx";

export interface MenuEntry {
  readonly name: string;
  readonly key?: string;
  /** Only where the window is wide enough for it to make a difference. */
  readonly wide?: boolean;
  choose(): void;
}

function ToolLine(props: { tool: Tool; close(): void }): JSX.Element {
  return (
    <button
      type="button"
      class="menu-item phone-only"
      aria-label={props.tool.name}
      aria-disabled={props.tool.why === undefined ? undefined : "true"}
      aria-description={props.tool.why}
      onClick={() => {
        if (props.tool.why !== undefined) return;
        props.close();
        props.tool.press();
      }}
    >
      <Show when={!props.tool.busy} fallback={<LoaderCircle class="icon spin" aria-hidden="true" />}>
        <Dynamic component={props.tool.icon} class="icon" aria-hidden="true" />
      </Show>
      <span>{props.tool.name}</span>
    </button>
  );
}

/** More: on phones a sheet with the tools that have no place in the dock; everywhere what is seldom needed. */
export function MoreSheet(props: {
  entries: readonly MenuEntry[];
  tools?: CallTools | undefined;
  guest: boolean;
  leaveElsewhere?: boolean;
}): JSX.Element {
  const [open, setOpen] = createSignal(false);
  const close = (): void => {
    setOpen(false);
  };
  return (
    <Popover.Root open={open()} onOpenChange={setOpen} placement="top" gutter={8}>
      <Popover.Trigger class="tool" aria-label="More controls">
        <Ellipsis class="icon" aria-hidden="true" />
        <span>More</span>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content class="menu sheet" aria-label="More controls">
          <Show when={props.tools}>
            {(tools) => (
              <>
                <div class="phone-only">
                  <ReactionRow
                    react={(kind) => {
                      close();
                      tools().react(kind);
                    }}
                  />
                </div>
                <ToolLine tool={tools().share()} close={close} />
                <Show when={!props.guest}>
                  <ToolLine tool={tools().hand()} close={close} />
                </Show>
                <ToolLine tool={tools().marker()} close={close} />
              </>
            )}
          </Show>
          <For each={props.entries}>
            {(entry) => (
              <button
                type="button"
                class="menu-item"
                classList={{ "wide-only": entry.wide === true }}
                onClick={() => {
                  close();
                  entry.choose();
                }}
              >
                <span>{entry.name}</span>
                <Show when={entry.key}>{(key) => <kbd aria-hidden="true">{key()}</kbd>}</Show>
              </button>
            )}
          </For>
          <Show when={!props.leaveElsewhere && props.tools}>
            {(tools) => <ToolLine tool={tools().leave()} close={close} />}
          </Show>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
