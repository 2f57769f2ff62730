import { parentPort, workerData } from "node:worker_threads";
import * as v from "valibot";
import { createChat, readChatKey } from "#core/chat/chat.ts";
import type { ChatCrypto } from "#core/ports/chat-crypto.ts";
import { participantId, roomId } from "#protocol/ids.ts";
import { quickCrypto } from "./quick-crypto.ts";

/**
 * One tab of a participant, on a thread of its own: writes `messages` messages, and is loaded anew after each
 * `perLoad`. Answers with every key and nonce that encryption was called with, one after another, and its sessions.
 */
export interface TabTask {
  readonly key: string;
  readonly room: string;
  readonly self: string;
  readonly messages: number;
  readonly perLoad: number;
}

export interface TabDone {
  readonly locks: Uint8Array<ArrayBuffer>;
  readonly sessions: readonly string[];
}

export const LOCK_BYTES = 44;

async function write(task: TabTask): Promise<TabDone> {
  const locks = new Uint8Array(task.messages * LOCK_BYTES);
  const quick = quickCrypto();
  let count = 0;
  // Encryption is left out: what is looked for is what it is called with.
  const watching: ChatCrypto = {
    ...quick,
    seal: ({ key, nonce }, plain) => {
      locks.set(key, count * LOCK_BYTES);
      locks.set(nonce, count * LOCK_BYTES + key.length);
      count++;
      return Promise.resolve(plain);
    },
  };
  const key = readChatKey(task.key);
  if (!key) throw new Error("not a chat key");
  const room = v.parse(roomId, task.room);
  const self = v.parse(participantId, task.self);
  const sessions = new Set<string>();
  while (count < task.messages) {
    const chat = createChat({ key, room, self, crypto: watching });
    for (let each = 0; each < task.perLoad && count < task.messages; each++) {
      const sealed = await chat.seal("x");
      if (!sealed.ok) throw new Error(sealed.reason);
      sessions.add(sealed.envelope.session);
    }
  }
  return { locks, sessions: [...sessions] };
}

if (parentPort) parentPort.postMessage(await write(workerData as TabTask));
