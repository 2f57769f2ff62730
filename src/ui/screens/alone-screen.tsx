import type { AloneModel, AloneView, ParticipantView, TallyView } from "#controllers/view-models.ts";
import CloudOff from "lucide-solid/icons/cloud-off";
import CloudUpload from "lucide-solid/icons/cloud-upload";
import FileDown from "lucide-solid/icons/file-down";
import { createMemo, createSignal, For, type JSX, Show } from "solid-js";
import { useKeys } from "../keys.ts";
import { usePageHead } from "../page-head.ts";
import { createElapsed } from "../parts/clock.tsx";
import { DeviceFields } from "../parts/device-fields.tsx";
import { LevelMeter } from "../parts/level.tsx";
import { ProblemNote } from "../parts/note.tsx";
import { Bar, Tape } from "../parts/tape.tsx";
import { useShell } from "../shell-context.ts";
import { fromSource } from "../view-store.ts";
import { bytes, clock, spaceTime } from "../words/format.ts";
import { worstFirst } from "../words/problem-words.ts";
import { LoadingScreen } from "./loading-screen.tsx";
import { Dock } from "./studio/dock.tsx";
import { shareTool } from "./studio/dock-tools.tsx";
import { FiguresPanel } from "./studio/figures-panel.tsx";
import { KeysDialog } from "./studio/keys-dialog.tsx";
import type { MenuEntry } from "./studio/more-sheet.tsx";
import { Stage } from "./studio/stage.tsx";
import { light, studioTitle, TONE } from "./studio/studio-words.ts";
import { Tally } from "./studio/tally.tsx";

function tallyOf(view: AloneView): TallyView {
  switch (view.phase) {
    case "starting":
      return { phase: "starting", ready: 0, total: 1 };
    case "recording":
      return {
        phase: "recording",
        startedAtMs: view.startedAtMs ?? performance.now(),
        recording: 1,
        total: 1,
        notRecording: [],
        outOfReach: [],
      };
    case "stopping":
      return { phase: "stopping" };
    case "stopped":
      return stoppedTally(view);
    default:
      return { phase: "idle", ready: true };
  }
}

function stoppedTally(view: AloneView): TallyView {
  if (view.upload === "safe") return { phase: "safe", lostMs: 0 };
  const figures = { bytesLeft: view.bytesLeft, bytesTotal: view.keptBytes };
  return view.upload === "uploading" ? { phase: "draining", ...figures } : { phase: "waiting", ...figures };
}

/** One's own tile, in the shape that the stage takes: one object for good, so that the tile is never rebuilt. */
function selfOf(view: () => AloneView): ParticipantView {
  const recording = (): boolean => view().phase === "recording";
  return {
    id: "self",
    name: "You",
    role: "host",
    self: true,
    sources: [],
    muted: false,
    cameraOff: false,
    spokeAtMs: 0,
    actions: [],
    get state() {
      if (recording()) return "recording";
      return view().phase === "starting" ? "starting" : "idle";
    },
    get safe() {
      return view().phase === "stopped" && view().upload === "safe";
    },
    get stream() {
      return view().devices.preview;
    },
    get tape() {
      return recording() ? view().tape : undefined;
    },
    get screen() {
      return view().sharing ? SHARED_SCREEN : undefined;
    },
  };
}

/** A shared screen without a picture of itself: one sees it anyway. */
const SHARED_SCREEN = {};

function Facts(props: { view: AloneView }): JSX.Element {
  const picture = (): string => {
    const now = props.view.devices.picture;
    if (props.view.devices.camera === "" || !now) return "None";
    return `${now.width} × ${now.height}, ${Math.round(now.fps)} fps`;
  };
  return (
    <dl class="facts">
      <div>
        <dt>Camera</dt>
        <dd>{picture()}</dd>
      </div>
      <div>
        <dt>Microphone</dt>
        <dd>48 kHz</dd>
      </div>
      <Show when={props.view.tape}>
        {(tape) => (
          <div>
            <dt>Kept so far</dt>
            <dd>
              {clock(tape().keptMs)}, {bytes(props.view.keptBytes)}
            </dd>
          </div>
        )}
      </Show>
      <Show when={props.view.minutesFree}>
        {(minutes) => (
          <div>
            <dt>Space left</dt>
            <dd>{spaceTime(minutes())}</dd>
          </div>
        )}
      </Show>
    </dl>
  );
}

function Network(props: { view: AloneView }): JSX.Element {
  return (
    <Show
      when={!props.view.online}
      fallback={
        <div class="note">
          <CloudUpload class="icon" aria-hidden="true" />
          <strong>It uploads by itself</strong>
          <p>After Stop, as soon as a server answers. You need do nothing.</p>
        </div>
      }
    >
      <div class="note">
        <CloudOff class="icon" aria-hidden="true" />
        <strong>No network</strong>
        <p>Recording does not need one. The take uploads by itself once a server is there.</p>
      </div>
    </Show>
  );
}

