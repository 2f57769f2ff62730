// As namespaces: the ready-made Dialog and AlertDialog objects are one and the same function, and the later
// import gives both its own parts.
import * as AlertDialog from "@kobalte/core/alert-dialog";
import * as Dialog from "@kobalte/core/dialog";
import X from "lucide-solid/icons/x";
import { type JSX, Show } from "solid-js";

/** Asks before something that cannot be undone. The way that keeps things comes first and has the focus. */
export function AskDialog(props: {
  open: boolean;
  title: string;
  text: string;
  keep: string;
  go: string;
  /** The choice to go loses something for good: solid amber. */
  loses?: boolean;
  /** A second way to go. */
  also?: { readonly name: string; choose(): void } | undefined;
  onKeep(): void;
  onGo(): void;
}): JSX.Element {
  return (
    <AlertDialog.Root open={props.open} onOpenChange={(open) => !open && props.onKeep()}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay class="veil" />
        <div class="dialog-place">
          <AlertDialog.Content class="dialog">
            <AlertDialog.Title as="h2">{props.title}</AlertDialog.Title>
            <AlertDialog.Description as="p">{props.text}</AlertDialog.Description>
            <div class="button-row">
              <AlertDialog.CloseButton
                class="button"
                data-kind={props.loses ? "raised" : "primary"}
                aria-label={props.keep}
              >
                {props.keep}
              </AlertDialog.CloseButton>
              <button
                type="button"
                class="button"
                data-kind={props.loses ? "lose" : "quiet"}
                onClick={() => props.onGo()}
              >
                {props.go}
              </button>
              <Show when={props.also}>
                {(also) => (
                  <button type="button" class="button" data-kind="quiet" onClick={() => also().choose()}>
                    {also().name}
                  </button>
                )}
              </Show>
            </div>
          </AlertDialog.Content>
        </div>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}

/** A dialog with a title, its content and a Close button. */
export function InfoDialog(props: {
  open: boolean;
  title: string;
  wide?: boolean;
  onClose(): void;
  children: JSX.Element;
}): JSX.Element {
  return (
    <Dialog.Root open={props.open} onOpenChange={(open) => !open && props.onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay class="veil" />
        <div class="dialog-place">
          <Dialog.Content class="dialog" data-wide={props.wide ? "" : undefined}>
            <div class="dialog-head">
              <Dialog.Title as="h2">{props.title}</Dialog.Title>
              <Dialog.CloseButton class="button" data-kind="quiet" data-only-icon data-size="small" aria-label="Close">
                <X class="icon" aria-hidden="true" />
              </Dialog.CloseButton>
            </div>
            {props.children}
          </Dialog.Content>
        </div>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** A link that the browser did not let the page copy. */
export function LinkDialog(props: {
  open: boolean;
  /** "Guest link": title of the dialog and name of the field. */
  name: string;
  text?: string;
  link: string;
  close(): void;
}): JSX.Element {
  return (
    <InfoDialog open={props.open} title={props.name} onClose={() => props.close()}>
      <p>This browser does not let the page copy. Mark the link and copy it. {props.text}</p>
      <input
        class="input"
        aria-label={props.name}
        readOnly
        value={props.link}
        onFocus={(event) => event.currentTarget.select()}
      />
    </InfoDialog>
  );
}
