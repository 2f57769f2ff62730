import type { RoomModel, WaitingView } from "#controllers/view-models.ts";
import LogOut from "lucide-solid/icons/log-out";
import Settings from "lucide-solid/icons/settings";
import { createMemo, createSignal, For, type JSX, onMount, Show } from "solid-js";
import { usePageHead } from "../page-head.ts";
import { DeviceFields } from "../parts/device-fields.tsx";
import { InfoDialog } from "../parts/dialogs.tsx";
import { LevelMeter } from "../parts/level.tsx";
import { ProblemNote } from "../parts/note.tsx";
import { OwnTile } from "../parts/own-tile.tsx";
import { PageHead } from "../parts/page-frame.tsx";
import { worstFirst } from "../words/problem-words.ts";
import "../styles/call.css";

function waitingWords(view: WaitingView): string {
  if (view.connection === "connecting") return "Connecting…";
  if (view.connection === "lost") return "The room can’t be reached now. Stay here: Tapesync keeps trying.";
  return view.hostName === undefined
    ? "The host is not there yet. You come in as soon as somebody lets you in."
    : `${view.hostName} knows that you are here. You come in as soon as the host says so.`;
}

/** Joined, and the host has not said yes yet. Nobody sees or hears the person. */
export default function Waiting(props: { view: WaitingView; model: RoomModel }): JSX.Element {
  const [choosing, setChoosing] = createSignal(false);
  const problems = createMemo(() => worstFirst(props.view.problems));
  const microphone = (): string => {
    const { microphones, microphone: chosen } = props.view.devices;
    const label = microphones.find((each) => each.id === chosen)?.label;
    return `Good level${label === undefined ? "" : `, ${label}`}. Nobody sees or hears you yet.`;
  };
  let heading: HTMLHeadingElement | undefined;
  onMount(() => heading?.focus({ preventScroll: true }));
  usePageHead(() => ({ title: `Waiting for the host · ${props.view.title || "Tapesync"}` }));
  return (
    <>
      <PageHead homeLink={false} />
      <main class="page waiting" id="main">
        <div role="status" class="title-block">
          <h1 ref={heading} tabindex={-1}>
            Waiting for the host
          </h1>
          <p class="dim">{waitingWords(props.view)}</p>
        </div>
        <OwnTile devices={props.view.devices} level={props.model.lobby.level} />
        <Show when={props.view.devices.microphone !== ""}>
          <div class="field">
            <LevelMeter source={props.model.lobby.level} words={{ good: microphone() }} />
          </div>
        </Show>
        <Show when={problems().length > 0}>
          <div class="lobby-notes" role="status">
            <For each={problems()}>{(problem) => <ProblemNote problem={problem} />}</For>
          </div>
        </Show>
        <div class="button-row">
          <button type="button" class="button" onClick={() => setChoosing(true)}>
            <Settings class="icon" aria-hidden="true" />
            Change devices
          </button>
          <button type="button" class="button" data-kind="quiet" onClick={() => props.model.stopWaiting()}>
            <LogOut class="icon" aria-hidden="true" />
            Leave
          </button>
        </div>
      </main>
      <InfoDialog open={choosing()} title="Devices" onClose={() => setChoosing(false)}>
        <DeviceFields devices={props.view.devices} actions={props.model.lobby} />
      </InfoDialog>
    </>
  );
}
