import type { CaptureInput } from "#protocol/encode-rpc.ts";
import type { GapReason } from "#protocol/gaps.ts";
import type { Source } from "#protocol/ids.ts";

/** What takes media from a source that lives in this browser. */
export interface CaptureLimits {
  /** What a page in the background still captures. */
  readonly hidden: "everything" | "less" | "nothing";
  /** What is lost while the page's main thread is blocked. */
  readonly mainThreadBlock: "nothing" | "video" | "everything";
}

/** Typed callbacks of a source; `atUs` is local µs. */
export interface CaptureListener {
  /** The source delivers nothing from now on, and why, until `onResume` with the same reason. */
  onInterruption(reason: GapReason, atUs: number): void;
  onResume(reason: GapReason, atUs: number): void;
  /** The device is gone for good: unplugged, permission withdrawn, sharing stopped by the person. */
  onEnded(atUs: number): void;
  /**
   * Capture times of some frames of this camera, local µs: they fix the mapping of its stamps. Resolves to whether it is certain
   * by now; until then more are wanted.
   */
  onCaptureTimes(captureUs: readonly number[]): Promise<boolean>;
}

/** One camera, microphone or screen that is open. Three adapters are foreseen (page, worker, element); chosen by a live probe. */
export interface CaptureSource {
  readonly source: Source;
  /** The device's name as the browser gives it. */
  readonly label: string;
  readonly limits: CaptureLimits;
  /** Begins to deliver. The stream of the answer is handed to one encode worker. Once per source. */
  start(listener: CaptureListener): Promise<CaptureInput>;
  /**
   * Frames that the browser says it lost on their way here since `start`; `undefined` where it does not tell. Stamps show
   * most of them, but not one whose neighbours were stamped late and early.
   */
  lostFrames(): number | undefined;
  /** Stops delivering; the device itself stays with whoever opened it. */
  stop(): void;
}
