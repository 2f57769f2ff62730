import type { ViewSource } from "./view-source.ts";

/** What stands around every screen. */
export interface ShellView {
  /** No server answers. Strip under the top edge; a take is never affected. */
  readonly offline: boolean;
  /** A new version waits. Publish it only when no take runs and no upload is in flight. */
  readonly updateReady: boolean;
  /** Takes on this device without all receipts, for the count beside Recordings and the app badge. */
  readonly takesNotSafe: number;
  /** A take of this page that runs while another screen is open. */
  readonly running?: { readonly href: string; readonly title: string; readonly startedAtMs: number };
  /**
   * Ask before the tab closes: a take runs, or bytes of this device still lack receipts while the studio is open.
   * The page then guards `beforeunload`.
   */
  readonly guardClose: boolean;
}

export interface ShellModel {
  readonly view: ViewSource<ShellView>;
  /** Activates the waiting version and reloads. */
  update(): void;
}
