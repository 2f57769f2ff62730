import Ellipsis from "lucide-solid/icons/ellipsis";
import LoaderCircle from "lucide-solid/icons/loader-circle";
import LogOut from "lucide-solid/icons/log-out";
import ScreenShare from "lucide-solid/icons/screen-share";
import ScreenShareOff from "lucide-solid/icons/screen-share-off";
import { DropdownMenu } from "@kobalte/core/dropdown-menu";
import { For, type JSX, Show } from "solid-js";

export interface MenuEntry {
  readonly name: string;
  readonly key?: string;
  choose(): void;
}

function MoreMenu(props: { entries: readonly MenuEntry[] }): JSX.Element {
  return (
    <DropdownMenu placement="top" gutter={8}>
      <DropdownMenu.Trigger class="tool" aria-label="More controls">
        <Ellipsis class="icon" aria-hidden="true" />
        <span>More</span>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content class="menu">
          <For each={props.entries}>
            {(entry) => (
              <DropdownMenu.Item class="menu-item" onSelect={() => entry.choose()}>
                <span>{entry.name}</span>
                <Show when={entry.key}>{(key) => <kbd aria-hidden="true">{key()}</kbd>}</Show>
              </DropdownMenu.Item>
            )}
          </For>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu>
  );
}

/** Record, or Stop: one button in one place, so that the focus stays on it. */
function MainButton(props: {
  running: boolean;
  busy: boolean;
  /** Everything else on the screen is grey: this is the obvious action. */
  primary: boolean;
  press(): void;
}): JSX.Element {
  return (
    <button
      type="button"
      class="button main"
      data-kind={props.primary ? "primary" : undefined}
      data-size="main"
      aria-keyshortcuts="Shift+R"
      aria-busy={props.busy}
      aria-disabled={props.busy ? "true" : undefined}
      onClick={() => {
        if (!props.busy) props.press();
      }}
    >
      <Show when={!props.busy} fallback={<LoaderCircle class="icon spin" aria-hidden="true" />}>
        <span class={props.running ? "square" : "dot"} aria-hidden="true" />
      </Show>
      {props.running ? "Stop" : "Record"}
    </button>
  );
}

/** The controls at the lower edge. The live call's tools (mute, camera, chat …) will stand in the two groups. */
export function Dock(props: {
  canRecord: boolean;
  running: boolean;
  busy: boolean;
  primary: boolean;
  sharing: boolean;
  canShare: boolean;
  menu: readonly MenuEntry[];
  press(): void;
  share(): void;
  /** Absent where there is no room to leave. */
  leave?: (() => void) | undefined;
}): JSX.Element {
  return (
    <section class="dock" aria-label="Controls" data-region="dock">
      <div class="group">
        <button
          type="button"
          class="tool"
          aria-label={props.sharing ? "Sharing, stop sharing" : "Share screen"}
          aria-keyshortcuts="S"
          aria-disabled={props.canShare ? undefined : "true"}
          title={props.canShare ? undefined : "This browser can’t share its screen"}
          onClick={() => {
            if (props.canShare) props.share();
          }}
        >
          <Show when={props.sharing} fallback={<ScreenShare class="icon" aria-hidden="true" />}>
            <ScreenShareOff class="icon" aria-hidden="true" />
          </Show>
          <span>{props.sharing ? "Sharing" : "Share"}</span>
        </button>
      </div>
      <Show when={props.canRecord}>
        <MainButton running={props.running} busy={props.busy} primary={props.primary} press={() => props.press()} />
      </Show>
      <div class="group">
        <MoreMenu entries={props.menu} />
        <Show when={props.leave}>
          {(leave) => (
            <button type="button" class="tool" onClick={() => leave()()}>
              <LogOut class="icon" aria-hidden="true" />
              <span>Leave</span>
            </button>
          )}
        </Show>
      </div>
    </section>
  );
}
