import type { Problem } from "./problem-view.ts";
import type { TapeView } from "./tape-view.ts";
import type { ViewSource } from "./view-source.ts";

/** A room or a lone take that this device knows. */
export interface RecentView {
  readonly id: string;
  readonly title: string;
  readonly href: string;
  /** Wall clock, ms since 1970. */
  readonly atMs: number;
  readonly lengthMs?: number;
  readonly people?: number;
  readonly alone: boolean;
  readonly state: "safe" | "uploading" | "waiting" | "local" | "none";
}

/** A take that a crash, a closed tab or an empty battery cut short; found and closed at launch. */
export interface FoundTakeView {
  readonly id: string;
  readonly title: string;
  readonly alone: boolean;
  readonly fromMs: number;
  readonly toMs: number;
  readonly keptMs: number;
  readonly bytes: number;
  readonly sources: readonly string[];
  /** At most this much is missing at the very end, ms. */
  readonly missingMs: number;
  readonly tape: TapeView;
  /** Present while Export runs. */
  readonly exporting?: { readonly fraction: number };
}

/** Takes of earlier visits that still upload or wait. */
export interface LeftoverView {
  readonly takes: number;
  readonly bytesLeft: number;
  readonly state: "uploading" | "waiting";
  /** ms; absent while unknown. */
  readonly etaMs?: number;
  /** 0 to 1 of the bytes of these takes. */
  readonly fraction: number;
}

export interface DeviceFactsView {
  readonly bytesFree?: number;
  /** How much camera and microphone fits, minutes. */
  readonly minutesFree?: number;
  readonly online: boolean;
  readonly installed: boolean;
  /** The browser offers to install. */
  readonly installable: boolean;
}

export interface HomeView {
  readonly loading: boolean;
  readonly recent: readonly RecentView[];
  readonly found: readonly FoundTakeView[];
  readonly leftover?: LeftoverView;
  readonly device: DeviceFactsView;
  /** New room is being made. */
  readonly making: boolean;
  /** Why a room could not be made, or why nothing can be recorded here. */
  readonly problem?: Problem;
  /** The server asks for the operator's studio key before it makes a room. */
  readonly studioKeyNeeded: boolean;
}

export interface HomeModel {
  readonly view: ViewSource<HomeView>;
  /** Resolves to the path to open, or to undefined when it failed (`view.problem` says why). */
  newRoom(studioKey?: string): Promise<string | undefined>;
  exportTake(take: string): void;
  /** The person has seen a found take. */
  dismissFound(take: string): void;
  install(): void;
  /** The screen was left. */
  close?(): void;
}
