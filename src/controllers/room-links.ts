import * as v from "valibot";
import { type RoomId, type Secret, secret } from "#protocol/ids.ts";
import type { TabMemory } from "./exports-access.ts";

/** The rooms' chat keys as this device keeps them; no server ever sees one. */
export interface ChatKeyMemory {
  get(room: RoomId): string | undefined;
  set(room: RoomId, key: string): void;
}

/** What a room's link carries in its fragment, which browsers send to nobody. */
export interface LinkSecrets {
  /** Of a one-time link. */
  readonly invite?: Secret | undefined;
  readonly chatKey?: string | undefined;
}

/** 128 to 256 random bits as base64url. Whether it is a key is seen when the chat is opened. */
const CHAT_KEY = /^[A-Za-z0-9_-]{22,43}$/;

/** `#invite=…&k=…`; what is neither is ignored. `undefined`: the fragment carries nothing of ours. */
export function linkSecretsOf(hash: string): LinkSecrets | undefined {
  const parts = new URLSearchParams(hash.slice(1));
  const [invite, chatKey] = [parts.get("invite"), parts.get("k")];
  if (invite === null && chatKey === null) return undefined;
  const parsed = v.safeParse(secret, invite);
  return {
    ...(parsed.success ? { invite: parsed.output } : {}),
    ...(chatKey !== null && CHAT_KEY.test(chatKey) ? { chatKey } : {}),
  };
}

/** The address to hand to a guest. Without a key, they can join and cannot read the chat. */
export function roomLink(origin: string, room: RoomId, secrets: LinkSecrets): string {
  const parts = [
    ...(secrets.invite === undefined ? [] : [`invite=${secrets.invite}`]),
    ...(secrets.chatKey === undefined ? [] : [`k=${secrets.chatKey}`]),
  ];
  return `${origin}/r/${room}${parts.length === 0 ? "" : `#${parts.join("&")}`}`;
}

/** The invite that this window was opened with: it stays over a reload of the lobby, until it has been used. */
export interface InviteMemory {
  get(): Secret | undefined;
  keep(invite: Secret): void;
  forget(): void;
}

export function inviteMemory(tab: TabMemory, room: RoomId): InviteMemory {
  const key = `tapesync-invite-${room}`;
  let kept = tab.get(key);
  const keep = (invite: string): void => {
    kept = invite;
    tab.set(key, invite);
  };
  return {
    get() {
      const parsed = v.safeParse(secret, kept);
      return parsed.success ? parsed.output : undefined;
    },
    keep,
    forget: () => keep(""),
  };
}
