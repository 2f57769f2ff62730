import type { RoomId } from "#protocol/ids.ts";
import type { ClientMessage, ServerMessage } from "#protocol/room-messages.ts";

/** One socket to the room; it is never reopened, a new one is made instead. */
export interface RoomSocket {
  /** Sends, or does nothing once the socket is closing: whoever needs an answer waits for one. */
  send(message: ClientMessage): void;
  close(): void;
}

export interface RoomSocketEvents {
  opened(): void;
  /** A message that the schema accepts. */
  received(message: ServerMessage): void;
  /** A message that it does not: page and server speak different versions. */
  misread(why: string): void;
  /** Once, last. `code` as in `CLOSE`, or the WebSocket standard's. */
  closed(code: number): void;
}

export type OpenRoomSocket = (room: RoomId, events: RoomSocketEvents) => RoomSocket;
