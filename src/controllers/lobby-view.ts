import type { DevicesModel, DevicesView } from "./device-view.ts";
import type { Problem } from "./problem-view.ts";

export interface LobbyView {
  /** Name of the room, when it has one. */
  readonly title?: string;
  readonly hostName?: string;
  readonly others: readonly string[];
  readonly role: "host" | "cohost" | "guest";
  /** Remembered from the last visit; the field starts with it. */
  readonly name: string;
  readonly devices: DevicesView;
  /** Standing problems, worst first: permission, no camera, silent microphone, browser lacks parts. */
  readonly problems: readonly Problem[];
  /** Join cannot work at all in this browser or room; `problems` says why. */
  readonly blocked: boolean;
  readonly joining: boolean;
  /** A take runs already: the guest is recorded from the moment they join. */
  readonly takeRuns: boolean;
}

export interface LobbyModel extends DevicesModel {
  /** Called only with a name of 1 to 32 letters (trimmed) and consent given. */
  join(name: string): void;
  /** The consent was given, or taken back: while it stands the recorder is made ready, and keeps nothing. */
  consented(given: boolean): void;
}
