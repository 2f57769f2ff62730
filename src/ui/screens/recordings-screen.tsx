import type { LocalTakeView, RecordingsModel, RecordingsView } from "#controllers/view-models.ts";
import { createSignal, For, type JSX, lazy, Show, Suspense } from "solid-js";
import { usePageHead } from "../page-head.ts";
import { PageHead, RecordingsLink } from "../parts/page-frame.tsx";
import { useShell } from "../shell-context.ts";
import { fromSource } from "../view-store.ts";
import { bytes, clock } from "../words/format.ts";
import { TakeItem } from "./recordings-take.tsx";

const AskDialog = lazy(async () => ({ default: (await import("../parts/dialogs.tsx")).AskDialog }));

function Space(props: { view: RecordingsView }): JSX.Element {
  const free = (): number => props.view.bytesFree ?? 0;
  const whole = (): number => props.view.bytesUsed + free();
  const words = (): string => `${bytes(props.view.bytesUsed)} used, ${bytes(free())} free`;
  return (
    <Show when={props.view.bytesFree !== undefined}>
      <div class="space">
        <div
          class="bar"
          role="meter"
          aria-label="Space used on this device"
          aria-valuenow={props.view.bytesUsed}
          aria-valuemin={0}
          aria-valuemax={whole()}
          aria-valuetext={words()}
          style={{ "--done": `${whole() > 0 ? ((props.view.bytesUsed / whole()) * 100).toFixed(1) : 0}%` }}
        >
          <span />
        </div>
        <div class="split dim">
          <span>{bytes(props.view.bytesUsed)} used</span>
          <span>{bytes(free())} free</span>
        </div>
      </div>
    </Show>
  );
}

function Ghosts(): JSX.Element {
  return (
    <div class="card ghosts" role="status">
      <span class="unseen">Loading takes</span>
      <div class="ghost" data-shape="line" />
      <div class="ghost" data-shape="bar" />
      <div class="ghost" data-shape="line" />
    </div>
  );
}

function Empty(): JSX.Element {
  const shell = useShell();
  return (
    <div class="empty">
      <h2 class="card-title">No takes on this device</h2>
      <p>What you record shows up here at once, also without a network.</p>
      <button type="button" class="button" onClick={() => shell.navigate("/alone")}>
        <span class="dot" aria-hidden="true" />
        Record alone
      </button>
    </div>
  );
}

/** The server does not hold all of it: deleting loses something. */
function onlyCopy(take: LocalTakeView): boolean {
  return take.state.kind !== "safe";
}

/** `/recordings` */
export default function RecordingsScreen(props: { model: RecordingsModel }): JSX.Element {
  const view = fromSource(props.model.view);
  usePageHead(() => ({ title: "Recordings · Tapesync" }));
  const [asking, setAsking] = createSignal<LocalTakeView>();
  const askText = (take: LocalTakeView): string =>
    take.state.kind === "local"
      ? `${take.title} is on no server. After this, nobody can bring its ${clock(take.lengthMs)} back.`
      : `Not all of ${take.title} is on the server. After this, nobody can bring the rest of its ${clock(take.lengthMs)} back.`;
  const remove = (take: LocalTakeView): void => {
    if (onlyCopy(take)) setAsking(take);
    else props.model.deleteTake(take.id);
  };
  return (
    <>
      <PageHead>
        <RecordingsLink current />
      </PageHead>
      <main class="page narrow" id="main">
        <div class="page-head">
          <div>
            <h1 class="page-title">Recordings</h1>
            <p class="dim">Takes on this device, with or without a server</p>
          </div>
          <Space view={view()} />
        </div>
        <Show when={!view().loading} fallback={<Ghosts />}>
          <Show when={view().takes.length > 0} fallback={<Empty />}>
            <ul class="takes" aria-label="Takes">
              <For each={view().takes}>
                {(take) => <TakeItem take={take} model={props.model} remove={() => remove(take)} />}
              </For>
            </ul>
          </Show>
        </Show>
      </main>
      <Show when={asking()}>
        {(take) => (
          <Suspense>
            <AskDialog
              open
              loses
              title="Delete the only copy?"
              text={askText(take())}
              keep="Keep it"
              go="Delete the only copy"
              onKeep={() => setAsking(undefined)}
              onGo={() => {
                const { id } = take();
                setAsking(undefined);
                props.model.deleteTake(id);
              }}
            />
          </Suspense>
        )}
      </Show>
    </>
  );
}
