import type { LobbyView, Problem, RoomModel, RoomView, StudioView, WaitingView } from "#controllers/view-models.ts";
import { createEffect, createSignal, type JSX, lazy, Match, on, Show, Suspense, Switch } from "solid-js";
import { usePageHead } from "../page-head.ts";
import { ProblemNote } from "../parts/note.tsx";
import { PageHead, RecordingsLink } from "../parts/page-frame.tsx";
import { fromSource } from "../view-store.ts";
import { bytes } from "../words/format.ts";
import { LoadingScreen } from "./loading-screen.tsx";
import { Lobby } from "./lobby-screen.tsx";

const Studio = lazy(() => import("./studio/studio-screen.tsx"));
const Waiting = lazy(() => import("./waiting-screen.tsx"));

/** The session is over for this person, whatever they press. */
const OVER: readonly Problem["reason"][] = ["denied", "removed", "invite-used"];

function closedTitle(problem: Problem): string {
  return problem.reason === "ended-by-host" ? "The session has ended" : "You are not in the room";
}

function Closed(props: { view: Extract<RoomView, { screen: "closed" }> }): JSX.Element {
  usePageHead(() => ({ title: "You have left · Tapesync" }));
  return (
    <>
      <PageHead>
        <RecordingsLink />
      </PageHead>
      <main class="page narrow" id="main">
        <div class="stack-4 page-start">
          <Show
            when={props.view.problem}
            fallback={
              <>
                <h1 class="page-title">You have left the room</h1>
                <p class="dim">
                  <Show
                    when={props.view.bytesLeft > 0}
                    fallback="All that you recorded has arrived. You can close this page."
                  >
                    {bytes(props.view.bytesLeft)} are still only on this device. They upload by themselves while
                    Tapesync is open here.
                  </Show>
                </p>
              </>
            }
          >
            {(problem) => (
              <>
                <h1 class="page-title">{closedTitle(problem())}</h1>
                <ProblemNote problem={problem()} />
                <Show when={props.view.bytesLeft > 0}>
                  <p class="dim">
                    {bytes(props.view.bytesLeft)} are still only on this device. They upload by themselves while
                    Tapesync is open here.
                  </p>
                </Show>
              </>
            )}
          </Show>
          <div class="button-row">
            <Show when={!props.view.problem || !OVER.includes(props.view.problem.reason)}>
              <button type="button" class="button" data-kind="primary" onClick={() => location.reload()}>
                Come in again
              </button>
            </Show>
            <a class="button" href="/">
              Go to the front door
            </a>
          </div>
        </div>
      </main>
    </>
  );
}

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
    if (lobbyIsReady()) whenIdle(() => void Promise.all([Waiting.preload(), Studio.preload()]));
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
      <Match when={closed()}>{(open) => <Closed view={open()} />}</Match>
    </Switch>
  );
}

function whenIdle(work: () => void): void {
  if ("requestIdleCallback" in window) requestIdleCallback(work, { timeout: 1_000 });
  else setTimeout(work, 500);
}
