import type { ReactionKindView, StudioModel, StudioView } from "#controllers/view-models.ts";
import * as Popover from "@kobalte/core/popover";
import Flag from "lucide-solid/icons/flag";
import Hand from "lucide-solid/icons/hand";
import LoaderCircle from "lucide-solid/icons/loader-circle";
import LogOut from "lucide-solid/icons/log-out";
import MessageSquare from "lucide-solid/icons/message-square";
import Mic from "lucide-solid/icons/mic";
import MicOff from "lucide-solid/icons/mic-off";
import ScreenShare from "lucide-solid/icons/screen-share";
import ScreenShareOff from "lucide-solid/icons/screen-share-off";
import Smile from "lucide-solid/icons/face-slightly-smiling";
import Video from "lucide-solid/icons/video";
import VideoOff from "lucide-solid/icons/video-off";
import { type Component, createSignal, For, type JSX, Show } from "solid-js";
import { Dynamic } from "solid-js/web";
import { REACTIONS } from "./call-words.ts";
import { ReactionSign } from "./reaction-sign.tsx";

type IconComponent = Component<{ class?: string; "aria-hidden"?: "true" }>;

/** A tool of the dock as data: in the dock a button with a sign above a word, in the sheet of a phone a line. */
export interface Tool {
  readonly icon: IconComponent;
  /** The accessible name. */
  readonly name: string;
  /** The visible word; part of the name (WCAG 2.5.3). */
  readonly word: string;
  readonly key?: string;
  /** It is in force: hand up, sharing, muted. */
  readonly on?: boolean;
  /** The device is being opened or closed. */
  readonly busy?: boolean;
  /** Why it does nothing now. */
  readonly why?: string | undefined;
  /** A number beside it, and what it means. */
  readonly count?: { readonly number: number; readonly says: string } | undefined;
  readonly expanded?: boolean;
  press(): void;
}

export function ToolButton(props: {
  tool: Tool;
  class?: string;
  ref?: (button: HTMLButtonElement) => void;
}): JSX.Element {
  const count = (): Tool["count"] => props.tool.count;
  return (
    <button
      type="button"
      class={`tool ${props.class ?? ""}`}
      ref={(button) => props.ref?.(button)}
      aria-label={props.tool.name}
      aria-keyshortcuts={props.tool.key}
      aria-busy={props.tool.busy ? "true" : undefined}
      aria-disabled={props.tool.why === undefined ? undefined : "true"}
      aria-expanded={props.tool.expanded}
      aria-description={count()?.says ?? props.tool.why}
      title={props.tool.why}
      data-on={props.tool.on ? "" : undefined}
      onClick={() => {
        if (props.tool.why === undefined) props.tool.press();
      }}
    >
      <Show when={!props.tool.busy} fallback={<LoaderCircle class="icon spin" aria-hidden="true" />}>
        <Dynamic component={props.tool.icon} class="icon" aria-hidden="true" />
      </Show>
      <span>{props.tool.word}</span>
      <Show when={count()}>
        {(now) => <span class="count" aria-hidden="true" data-count={now().number > 99 ? "99+" : now().number} />}
      </Show>
    </button>
  );
}

export interface CallTools {
  mute(): Tool;
  camera(): Tool;
  share(): Tool;
  hand(): Tool;
  marker(): Tool;
  chat(): Tool;
  leave(): Tool;
  react(kind: ReactionKindView): void;
}

export function shareTool(sharing: boolean, canShare: boolean, press: () => void): Tool {
  return {
    icon: sharing ? ScreenShareOff : ScreenShare,
    name: sharing ? "Stop sharing" : "Share screen",
    word: sharing ? "Sharing" : "Share",
    key: "S",
    on: sharing,
    why: canShare ? undefined : "This browser can’t share its screen",
    press,
  };
}

/** Every tool of the call from what is known. */
export function callTools(props: {
  readonly view: StudioView;
  readonly model: StudioModel;
  readonly chatOpen: boolean;
  share(): void;
  toggleChat(): void;
  mark(): void;
  leave(): void;
}): CallTools {
  const call = (): StudioView["call"] => props.view.call;
  return {
    mute: () => ({
      icon: call().muted ? MicOff : Mic,
      name: call().muted ? "Unmute microphone" : "Mute microphone",
      word: call().muted ? "Unmute" : "Mute",
      key: "D",
      on: call().muted,
      busy: call().switching === "microphone",
      press: () => props.model.toggleMicrophone(),
    }),
    camera: () => ({
      icon: call().cameraOff ? VideoOff : Video,
      name: call().cameraOff ? "Turn camera on" : "Turn camera off",
      word: "Camera",
      key: "E",
      on: call().cameraOff,
      busy: call().switching === "camera",
      press: () => props.model.toggleCamera(),
    }),
    share: () => shareTool(props.view.sharing, props.view.canShare, () => props.share()),
    hand: () => ({
      icon: Hand,
      name: call().handUp ? "Lower hand" : "Raise hand",
      word: "Hand",
      key: "H",
      on: call().handUp,
      press: () => props.model.raiseHand(!call().handUp),
    }),
    marker: () => ({
      icon: Flag,
      name: "Add marker",
      word: "Marker",
      key: "M",
      why: props.view.canMark ? undefined : "Markers can be set while a take runs",
      press: () => props.mark(),
    }),
    chat: () => {
      const { unread } = props.view.chat;
      return {
        icon: MessageSquare,
        name: "Chat",
        word: "Chat",
        key: "C",
        on: props.chatOpen,
        expanded: props.chatOpen,
        count: unread > 0 && !props.chatOpen ? { number: unread, says: `${unread} unread` } : undefined,
        press: () => props.toggleChat(),
      };
    },
    leave: () => ({ icon: LogOut, name: "Leave", word: "Leave", press: () => props.leave() }),
    react: (kind) => props.model.react(kind),
  };
}

/** The six reactions as buttons. */
export function ReactionRow(props: { react(kind: ReactionKindView): void }): JSX.Element {
  return (
    <div class="reactions" role="group" aria-label="Reactions">
      <For each={REACTIONS}>
        {(each) => (
          <button type="button" class="reaction-button" aria-label={each.name} onClick={() => props.react(each.kind)}>
            <ReactionSign kind={each.kind} />
          </button>
        )}
      </For>
    </div>
  );
}

/** The button that opens the reactions. */
export function ReactTool(props: { class?: string; react(kind: ReactionKindView): void }): JSX.Element {
  const [open, setOpen] = createSignal(false);
  return (
    <Popover.Root open={open()} onOpenChange={setOpen} placement="top" gutter={8}>
      <Popover.Trigger class={`tool ${props.class ?? ""}`} aria-label="React">
        <Smile class="icon" aria-hidden="true" />
        <span>React</span>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content class="menu" aria-label="Reactions">
          <ReactionRow
            react={(kind) => {
              setOpen(false);
              props.react(kind);
            }}
          />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
