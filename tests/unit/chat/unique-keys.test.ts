import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";
import { newChatKey } from "#core/chat/chat.ts";
import { SESSION_MESSAGES } from "#core/chat/sending-chain.ts";
import { idOf } from "../media/tapes.ts";
import { quickCrypto } from "./quick-crypto.ts";
import { LOCK_BYTES, type TabDone, type TabTask } from "./writing-tab.ts";

const TABS = 2;
const PER_TAB = 500_000;
/** More than a session takes, so that a page load has two. */
const PER_LOAD = 12_500;

function write(task: TabTask): Promise<TabDone> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./writing-tab.ts", import.meta.url), { workerData: task });
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

it("[CH3] no pair of key and nonce comes twice in 10^6 messages of two tabs over reloads", {
  timeout: 300_000,
}, async () => {
  const task = {
    key: newChatKey(quickCrypto()),
    room: idOf("room"),
    self: idOf("Alice"),
    messages: PER_TAB,
    perLoad: PER_LOAD,
  };
  const tabs = await Promise.all(Array.from({ length: TABS }, () => write(task)));
  expect(PER_LOAD).toBeGreaterThan(SESSION_MESSAGES);
  const sessions = new Set(tabs.flatMap((tab) => tab.sessions));
  expect(sessions.size).toBe((TABS * PER_TAB * 2) / PER_LOAD);
  const pairs = new Set<string>();
  for (const { locks } of tabs) {
    const text = Buffer.from(locks.buffer).toString("latin1");
    for (let at = 0; at < text.length; at += LOCK_BYTES) pairs.add(text.slice(at, at + LOCK_BYTES));
  }
  expect(pairs.size).toBe(TABS * PER_TAB);
});
