import type { LobbyModel, LobbyView } from "./lobby-view.ts";
import type { Problem } from "./problem-view.ts";
import type { StudioModel, StudioView } from "./studio-view.ts";
import type { ViewSource } from "./view-source.ts";

/** `/r/:room`: lobby, then studio, or the reason why neither. */
export type RoomView =
  | { readonly screen: "loading" }
  | { readonly screen: "lobby"; readonly lobby: LobbyView }
  | { readonly screen: "studio"; readonly studio: StudioView }
  /** Left on purpose, or refused. `safe`: nothing of this device waits. */
  | { readonly screen: "closed"; readonly problem?: Problem; readonly bytesLeft: number };

export interface RoomModel {
  readonly view: ViewSource<RoomView>;
  readonly lobby: LobbyModel;
  readonly studio: StudioModel;
  /**
   * The screen was left for another one of the app. A running take or upload must go on: the controller keeps
   * itself alive, shows itself as `ShellView.running`, and `AppModels.room` gives the same model again.
   */
  close?(): void;
}
