import type { DevicesModel, DevicesView } from "./device-view.ts";
import type { Problem } from "./problem-view.ts";
import type { DebugView } from "./studio-view.ts";
import type { TapeView } from "./tape-view.ts";
import type { ViewSource } from "./view-source.ts";

/** `/alone`: the same recorder with no room and no server. */
export interface AloneView {
  readonly title: string;
  readonly phase: "loading" | "ready" | "starting" | "recording" | "stopping" | "stopped";
  /** `performance.now()` at the take's zero, while recording. */
  readonly startedAtMs?: number;
  readonly devices: DevicesView;
  readonly sharing: boolean;
  readonly canShare: boolean;
  readonly tape?: TapeView;
  readonly keptBytes: number;
  /** How much still fits, minutes. */
  readonly minutesFree?: number;
  readonly online: boolean;
  /** After Stop: how it goes on with the take. */
  readonly upload: "none" | "waiting" | "uploading" | "safe";
  readonly bytesLeft: number;
  readonly problems: readonly Problem[];
  readonly blocked: boolean;
  readonly exporting?: { readonly fraction: number };
  readonly debug: DebugView;
}

export interface AloneModel extends DevicesModel {
  readonly view: ViewSource<AloneView>;
  /** Pressing Record is the consent: it is one's own recording. */
  record(): void;
  stop(): void;
  shareScreen(): void;
  stopSharing(): void;
  /** Saves the take that was just stopped. */
  exportTake(): void;
  watchDebug(open: boolean): void;
  close?(): void;
}
