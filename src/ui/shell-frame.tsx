import type { ShellModel, ShellView } from "#controllers/view-models.ts";
import CloudOff from "lucide-solid/icons/cloud-off";
import X from "lucide-solid/icons/x";
import { createEffect, createSignal, type JSX, onCleanup, Show } from "solid-js";
import { createElapsed } from "./parts/clock.tsx";
import type { Router } from "./router.ts";
import { ShellContext } from "./shell-context.ts";
import { fromSource } from "./view-store.ts";
import { clock } from "./words/format.ts";

/** Long enough to read a short line twice. */
const TOAST_MS = 6000;

/** The strip under the top edge while a take runs and another screen is open. */
function RunningStrip(props: { running: NonNullable<ShellView["running"]> }): JSX.Element {
  const elapsed = createElapsed(() => props.running.startedAtMs);
  return (
    <aside class="running-bar" aria-label="Recording goes on">
      <span class="dot" aria-hidden="true" />
      <span>
        <b>Recording goes on</b> {clock(elapsed())}
      </span>
      <a class="button" data-size="small" href={props.running.href}>
        Back to {props.running.title}
      </a>
    </aside>
  );
}

function guardClosing(guard: () => boolean): void {
  const onBeforeUnload = (event: BeforeUnloadEvent): void => {
    event.preventDefault();
  };
  createEffect(() => {
    if (!guard()) return;
    addEventListener("beforeunload", onBeforeUnload);
    onCleanup(() => removeEventListener("beforeunload", onBeforeUnload));
  });
}

/** Takes that are not yet safe, as a number on the installed app's icon. */
function badge(count: () => number): void {
  createEffect(() => {
    const waiting = count();
    if (!("setAppBadge" in navigator)) return;
    // Refused when the app is not installed, which takes nothing away from the page.
    const done = waiting > 0 ? navigator.setAppBadge(waiting) : navigator.clearAppBadge();
    done.then(undefined, (error: unknown) => {
      if (!(error instanceof DOMException)) throw error;
    });
  });
}

function Toasts(props: {
  message: string | undefined;
  updateReady: boolean;
  close(): void;
  update(): void;
}): JSX.Element {
  const [later, setLater] = createSignal(false);
  return (
    <div class="toasts">
      <div role="status">
        <Show when={props.message}>
          {(message) => (
            <div class="toast">
              <span>{message()}</span>
              <button
                type="button"
                class="button"
                data-kind="quiet"
                data-only-icon
                data-size="small"
                aria-label="Close"
                onClick={() => props.close()}
              >
                <X class="icon" aria-hidden="true" />
              </button>
            </div>
          )}
        </Show>
      </div>
      <div role="status">
        <Show when={props.updateReady && !later()}>
          <div class="toast">
            <span>A new version is ready</span>
            <button type="button" class="button" data-size="small" data-kind="raised" onClick={() => props.update()}>
              Update
            </button>
            <button type="button" class="button" data-size="small" data-kind="quiet" onClick={() => setLater(true)}>
              Later
            </button>
          </div>
        </Show>
      </div>
    </div>
  );
}

/** After a navigation the focus goes to the new screen's heading, as after a page load. */
function focusHeading(): void {
  const heading = document.querySelector<HTMLElement>("main h1, .tally h1");
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

/** What stands around every screen: skip link, strips, messages, and the guard against closing. */
export function ShellFrame(props: { model: ShellModel; router: Router; children: JSX.Element }): JSX.Element {
  const view = fromSource(props.model.view);
  const [message, setMessage] = createSignal<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const say = (text: string): void => {
    clearTimeout(timer);
    setMessage(text);
    timer = setTimeout(() => setMessage(undefined), TOAST_MS);
  };
  onCleanup(() => clearTimeout(timer));
  guardClosing(() => view().guardClose);
  badge(() => view().takesNotSafe);
  const path = (): string => {
    props.router.place();
    return location.pathname;
  };
  /** The visit whose heading had the focus last; the first one keeps the browser's own. */
  let greeted = props.router.place().visit;
  const arrived = (): void => {
    const { visit } = props.router.place();
    if (visit === greeted) return;
    greeted = visit;
    focusHeading();
  };
  const elsewhere = (): ShellView["running"] => {
    const running = view().running;
    return running && running.href.split(/[?#]/)[0] !== path() ? running : undefined;
  };
  return (
    <ShellContext.Provider value={{ view, say, navigate: (to) => props.router.navigate(to), arrived }}>
      <div class="frame">
        <a class="skip" href="#main">
          Skip to content
        </a>
        <Show when={elsewhere()}>{(running) => <RunningStrip running={running()} />}</Show>
        <Show when={view().offline}>
          <div class="offline-bar" role="status">
            <CloudOff class="icon" aria-hidden="true" />
            <span>
              <b>No network.</b> Recording works as always. Uploads wait.
            </span>
          </div>
        </Show>
        {props.children}
      </div>
      <Toasts
        message={message()}
        updateReady={view().updateReady}
        close={() => setMessage(undefined)}
        update={() => props.model.update()}
      />
    </ShellContext.Provider>
  );
}
