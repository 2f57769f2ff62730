import type { DevicesView } from "./device-view.ts";
import type { Problem, SourceName } from "./problem-view.ts";
import type { TapeView } from "./tape-view.ts";
import type { ViewSource } from "./view-source.ts";

/** The state of the room; the head of the studio shows it and nothing else. */
export type TallyView =
  | { readonly phase: "idle"; readonly ready: boolean }
  | { readonly phase: "starting"; readonly ready: number; readonly total: number }
  | {
      readonly phase: "recording";
      /** `performance.now()` of this page at the take's zero. */
      readonly startedAtMs: number;
      readonly recording: number;
      readonly total: number;
      /** Names of those who should be recording and are not. */
      readonly notRecording: readonly string[];
      /** Names of those without a word; never counted as recording. */
      readonly outOfReach: readonly string[];
    }
  | { readonly phase: "stopping" }
  /** After Stop: this device's bytes are on their way. */
  | {
      readonly phase: "draining";
      readonly bytesLeft: number;
      readonly bytesTotal: number;
      readonly etaMs?: number;
    }
  /** After Stop with no network (or a silent server). */
  | { readonly phase: "waiting"; readonly bytesLeft: number; readonly bytesTotal: number }
  /** Every epoch of this device has a receipt. `lostMs` > 0 stands beside it. */
  | { readonly phase: "safe"; readonly lostMs: number };

export type RecordingState = "idle" | "starting" | "recording" | "stopped" | "not-recording" | "out-of-reach";

export interface ParticipantView {
  readonly id: string;
  readonly name: string;
  readonly role: "host" | "cohost" | "guest" | "viewer";
  readonly self: boolean;
  readonly state: RecordingState;
  /** Absent before this participant's first take. */
  readonly tape?: TapeView;
  readonly epochs?: { readonly sealed: number; readonly uploaded: number; readonly left: number };
  readonly bytes?: { readonly total: number; readonly arrived: number };
  /** Time until the rest has arrived, ms; absent when unknown. */
  readonly etaMs?: number;
  /** Every epoch of the present take has a receipt. */
  readonly safe: boolean;
  readonly sources: readonly SourceName[];
  /** How much still fits on their disk, minutes. */
  readonly minutesFree?: number;
  readonly problem?: Problem;
  /** The camera's picture: one's own, or what the call brings. The same object for as long as the picture is the same. Never sounds. */
  readonly stream?: MediaStream;
  /** A shared screen of this participant, shown in the large place. */
  readonly screen?: { readonly stream?: MediaStream };
  readonly muted: boolean;
  readonly cameraOff: boolean;
  /** Waiting for a word; the longest waiting has place 1. */
  readonly handPlace?: number;
  /** Its connection to the call as heard from here; absent while nothing is known. */
  readonly quality?: QualityView;
  /** For some seconds after it was sent. */
  readonly reaction?: ReactionKindView;
  /** When it was last heard to speak, `performance.now()`; 0: never. The stage shows the latest first. */
  readonly spokeAtMs: number;
  /** What the menu beside the name offers; empty for those who may do nothing. */
  readonly actions: readonly ParticipantAction[];
}

export type ParticipantAction = "mute" | "remove" | "make-cohost" | "make-guest";

export type ReactionKindView = "thumbs-up" | "clap" | "heart" | "laugh" | "surprise" | "celebrate";

/** Three bars of our own, and what they mean. */
export interface QualityView {
  /** 3: good. 2: some loss. 1: bad. 0: nothing arrives. */
  readonly bars: 0 | 1 | 2 | 3;
  /** The worst of them, or none: what the words speak of. */
  readonly why: "good" | "loss" | "jitter" | "delay" | "nothing";
  /** 0…1 of the last seconds. */
  readonly loss: number;
  readonly jitterMs: number;
  /** Of this device's own connection to the SFU; absent while unknown. */
  readonly roundTripMs?: number;
}

/** The live call of this device. It runs beside the recording; whatever happens to it, the take goes on. */
export interface CallView {
  /** `off`: there is no SFU. */
  readonly state: "off" | "connecting" | "connected" | "reconnecting";
  readonly muted: boolean;
  readonly cameraOff: boolean;
  /** The device is being opened or closed after a press. */
  readonly switching: "microphone" | "camera" | null;
  readonly handUp: boolean;
  /** The browser plays no sound before the person presses something. */
  readonly soundBlocked: boolean;
}

export interface KnockerView {
  readonly id: string;
  readonly name: string;
  readonly sinceMs: number;
}

export interface ChatLineView {
  /** The same for as long as the line is there. */
  readonly id: string;
  readonly from: string;
  readonly self: boolean;
  /** Wall clock. */
  readonly atMs: number;
  /** Plain text; the page makes it a text node. */
  readonly text: string;
  /** `sending`: the room has not answered yet. `unreadable`: it was not made with this room's key, or was changed on the way. */
  readonly state: "sent" | "sending" | "unreadable";
}

export interface ChatView {
  /** `no-key`: the link that was used has no key in it. */
  readonly state: "ready" | "no-key" | "offline";
  readonly lines: readonly ChatLineView[];
  /** Lines that came while the chat was closed. */
  readonly unread: number;
}

export interface MarkerView {
  readonly id: string;
  /** ms since the take's zero. */
  readonly atMs: number;
  readonly text: string;
  readonly by: string;
}

