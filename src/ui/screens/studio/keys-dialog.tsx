import { For, type JSX } from "solid-js";
import { keysOn, setKeysOn } from "../../keys.ts";
import { InfoDialog } from "../../parts/dialogs.tsx";

type Key = readonly [key: string, does: string];

const CALL_KEYS: readonly Key[] = [
  ["D", "Mute / unmute"],
  ["E", "Camera off / on"],
  ["H", "Raise / lower the hand"],
  ["C", "Chat"],
  ["M", "Add a marker"],
  ["P", "Pin the focused tile"],
  ["G", "Grid / speaker"],
];

const FIRST_KEYS: readonly Key[] = [
  ["Shift+R", "Record / Stop (host)"],
  ["S", "Share / stop sharing the screen"],
];

const LAST_KEYS: readonly Key[] = [
  ["Shift+D", "Figures"],
  ["F6", "Next region"],
  ["?", "This list"],
  ["Esc", "Close what is open"],
];

/** The list of keys, and the switch that turns single keys off. */
export function KeysDialog(props: { open: boolean; call?: boolean; close(): void }): JSX.Element {
  const keys = (): readonly Key[] => [...FIRST_KEYS, ...(props.call ? CALL_KEYS : []), ...LAST_KEYS];
  return (
    <InfoDialog open={props.open} title="Keys" onClose={() => props.close()}>
      <dl class="facts">
        <For each={keys()}>
          {([key, does]) => (
            <div>
              <dt>{does}</dt>
              <dd>
                <kbd>{key}</kbd>
              </dd>
            </div>
          )}
        </For>
      </dl>
      <div class="switch">
        <label for="keys-on">Single keys</label>
        <input
          type="checkbox"
          role="switch"
          id="keys-on"
          checked={keysOn()}
          onChange={(event) => setKeysOn(event.currentTarget.checked)}
        />
      </div>
    </InfoDialog>
  );
}
