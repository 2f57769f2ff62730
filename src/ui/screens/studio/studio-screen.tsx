import type {
  AfterStopView,
  LevelView,
  StudioModel,
  StudioView,
  TallyView,
  ViewSource,
} from "#controllers/view-models.ts";
import CloudOff from "lucide-solid/icons/cloud-off";
import FolderDown from "lucide-solid/icons/folder-down";
import Link from "lucide-solid/icons/link";
import { createEffect, createMemo, createSignal, For, type JSX, on, onMount, Show } from "solid-js";
import { useKeys } from "../../keys.ts";
import { usePageHead } from "../../page-head.ts";
import { createElapsed } from "../../parts/clock.tsx";
import { DeviceFields } from "../../parts/device-fields.tsx";
import { AskDialog, InfoDialog } from "../../parts/dialogs.tsx";
import { ProblemNote } from "../../parts/note.tsx";
import { useShell } from "../../shell-context.ts";
import { bytes, roughly } from "../../words/format.ts";
import { worstFirst } from "../../words/problem-words.ts";
import { AfterStop } from "./after-stop.tsx";
import { Dock, type MenuEntry } from "./dock.tsx";
import { FiguresPanel } from "./figures-panel.tsx";
import { KeysDialog } from "./keys-dialog.tsx";
import { People } from "./people.tsx";
import { Stage } from "./stage.tsx";
import { light, studioTitle, TONE, takeLine } from "./studio-words.ts";
import { Tally } from "./tally.tsx";

type Open = "none" | "devices" | "figures" | "keys" | "leave" | "link";

interface StudioProps {
  view: StudioView;
  model: StudioModel;
  level: ViewSource<LevelView>;
  /** The person has just joined: the focus goes to the stage's heading. */
  focusStage: boolean;
}

/** Bytes that would stay behind if the person left now. */
function bytesBehind(tally: TallyView): number {
  return tally.phase === "draining" || tally.phase === "waiting" ? tally.bytesLeft : 0;
}

function LeaveQuestion(props: { view: StudioView; open: boolean; stay(): void; leave(): void }): JSX.Element {
  const recording = (): boolean => props.view.tally.phase === "recording";
  const behind = (): number => bytesBehind(props.view.tally);
  const eta = (): number | undefined => (props.view.tally.phase === "draining" ? props.view.tally.etaMs : undefined);
  return (
    <AskDialog
      open={props.open}
      title={recording() ? "Leave while the take runs?" : "Leave before all has arrived?"}
      text={
        recording()
          ? "Your part of the take ends now. What was recorded so far is kept and uploaded."
          : `${bytes(behind())} are still only on this device. They upload the next time you open Tapesync here.`
      }
      keep={eta() === undefined ? "Stay" : `Stay, ${roughly(eta() ?? 0)}`}
      go="Leave now"
      onKeep={() => props.stay()}
      onGo={() => props.leave()}
    />
  );
}

function StudioLinks(props: { view: StudioView; copy(): void }): JSX.Element {
  return (
    <>
      <Show when={props.view.guestLink}>
        <button
          type="button"
          class="button while-calm"
          data-size="small"
          aria-label="Copy guest link"
          onClick={() => props.copy()}
        >
          <Link class="icon" aria-hidden="true" />
          <span class="label">Copy guest link</span>
        </button>
      </Show>
      <a class="button while-calm" data-size="small" href={`/r/${props.view.room}/exports`} aria-label="Exports">
        <FolderDown class="icon" aria-hidden="true" />
        <span class="label">Exports</span>
      </a>
    </>
  );
}

function OwnProblems(props: { view: StudioView }): JSX.Element {
  const problems = createMemo(() => worstFirst(props.view.problems));
  return (
    <Show when={problems().length > 0 || props.view.connection === "lost"}>
      <div class="own-problems">
        <For each={problems()}>{(problem) => <ProblemNote problem={problem} alert />}</For>
        <Show when={props.view.connection === "lost" && problems().length === 0}>
          <div class="note" role="status">
            <CloudOff class="icon" aria-hidden="true" />
            <strong>No word from the room</strong>
            <p>Your take goes on, on this device. Tapesync keeps trying.</p>
          </div>
        </Show>
      </div>
    </Show>
  );
}

function GuestLink(props: { open: boolean; link: string; close(): void }): JSX.Element {
  return (
    <InfoDialog open={props.open} title="Guest link" onClose={() => props.close()}>
      <p>This browser does not let the page copy. Mark the link and copy it.</p>
      <input
        class="input"
        aria-label="Guest link"
        readOnly
        value={props.link}
        onFocus={(event) => event.currentTarget.select()}
      />
    </InfoDialog>
  );
}