function Stopped(props: { view: AloneView; model: AloneModel }): JSX.Element {
  const say = (): string => {
    if (props.view.upload === "safe") return "All of it has arrived on the server.";
    if (props.view.upload === "uploading") return `${bytes(props.view.bytesLeft)} left. Keep this page open.`;
    return "It is on this device. It uploads by itself once a server is there.";
  };
  return (
    <div class="card stack" role="group" aria-label="The take that was just stopped">
      <h3 class="card-title">{props.view.upload === "safe" ? "Safe" : "Kept on this device"}</h3>
      <Show when={props.view.tape}>{(tape) => <Tape tape={tape()} />}</Show>
      <p class="small dim">{say()}</p>
      <Show when={props.view.exporting}>{(now) => <Bar name="Export" fraction={now().fraction} />}</Show>
      <div class="button-row">
        <button
          type="button"
          class="button"
          data-size="small"
          aria-busy={props.view.exporting !== undefined}
          onClick={() => {
            if (!props.view.exporting) props.model.exportTake();
          }}
        >
          <FileDown class="icon" aria-hidden="true" />
          Export
        </button>
        <a class="button" data-size="small" data-kind="quiet" href="/recordings">
          Recordings
        </a>
      </div>
    </div>
  );
}

function Panel(props: { view: AloneView; model: AloneModel }): JSX.Element {
  const problems = createMemo(() => worstFirst(props.view.problems));
  const idle = (): boolean => props.view.phase === "ready" || props.view.phase === "stopped";
  return (
    <section class="panel" aria-labelledby="this-take" data-region="list">
      <header>
        <h2 id="this-take">This take</h2>
      </header>
      <Show when={props.view.phase === "stopped"}>
        <Stopped view={props.view} model={props.model} />
        <h3 class="panel-title">Next take</h3>
      </Show>
      <Show
        when={idle()}
        fallback={
          <div class="stack-1">
            <LevelMeter source={props.model.level} />
          </div>
        }
      >
        <DeviceFields devices={props.view.devices} actions={props.model} level={props.model.level} />
      </Show>
      <Facts view={props.view} />
      <For each={problems()}>
        {(problem) => (
          <ProblemNote problem={problem} alert>
            <Show when={problem.reason === "permission-refused" || problem.reason === "device-in-use"}>
              <button
                type="button"
                class="button"
                data-size="small"
                data-kind="raised"
                onClick={() => props.model.retryDevices()}
              >
                Try again
              </button>
            </Show>
          </ProblemNote>
        )}
      </For>
      <Network view={props.view} />
    </section>
  );
}

function AloneStudio(props: { view: AloneView; model: AloneModel }): JSX.Element {
  const shell = useShell();
  const [open, setOpen] = createSignal<"none" | "figures" | "keys">("none");
  const tally = createMemo(() => tallyOf(props.view));
  const people = [selfOf(() => props.view)];
  const running = (): boolean => props.view.phase === "recording" || props.view.phase === "stopping";
  const busy = (): boolean => props.view.phase === "starting" || props.view.phase === "stopping";
  const elapsed = createElapsed(() => (props.view.phase === "recording" ? props.view.startedAtMs : undefined));
  usePageHead(() => ({ title: studioTitle(props.view.title, tally(), elapsed()), tone: TONE[light(tally())] }));
  const press = (): void => (running() ? props.model.stop() : props.model.record());
  const share = (): void => (props.view.sharing ? props.model.stopSharing() : props.model.shareScreen());
  const showFigures = (show: boolean): void => {
    props.model.watchDebug(show);
    setOpen(show ? "figures" : "none");
  };
  useKeys({
    recordOrStop: () => {
      if (!busy() && !props.view.blocked) press();
    },
    share: () => {
      if (props.view.canShare) share();
    },
    figures: () => showFigures(open() !== "figures"),
    help: () => setOpen("keys"),
  });
  const menu: MenuEntry[] = [
    { name: "Open Recordings", choose: () => shell.navigate("/recordings") },
    { name: "Figures", key: "Shift+D", choose: () => showFigures(true) },
    { name: "Keys", key: "?", choose: () => setOpen("keys") },
  ];
  return (
    <div class="studio" data-state={light(tally())}>
      <Tally
        title={props.view.title}
        line="Recording alone"
        tally={tally()}
        elapsedMs={elapsed()}
        aloneLine="Kept on this device"
      />
      <main class="floor" id="main">
        <div class="stage-fit" data-region="stage">
          <Stage people={people} level={props.model.level} host />
        </div>
        <Panel view={props.view} model={props.model} />
      </main>
      <Dock
        canRecord={!props.view.blocked}
        running={running()}
        busy={busy()}
        primary
        share={shareTool(props.view.sharing, props.view.canShare, share)}
        menu={menu}
        press={press}
      />
      <FiguresPanel open={open() === "figures"} view={props.view.debug} close={() => showFigures(false)} />
      <KeysDialog open={open() === "keys"} close={() => setOpen("none")} />
    </div>
  );
}

/** `/alone` */
export default function AloneScreen(props: { model: AloneModel }): JSX.Element {
  const view = fromSource(props.model.view);
  return (
    <Show
      when={view().phase !== "loading"}
      fallback={<LoadingScreen awaited="Camera and microphone are being opened." />}
    >
      <AloneStudio view={view()} model={props.model} />
    </Show>
  );
}
