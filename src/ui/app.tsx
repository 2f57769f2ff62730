import type { AppModels, RouteAddress } from "#controllers/view-models.ts";
import { createEffect, createSignal, type JSX, lazy, Match, on, Switch } from "solid-js";
import { render } from "solid-js/web";
import { createRouter, type Place, type Route } from "./router.ts";
import { NotFoundScreen } from "./screens/not-found-screen.tsx";
import { ShellFrame } from "./shell-frame.tsx";
import { WithModel } from "./with-model.tsx";
import "./styles/index.css";

const HomeScreen = lazy(() => import("./screens/home-screen.tsx"));
const RoomScreen = lazy(() => import("./screens/room-screen.tsx"));
const ExportsScreen = lazy(() => import("./screens/exports-screen.tsx"));
const RecordingsScreen = lazy(() => import("./screens/recordings-screen.tsx"));
const AloneScreen = lazy(() => import("./screens/alone-screen.tsx"));

function addressOf(place: Place): RouteAddress {
  const room = "room" in place.route ? place.route.room : "";
  return { room, search: place.search, hash: place.hash };
}

/** After a navigation the focus goes to the new screen's heading, as after a page load. */
function focusHeading(): void {
  const heading = document.querySelector<HTMLElement>("main h1, .tally h1");
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

function Screens(props: { models: AppModels; place: Place; arrived(): void }): JSX.Element {
  const is = (name: Route["name"]): number | undefined =>
    // a new visit is a new key: the screen is built afresh
    props.place.route.name === name ? props.place.visit + 1 : undefined;
  return (
    <Switch fallback={<NotFoundScreen />}>
      <Match when={is("home")} keyed>
        <WithModel open={() => (void HomeScreen.preload(), props.models.home())} ready={() => props.arrived()}>
          {(model) => <HomeScreen model={model} />}
        </WithModel>
      </Match>
      <Match when={is("room")} keyed>
        <WithModel open={() => (void RoomScreen.preload(), props.models.room(addressOf(props.place)))} ready={() => props.arrived()}>
          {(model) => <RoomScreen model={model} />}
        </WithModel>
      </Match>
      <Match when={is("exports")} keyed>
        <WithModel open={() => (void ExportsScreen.preload(), props.models.exports(addressOf(props.place)))} ready={() => props.arrived()}>
          {(model) => <ExportsScreen model={model} />}
        </WithModel>
      </Match>
      <Match when={is("recordings")} keyed>
        <WithModel open={() => (void RecordingsScreen.preload(), props.models.recordings())} ready={() => props.arrived()}>
          {(model) => <RecordingsScreen model={model} />}
        </WithModel>
      </Match>
      <Match when={is("alone")} keyed>
        <WithModel open={() => (void AloneScreen.preload(), props.models.alone())} ready={() => props.arrived()}>
          {(model) => <AloneScreen model={model} />}
        </WithModel>
      </Match>
    </Switch>
  );
}

function App(props: { models: AppModels }): JSX.Element {
  const router = createRouter();
  const [navigated, setNavigated] = createSignal(false);
  createEffect(on(router.place, () => setNavigated(true), { defer: true }));
  return (
    <ShellFrame
      model={props.models.shell}
      navigate={(path) => router.navigate(path)}
      path={() => (router.place(), location.pathname)}
    >
      <Screens
        models={props.models}
        place={router.place()}
        arrived={() => {
          if (navigated()) focusHeading();
        }}
      />
    </ShellFrame>
  );
}

/**
 * Puts the whole page into `root` (emptied first) and keeps it in step with the address.
 * The composition root calls this once; the result takes the page down again (tests).
 */
export function mountApp(root: HTMLElement, models: AppModels): () => void {
  root.replaceChildren();
  return render(() => <App models={models} />, root);
}
