import type { LevelView, StudioModel, StudioView, TallyView, ViewSource } from "#controllers/view-models.ts";
import FolderDown from "lucide-solid/icons/folder-down";
import Link from "lucide-solid/icons/link";
import { createEffect, createSignal, type JSX, on, onMount, Show } from "solid-js";
import type { DevicesModel } from "#controllers/view-models.ts";
import { useKeys } from "../../keys.ts";
import { usePageHead } from "../../page-head.ts";
import { createElapsed } from "../../parts/clock.tsx";
import { DeviceFields } from "../../parts/device-fields.tsx";
import { InfoDialog, LinkDialog } from "../../parts/dialogs.tsx";
import { useShell } from "../../shell-context.ts";
import { clock } from "../../words/format.ts";
import { CallLevelsContext, createCallLevels } from "./call-levels.ts";
import { Dock } from "./dock.tsx";
import { callTools, type Tool } from "./dock-tools.tsx";
import { FiguresPanel } from "./figures-panel.tsx";
import { Floor } from "./floor.tsx";
import { KeysDialog } from "./keys-dialog.tsx";
import { LeaveQuestion, leavingAsks } from "./leave-dialog.tsx";
import type { MenuEntry } from "./more-sheet.tsx";
import { createStageControls, type StageControls } from "./stage-controls.ts";
import { light, studioTitle, TONE, takeLine } from "./studio-words.ts";
import { Tally } from "./tally.tsx";

type Open = "none" | "devices" | "figures" | "keys" | "leave" | "link" | "invite";

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

function press(tool: Tool): void {
  if (tool.why === undefined) tool.press();
}

/** `/r/:room` after joining. */
export default function Studio(props: {
  view: StudioView;
  model: StudioModel;
  devices: DevicesModel;
  level: ViewSource<LevelView>;
  /** The person has just joined: the focus goes to the stage's heading. */
  focusStage: boolean;
}): JSX.Element {
  const shell = useShell();
  const controls: StageControls = createStageControls();
  const [open, setOpen] = createSignal<Open>("none");
  const [chatOpen, setChatOpen] = createSignal(false);
  const [invite, setInvite] = createSignal("");
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

  const recordOrStop = (): void => (running() ? props.model.stop() : props.model.record());
  const elapsedMs = (): number => {
    const now = tally();
    return now.phase === "recording" ? Math.max(0, performance.now() - now.startedAtMs) : 0;
  };
  const copy = (): void => {
    props.model.copyGuestLink().then(
      () => shell.say("Guest link copied"),
      () => setOpen("link"),
    );
  };
  const makeInvite = (): void => {
    props.model.invite().then(
      ({ link, copied }) => {
        setInvite(link);
        if (copied) shell.say("Invite copied. It lets one person in, once.");
        else setOpen("invite");
      },
      (error: unknown) => {
        shell.say("The invite could not be made. Try again in a moment.");
        reportError(error);
      },
    );
  };
  const showFigures = (show: boolean): void => {
    props.model.watchDebug(show);
    setOpen(show ? "figures" : "none");
  };
  const closeChat = (): void => {
    setChatOpen(false);
    document.querySelector<HTMLElement>('.dock [aria-keyshortcuts="C"]')?.focus();
  };
  const tools = callTools({
    get view() {
      return props.view;
    },
    get model() {
      return props.model;
    },
    get chatOpen() {
      return chatOpen();
    },
    share: () => (props.view.sharing ? props.model.stopSharing() : props.model.shareScreen()),
    toggleChat: () => (chatOpen() ? closeChat() : setChatOpen(true)),
    mark() {
      shell.say(`Marker at ${clock(elapsedMs())}`);
      props.model.addMarker("");
    },
    leave: () => (leavingAsks(props.view) ? setOpen("leave") : props.model.leave()),
  });
  useKeys({
    recordOrStop: () => {
      if (props.view.mayHost && !busy()) recordOrStop();
    },
    share: () => press(tools.share()),
    mute: () => press(tools.mute()),
    camera: () => press(tools.camera()),
    hand: () => press(tools.hand()),
    chat: () => press(tools.chat()),
    marker: () => press(tools.marker()),
    layout: () => controls.toggleMode(),
    pin: () => controls.pinFocused(),
    figures: () => showFigures(open() !== "figures"),
    help: () => setOpen("keys"),
  });
  const menu = (): MenuEntry[] => [
    {
      name: controls.mode() === "grid" ? "Speaker layout" : "Grid layout",
      key: "G",
      wide: true,
      choose: () => controls.toggleMode(),
    },
    { name: "Change devices", choose: () => setOpen("devices") },
    ...(props.view.guestLink === undefined ? [] : [{ name: "Copy the guest link", choose: copy }]),
    { name: "Open exports", choose: () => shell.navigate(`/r/${props.view.room}/exports`) },
    { name: "Figures", key: "Shift+D", choose: () => showFigures(true) },
    { name: "Keys", key: "?", choose: () => setOpen("keys") },
  ];
  const lit = (): boolean => tally().phase === "safe" && !host() && !stayed() && props.view.afterStop !== undefined;
  return (
    <CallLevelsContext.Provider value={createCallLevels(props.model.levels)}>
      <div class="studio" data-state={light(tally())} data-lit={lit() ? "" : undefined}>
        <Tally title={props.view.title} line={takeLine(props.view)} tally={tally()} elapsedMs={elapsed()}>
          <Show when={!lit()}>
            <StudioLinks view={props.view} copy={copy} />
          </Show>
        </Tally>
        <Floor
          view={props.view}
          model={props.model}
          level={props.level}
          controls={controls}
          elapsedMs={elapsedMs}
          stayed={stayed()}
          lit={lit()}
          chatOpen={chatOpen()}
          closeChat={closeChat}
          stay={() => {
            setStayed(true);
            document.querySelector<HTMLElement>("#stage-heading")?.focus({ preventScroll: true });
          }}
          leave={() => tools.leave().press()}
          invite={makeInvite}
        />
        <Dock
          canRecord={props.view.mayHost}
          running={running()}
          busy={busy()}
          primary={tally().phase === "idle" || tally().phase === "starting" || tally().phase === "recording"}
          share={tools.share()}
          tools={tools}
          leaveElsewhere={lit()}
          menu={menu()}
          press={recordOrStop}
        />
        <LeaveQuestion
          view={props.view}
          open={open() === "leave"}
          stay={() => setOpen("none")}
          leave={() => {
            setOpen("none");
            props.model.leave();
          }}
          endForAll={() => {
            setOpen("none");
            props.model.endForAll();
          }}
        />
        <InfoDialog open={open() === "devices"} title="Devices" onClose={() => setOpen("none")}>
          <DeviceFields devices={props.view.devices} actions={props.devices} level={props.level} />
        </InfoDialog>
        <FiguresPanel open={open() === "figures"} view={props.view.debug} close={() => showFigures(false)} />
        <KeysDialog open={open() === "keys"} call close={() => setOpen("none")} />
        <LinkDialog
          open={open() === "link"}
          name="Guest link"
          link={props.view.guestLink ?? ""}
          close={() => setOpen("none")}
        />
        <LinkDialog
          open={open() === "invite"}
          name="Invite link"
          text="It lets one person in, once."
          link={invite()}
          close={() => setOpen("none")}
        />
      </div>
    </CallLevelsContext.Provider>
  );
}