/** The floor: stage and list, or the strip and the big panel after Stop. */
function Floor(props: StudioProps & { stayed: boolean; stay(): void; leave(): void }): JSX.Element {
  const host = (): boolean => props.view.role !== "guest";
  const after = (): AfterStopView | undefined => {
    const { phase } = props.view.tally;
    const open = phase === "draining" || phase === "waiting" || (phase === "safe" && !props.stayed);
    return open ? props.view.afterStop : undefined;
  };
  const lit = (): boolean => props.view.tally.phase === "safe" && !host() && after() !== undefined;
  return (
    <main class="floor" id="main" data-lit={lit() ? "" : undefined}>
      <h2 class="unseen" id="stage-heading" tabindex={-1}>
        Stage
      </h2>
      <Show
        when={after()}
        fallback={
          <div class="stage-fit" data-region="stage">
            <Stage people={props.view.participants} level={props.level} host={host()} />
          </div>
        }
      >
        {(panel) => (
          <div class="wrap-up" data-region="stage">
            <Show when={!lit()}>
              <Stage people={props.view.participants} level={props.level} host={host()} strip />
            </Show>
            <AfterStop
              view={props.view}
              after={panel()}
              leave={() => props.leave()}
              stay={() => props.stay()}
              tryNow={() => props.model.tryUploadNow()}
            />
          </div>
        )}
      </Show>
      <Show when={!lit()}>
        <People people={props.view.participants} host={host()}>
          <OwnProblems view={props.view} />
        </People>
      </Show>
    </main>
  );
}

/** `/r/:room` after joining. */
export default function Studio(props: StudioProps): JSX.Element {
  const shell = useShell();
  const [open, setOpen] = createSignal<Open>("none");
  const [stayed, setStayed] = createSignal(false);
  const tally = (): TallyView => props.view.tally;
  const host = (): boolean => props.view.role !== "guest";
  const running = (): boolean => tally().phase === "recording" || tally().phase === "stopping";
  const busy = (): boolean => tally().phase === "starting" || tally().phase === "stopping";
  const elapsed = createElapsed(() => {
    const now = tally();
    return now.phase === "recording" ? now.startedAtMs : undefined;
  });
  usePageHead(() => ({ title: studioTitle(props.view.title, tally(), elapsed()), tone: TONE[light(tally())] }));
  createEffect(
    on(
      () => tally().phase,
      (phase) => {
        if (phase === "recording") setStayed(false);
      },
    ),
  );
  onMount(() => {
    if (props.focusStage) document.querySelector<HTMLElement>("#stage-heading")?.focus({ preventScroll: true });
  });

  const press = (): void => (running() ? props.model.stop() : props.model.record());
  const share = (): void => (props.view.sharing ? props.model.stopSharing() : props.model.shareScreen());
  const leave = (): void => {
    const asks = tally().phase === "recording" || bytesBehind(tally()) > 0;
    if (asks) setOpen("leave");
    else props.model.leave();
  };
  const copy = (): void => {
    props.model.copyGuestLink().then(
      () => shell.say("Guest link copied"),
      () => setOpen("link"),
    );
  };
  const showFigures = (show: boolean): void => {
    props.model.watchDebug(show);
    setOpen(show ? "figures" : "none");
  };
  useKeys({
    recordOrStop: () => {
      if (host() && !busy()) press();
    },
    share: () => {
      if (props.view.canShare) share();
    },
    figures: () => showFigures(open() !== "figures"),
    help: () => setOpen("keys"),
  });
  const menu = (): MenuEntry[] => [
    { name: "Change devices", choose: () => setOpen("devices") },
    ...(props.view.guestLink === undefined ? [] : [{ name: "Copy the guest link", choose: copy }]),
    { name: "Open exports", choose: () => shell.navigate(`/r/${props.view.room}/exports`) },
    { name: "Figures", key: "Shift+D", choose: () => showFigures(true) },
    { name: "Keys", key: "?", choose: () => setOpen("keys") },
  ];
  const lit = (): boolean => tally().phase === "safe" && !host() && !stayed() && props.view.afterStop !== undefined;
  return (
    <div class="studio" data-state={light(tally())} data-lit={lit() ? "" : undefined}>
      <Tally title={props.view.title} line={takeLine(props.view)} tally={tally()} elapsedMs={elapsed()}>
        <Show when={!lit()}>
          <StudioLinks view={props.view} copy={copy} />
        </Show>
      </Tally>
      <Floor {...props} stayed={stayed()} stay={() => setStayed(true)} leave={leave} />
      <Show when={!lit()}>
        <Dock
          canRecord={host()}
          running={running()}
          busy={busy()}
          primary={tally().phase === "idle" || tally().phase === "starting" || tally().phase === "recording"}
          sharing={props.view.sharing}
          canShare={props.view.canShare}
          menu={menu()}
          press={press}
          share={share}
          leave={leave}
        />
      </Show>
      <LeaveQuestion
        view={props.view}
        open={open() === "leave"}
        stay={() => setOpen("none")}
        leave={() => {
          setOpen("none");
          props.model.leave();
        }}
      />
      <InfoDialog open={open() === "devices"} title="Devices" onClose={() => setOpen("none")}>
        <DeviceFields devices={props.view.devices} actions={props.model} level={props.level} />
      </InfoDialog>
      <FiguresPanel open={open() === "figures"} view={props.view.debug} close={() => showFigures(false)} />
      <KeysDialog open={open() === "keys"} close={() => setOpen("none")} />
      <Show when={props.view.guestLink}>
        {(link) => <GuestLink open={open() === "link"} link={link()} close={() => setOpen("none")} />}
      </Show>
    </div>
  );
}
