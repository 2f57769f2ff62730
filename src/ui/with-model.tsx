import { createSignal, type JSX, Match, onCleanup, Suspense, Switch } from "solid-js";
import { LoadingScreen } from "./screens/loading-screen.tsx";

interface Closable {
  close?(): void;
}

type Opening<M> =
  | { readonly state: "opening" }
  | { readonly state: "open"; readonly model: M }
  | { readonly state: "failed" };

function FailedScreen(props: { again(): void }): JSX.Element {
  return (
    <main class="page" id="main">
      <div class="card stack" role="alert">
        <h1 class="card-title">This page did not load</h1>
        <p class="dim">Nothing that was recorded is lost. Check the network, then try again.</p>
        <div class="button-row">
          <button type="button" class="button" data-kind="primary" onClick={() => props.again()}>
            Try again
          </button>
        </div>
      </div>
    </main>
  );
}

/** Opens a screen's model (and its code), shows the waiting meanwhile, and closes the model when it is left. */
export function WithModel<M extends Closable>(props: {
  open(): M | Promise<M>;
  children(model: M): JSX.Element;
}): JSX.Element {
  const [opening, setOpening] = createSignal<Opening<M>>({ state: "opening" });
  let left = false;
  const open = async (): Promise<void> => {
    setOpening({ state: "opening" });
    try {
      const model = await props.open();
      if (left) model.close?.();
      else setOpening({ state: "open", model });
    } catch (error) {
      setOpening({ state: "failed" });
      // the page can only say that it failed; the reason belongs into the console and the error handler
      reportError(error);
    }
  };
  onCleanup(() => {
    left = true;
    const now = opening();
    if (now.state === "open") now.model.close?.();
  });
  void open();
  const openModel = (): M | undefined => {
    const now = opening();
    return now.state === "open" ? now.model : undefined;
  };
  return (
    <Switch fallback={<LoadingScreen />}>
      <Match when={opening().state === "failed"}>
        <FailedScreen again={() => void open()} />
      </Match>
      <Match when={openModel()} keyed>
        {(model) => <Suspense fallback={<LoadingScreen />}>{props.children(model)}</Suspense>}
      </Match>
    </Switch>
  );
}
