import type { DevicesView } from "./device-view.ts";
import type { Problem, SourceName } from "./problem-view.ts";
import type { TapeView } from "./tape-view.ts";

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
  /** Only one's own until the live call exists. */
  readonly stream?: MediaStream;
  /** A shared screen of this participant, shown as a tile of its own. */
  readonly screen?: { readonly stream?: MediaStream };
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
}
