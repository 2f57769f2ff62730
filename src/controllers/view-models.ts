/** Everything that the page knows: one model per screen. The page gets nothing else. */
import type { AloneModel } from "./alone-view.ts";
import type { ExportsModel } from "./exports-view.ts";
import type { HomeModel } from "./home-view.ts";
import type { RecordingsModel } from "./recordings-view.ts";
import type { RoomModel } from "./room-view.ts";
import type { ShellModel } from "./shell-view.ts";

export type * from "./alone-view.ts";
export type * from "./device-view.ts";
export type * from "./exports-view.ts";
export type * from "./home-view.ts";
export type * from "./lobby-view.ts";
export type * from "./problem-view.ts";
export type * from "./recordings-view.ts";
export type * from "./room-view.ts";
export type * from "./shell-view.ts";
export type * from "./studio-view.ts";
export type * from "./tape-view.ts";
export type * from "./view-source.ts";

/** What stood in the address besides the path: secrets travel in the hash, never to a server. */
export interface RouteAddress {
  readonly room: string;
  /** With its "?", or "". */
  readonly search: string;
  /** With its "#", or "". */
  readonly hash: string;
}

/**
 * The composition root hands these to `mountApp`. Each is called when its screen opens and may load its
 * controllers first; the page shows a skeleton after 300 ms. `close()` of a model is called when its screen is left.
 */
export interface AppModels {
  readonly shell: ShellModel;
  home(): HomeModel | Promise<HomeModel>;
  room(address: RouteAddress): RoomModel | Promise<RoomModel>;
  exports(address: RouteAddress): ExportsModel | Promise<ExportsModel>;
  recordings(): RecordingsModel | Promise<RecordingsModel>;
  alone(): AloneModel | Promise<AloneModel>;
}
