import { For, type JSX } from "solid-js";
import { keysOn, setKeysOn } from "../../keys.ts";
import { InfoDialog } from "../../parts/dialogs.tsx";

const KEYS: readonly (readonly [key: string, does: string])[] = [
  ["Shift+R", "Record / Stop (host)"],
  ["S", "Share / stop sharing the screen"],
  ["Shift+D", "Figures"],
  ["F6", "Next region"],
  ["?", "This list"],
  ["Esc", "Close what is open"],
];

/** The list of keys, and the switch that turns single keys off. */
export function KeysDialog(props: { open: boolean; close(): void }): JSX.Element {
  return (
    <InfoDialog open={props.open} title="Keys" onClose={() => props.close()}>
      <dl class="facts">
        <For each={KEYS}>
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