/** Figures of one track for the debug panel. Counts are since the start of the take. */
export interface TrackFiguresView {
  readonly id: string;
  readonly source: SourceName;
  /** e.g. "avc1.640028", "opus". */
  readonly codec: string;
  /** e.g. "1280 × 720, 30 fps" or "48 kHz, 1 channel". */
  readonly format: string;
  readonly captured: number;
  readonly dropped: readonly { readonly reason: string; readonly count: number }[];
  readonly encoded: number;
  readonly sealed: number;
  readonly queue: number;
  readonly epochs: number;
  readonly runs: number;
  readonly gaps: readonly { readonly reason: string; readonly count: number; readonly totalMs: number }[];
  readonly bytes: number;
}

export interface DebugView {
  readonly tracks: readonly TrackFiguresView[];
  readonly clock?: {
    /** Room clock minus this device's monotonic clock, ms. */
    readonly offsetMs: number;
    readonly uncertaintyMs: number;
    readonly roundTripMs: number;
    readonly samples: number;
  };
  readonly upload?: { readonly bytesPerSecond: number; readonly state: string };
  /** Anything else worth a line. */
  readonly facts: readonly { readonly name: string; readonly value: string }[];
}

/** What the panel after Stop needs beyond the tally: figures of this device's take. */
export interface AfterStopView {
  readonly takeNumber: number;
  readonly lengthMs: number;
  readonly bytesArrived: number;
  readonly bytesTotal: number;
  readonly missing: readonly { readonly atMs: number; readonly lengthMs: number }[];
  readonly lostMs: number;
  /** Others who still upload, for the host's sentence. */
  readonly othersLeft: readonly { readonly name: string; readonly etaMs?: number }[];
  /** Other takes of this device keep it from being safe. */
  readonly otherTakes: number;
}

export interface StudioView {
  readonly title: string;
  readonly room: string;
  readonly role: "host" | "cohost" | "guest";
  readonly ownName: string;
  readonly hostName?: string;
  /** Number of the present or last take; absent before the first. */
  readonly takeNumber?: number;
  readonly tally: TallyView;
  readonly participants: readonly ParticipantView[];
  readonly devices: DevicesView;
  readonly sharing: boolean;
  readonly canShare: boolean;
  /** The button "Copy guest link" stands for everybody who has it; absent hides the button. */
  readonly guestLink?: string;
  /** Problems of this device, worst first. */
  readonly problems: readonly Problem[];
  readonly afterStop?: AfterStopView;
  /** Connection to the room; recording goes on without. */
  readonly connection: "open" | "connecting" | "lost";
  readonly debug: DebugView;
  readonly call: CallView;
  /** In the waiting room, the longest waiting first; empty for those who may not admit. */
  readonly knocking: readonly KnockerView[];
  readonly chat: ChatView;
  /** Of the present or last take; the newest first. */
  readonly markers: readonly MarkerView[];
  /** A marker can be set: a take rolls. */
  readonly canMark: boolean;
  /** Record, Stop, Admit, Invite. */
  readonly mayHost: boolean;
  /** The host asked to switch the microphone off, and the page did: shown until it is dismissed. */
  readonly mutedBy?: string;
}

/** What the studio's buttons do. The level of the own microphone is in `RoomModel.lobby.level`. */
export interface StudioModel {
  record(): void;
  stop(): void;
  shareScreen(): void;
  stopSharing(): void;
  /** Puts the guest link onto the clipboard; rejects when the browser refuses, then the page shows the link. */
  copyGuestLink(): Promise<void>;
  /** Ends this participant's stay; the page asks first when bytes are left. */
  leave(): void;
  /** Tries the upload at once. */
  tryUploadNow(): void;
  chooseCamera(id: string): void;
  chooseMicrophone(id: string): void;
  /** The debug panel is open: figures may be gathered. */
  watchDebug(open: boolean): void;
  /** How loud everybody is, 0…1, by participant; at most 10 times a second, outside of the snapshot. */
  readonly levels: ViewSource<ReadonlyMap<string, number>>;
  toggleMicrophone(): void;
  toggleCamera(): void;
  raiseHand(up: boolean): void;
  react(kind: ReactionKindView): void;
  /** The text may be empty. `atMs`: ms since the take's zero, when a note was begun; without it, the moment of the call. */
  addMarker(text: string, atMs?: number): void;
  sendChat(text: string): void;
  /** Lines that come while it is open are read. */
  watchChat(open: boolean): void;
  admit(id: string): void;
  deny(id: string): void;
  /** Puts a new one-time link onto the clipboard; resolves to it, so that the page can show it when the browser refuses. */
  invite(): Promise<{ readonly link: string; readonly copied: boolean }>;
  act(id: string, action: ParticipantAction): void;
  /** Stops the take and ends everybody's stay; the page asks first. */
  endForAll(): void;
  /**
   * What the page shows: how wide each participant's picture and each shared screen is, in CSS px times the pixel ratio. Of those
   * that are not named no picture is pulled; sound always is.
   */
  showing(pictures: readonly { readonly id: string; readonly screen: boolean; readonly width: number }[]): void;
  /** Within a press: sound that the browser held back begins. */
  allowSound(): void;
  dismissMutedBy(): void;
}
