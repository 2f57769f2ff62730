import LoaderCircle from "lucide-solid/icons/loader-circle";
import { type JSX, Show } from "solid-js";
import { type CallTools, ReactTool, type Tool, ToolButton } from "./dock-tools.tsx";
import { type MenuEntry, MoreSheet } from "./more-sheet.tsx";

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

/** The controls at the lower edge. On phones only what is needed every minute; the rest is in More. */
export function Dock(props: {
  canRecord: boolean;
  running: boolean;
  busy: boolean;
  primary: boolean;
  menu: readonly MenuEntry[];
  /** Where there is no call, sharing the screen is the only tool. */
  share: Tool;
  tools?: CallTools | undefined;
  /** The screen itself offers Leave: one name, one button. */
  leaveElsewhere?: boolean;
  press(): void;
}): JSX.Element {
  return (
    <section class="dock" aria-label="Controls" data-region="dock" data-call={props.tools ? "" : undefined}>
      <div class="group">
        <Show when={props.tools} fallback={<ToolButton tool={props.share} />}>
          {(tools) => (
            <>
              <ToolButton tool={tools().mute()} />
              <ToolButton tool={tools().camera()} />
              <ToolButton tool={tools().share()} class="wide-only" />
            </>
          )}
        </Show>
      </div>
      <Show when={props.canRecord}>
        <MainButton running={props.running} busy={props.busy} primary={props.primary} press={() => props.press()} />
      </Show>
      <div class="group">
        <Show when={props.tools}>
          {(tools) => (
            <>
              <ToolButton tool={tools().hand()} class={props.canRecord ? "wide-only" : undefined} />
              <ReactTool class="wide-only" react={(kind) => tools().react(kind)} />
              <ToolButton tool={tools().marker()} class="wide-only" />
              <ToolButton tool={tools().chat()} />
            </>
          )}
        </Show>
        <MoreSheet
          entries={props.menu}
          tools={props.tools}
          guest={!props.canRecord}
          leaveElsewhere={props.leaveElsewhere === true}
        />
        <Show when={!props.leaveElsewhere && props.tools}>
          {(tools) => <ToolButton tool={tools().leave()} class="wide-only" />}
        </Show>
      </div>
    </section>
  );
}
