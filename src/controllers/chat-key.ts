import { type ChatKey, newChatKey, readChatKey } from "#core/chat/chat.ts";
import type { ChatCrypto } from "#core/ports/chat-crypto.ts";
import type { Role, RoomId } from "#protocol/ids.ts";
import type { ChatKeyMemory } from "./room-links.ts";

export interface ChatKeyPorts {
  readonly room: RoomId;
  readonly chatKeys: ChatKeyMemory;
  readonly chatCrypto: ChatCrypto;
}

/** The room's key as this device keeps it. The host makes the room's, once; without it a guest cannot read the chat. */
export function chatKeyFor({ chatKeys, chatCrypto, room }: ChatKeyPorts, role: Role): ChatKey | undefined {
  const kept = readChatKey(chatKeys.get(room) ?? "");
  if (kept !== null || role !== "host") return kept ?? undefined;
  const made = newChatKey(chatCrypto);
  chatKeys.set(room, made);
  return made;
}
