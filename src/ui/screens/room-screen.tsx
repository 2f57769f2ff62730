import type { LobbyView, RoomModel, RoomView, StudioView, WaitingView } from "#controllers/view-models.ts";
import { createEffect, createSignal, type JSX, lazy, Match, on, Suspense, Switch } from "solid-js";
import { PageHead } from "../parts/page-frame.tsx";
import { fromSource } from "../view-store.ts";
import { LoadingScreen } from "./loading-screen.tsx";
import { Lobby } from "./lobby-screen.tsx";

const Studio = lazy(() => import("./studio/studio-screen.tsx"));
const Waiting = lazy(() => import("./waiting-screen.tsx"));
const Closed = lazy(() => import("./closed-screen.tsx"));

/** `/r/:room`: lobby, then studio. */
export default function RoomScreen(props: { model: RoomModel }): JSX.Element {
  const view = fromSource(props.model.view);
  const lobby = (): LobbyView | undefined => {
    const now = view();
    return now.screen === "lobby" ? now.lobby : undefined;
  };
  const studio = (): StudioView | undefined => {
    const now = view();
    return now.screen === "studio" ? now.studio : undefined;
  };
  const waiting = (): WaitingView | undefined => {
    const now = view();
    return now.screen === "waiting" ? now.waiting : undefined;
  };
  const closed = (): Extract<RoomView, { screen: "closed" }> | undefined => {
    const now = view();
    return now.screen === "closed" ? now : undefined;
  };
  const [joined, setJoined] = createSignal(false);
  const lobbyIsReady = (): boolean => {
    const now = view();
    return now.screen === "lobby" && !now.lobby.devices.opening;
  };
  createEffect(() => {
    // The code of the studio is fetched while the name is being written, so that Join opens it at once.
    if (lobbyIsReady()) whenIdle(() => void Promise.all([Waiting.preload(), Studio.preload(), Closed.preload()]));
  });
  createEffect(
    on(
      () => view().screen,
      (screen, before) => {
        if (screen === "studio" && (before === "lobby" || before === "waiting")) setJoined(true);
      },
    ),
  );
  return (
    <Switch
      fallback={
        <>
          <PageHead />
          <LoadingScreen />
        </>
      }
    >
      <Match when={lobby()}>{(open) => <Lobby view={open()} model={props.model.lobby} />}</Match>
      <Match when={waiting()}>
        {(open) => (
          <Suspense fallback={<LoadingScreen />}>
            <Waiting view={open()} model={props.model} />
          </Suspense>
        )}
      </Match>
      <Match when={studio()}>
        {(open) => (
          <Suspense fallback={<LoadingScreen />}>
            <Studio
              view={open()}
              model={props.model.studio}
              devices={props.model.lobby}
              level={props.model.lobby.level}
              focusStage={joined()}
            />
          </Suspense>
        )}
      </Match>
      <Match when={closed()}>
        {(open) => (
          <Suspense fallback={<LoadingScreen />}>
            <Closed view={open()} />
          </Suspense>
        )}
      </Match>
    </Switch>
  );
}

function whenIdle(work: () => void): void {
  if ("requestIdleCallback" in window) requestIdleCallback(work, { timeout: 1_000 });
  else setTimeout(work, 500);
}
