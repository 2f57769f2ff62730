import type { ReactionKind } from "#protocol/call.ts";
import type { ChatMessage } from "#protocol/chat.ts";
import type { ParticipantId, Role } from "#protocol/ids.ts";
import type { RoomView, TakeView } from "#protocol/room-messages.ts";
import type { OwnMarker } from "./outbox.ts";

/**
 * Whether the room hears this device. Recording goes on in every one of them. All but the first three are final; `denied`,
 * `removed` and `ended` are somebody's decision.
 */
export type RoomConnection =
  | "connecting"
  | "open"
  | "lost"
  | "replaced"
  | "outdated"
  | "gone"
  | "left"
  | "denied"
  | "removed"
  | "ended";

export interface RoomSessionState {
  readonly connection: RoomConnection;
  /** In the waiting room; `null` once let in, and before the first word. */
  readonly waiting: { readonly title: string; readonly hostName: string | null } | null;
  /** By the room's newest word; `null` before it. */
  readonly role: Role | null;
  /** As it was last known. */
  readonly room: RoomView | null;
  /** Set here, and not told back yet. */
  readonly unsentMarkers: readonly OwnMarker[];
}

export const NOT_CONNECTED: RoomSessionState = {
  connection: "connecting",
  waiting: null,
  role: null,
  room: null,
  unsentMarkers: [],
};

export interface RoomSessionEvents {
  changed(state: RoomSessionState): void;
  /** The room's newest take, after each welcome and each change of it. */
  take(take: TakeView): void;
  takesChanged(): void;
  refused(what: string, message: string): void;
  /** A better clock sample is there. */
  clock(): void;
  /** Let in, again after each reconnect. */
  welcomed(): void;
  /** The own role has changed: the token says the old one. */
  roleChanged(role: Role): void;
  muteAsked(by: string): void;
  reaction(participant: ParticipantId, kind: ReactionKind): void;
  /** Oldest first; the same message may come more than once. */
  chat(messages: readonly ChatMessage[]): void;
}
