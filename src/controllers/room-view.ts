import type { DevicesView } from "./device-view.ts";
import type { LobbyModel, LobbyView } from "./lobby-view.ts";
import type { Problem } from "./problem-view.ts";
import type { StudioModel, StudioView } from "./studio-view.ts";
import type { ViewSource } from "./view-source.ts";

/** `/r/:room`: lobby, then studio, or the reason why neither. */
export type RoomView =
  | { readonly screen: "loading" }
  | { readonly screen: "lobby"; readonly lobby: LobbyView }
  /** Joined, and the host has not said yes yet. */
  | { readonly screen: "waiting"; readonly waiting: WaitingView }
  | { readonly screen: "studio"; readonly studio: StudioView }
  /** Left on purpose, or refused. `safe`: nothing of this device waits. */
  | { readonly screen: "closed"; readonly problem?: Problem; readonly bytesLeft: number };

export interface WaitingView {
  readonly title: string;
  /** Who can let them in; absent while nobody is there. */
  readonly hostName?: string;
  readonly ownName: string;
  readonly devices: DevicesView;
  /** The room cannot be reached now. */
  readonly connection: "open" | "connecting" | "lost";
  readonly problems: readonly Problem[];
}

export interface RoomModel {
  readonly view: ViewSource<RoomView>;
  readonly lobby: LobbyModel;
  readonly studio: StudioModel;
  /** Ends the wait. */
  stopWaiting(): void;
  /**
   * The screen was left for another one of the app. A running take or upload must go on: the controller keeps
   * itself alive, shows itself as `ShellView.running`, and `AppModels.room` gives the same model again.
   */
  close?(): void;
}
