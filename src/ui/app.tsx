import type { AppModels, RouteAddress } from "#controllers/view-models.ts";
import { type JSX, lazy, Match, Switch } from "solid-js";
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

function Screens(props: { models: AppModels; place: Place }): JSX.Element {
  const is = (name: Route["name"]): number | undefined =>
    // a new visit is a new key: the screen is built afresh
    props.place.route.name === name ? props.place.visit + 1 : undefined;
  return (
    <Switch fallback={<NotFoundScreen />}>
      <Match when={is("home")} keyed>
        <WithModel open={() => (void HomeScreen.preload(), props.models.home())}>
          {(model) => <HomeScreen model={model} />}
        </WithModel>
      </Match>
      <Match when={is("room")} keyed>
        <WithModel open={() => (void RoomScreen.preload(), props.models.room(addressOf(props.place)))}>
          {(model) => <RoomScreen model={model} />}
        </WithModel>
      </Match>
      <Match when={is("exports")} keyed>
        <WithModel open={() => (void ExportsScreen.preload(), props.models.exports(addressOf(props.place)))}>
          {(model) => <ExportsScreen model={model} />}
        </WithModel>
      </Match>
      <Match when={is("recordings")} keyed>
        <WithModel open={() => (void RecordingsScreen.preload(), props.models.recordings())}>
          {(model) => <RecordingsScreen model={model} />}
        </WithModel>
      </Match>
      <Match when={is("alone")} keyed>
        <WithModel open={() => (void AloneScreen.preload(), props.models.alone())}>
          {(model) => <AloneScreen model={model} />}
        </WithModel>
      </Match>
    </Switch>
  );
}

function App(props: { models: AppModels }): JSX.Element {
  const router = createRouter();
  return (
    <ShellFrame model={props.models.shell} router={router}>
      <Screens models={props.models} place={router.place()} />
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
