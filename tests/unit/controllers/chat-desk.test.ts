import { ChatDesk } from "#controllers/chat-desk.ts";
import { type Chat, type ChatKey, createChat } from "#core/chat/chat.ts";
import { webCryptoChat } from "#platform/web-crypto-chat.ts";
import type { ChatEnvelope, ChatMessage } from "#protocol/chat.ts";
import type { ParticipantId } from "#protocol/ids.ts";
import { describe, expect, it, vi } from "vitest";
import { ME, ROOM } from "./rig/rows.ts";

const ANN = "participantparticipa02" as ParticipantId;
const KEY = "A".repeat(43) as ChatKey;

const crypto = webCryptoChat();
const chatOf = (self: ParticipantId, key = KEY): Chat => createChat({ key, room: ROOM, self, crypto });

function rig(key: ChatKey | null = KEY) {
  const sent: ChatEnvelope[] = [];
  const reported: unknown[] = [];
  let number = 0;
  const desk = new ChatDesk(
    {
      newChat: (used) => chatOf(ME, used),
      self: () => ({ participant: ME, name: "Marek" }),
      send: (envelope) => void sent.push(envelope),
      clock: { wallMs: () => 5_000 },
      changed: () => undefined,
      report: (error) => void reported.push(error),
    },
    key ?? undefined,
  );
  /** What the room makes of an envelope. */
  const told = (from: ParticipantId, name: string, envelope: ChatEnvelope): ChatMessage => ({
    from,
    name,
    atMs: 6_000,
    number: (number += 1),
    envelope,
  });
  const ann = chatOf(ANN);
  const fromAnn = async (text: string): Promise<ChatMessage> => {
    const sealed = await ann.seal(text);
    if (!sealed.ok) throw new Error(sealed.reason);
    return told(ANN, "Ann", sealed.envelope);
  };
  const view = () => desk.view(true);
  const lines = () => view().lines.map(({ from, text, state }) => [from, text, state]);
  return { desk, sent, reported, told, fromAnn, view, lines };
}

/** Encryption comes back from threads of its own, in its own time. */
const until = (holds: () => boolean) => vi.waitUntil(holds, { timeout: 20_000, interval: 5 });

describe("the chat of one page", () => {
  it("[CD1] a line is `sending` until the room tells it back, and stays the same line", async () => {
    const { desk, sent, told, lines, view } = rig();
    desk.send("Hello \u202eall");
    await until(() => sent.length === 1);
    expect(lines()).toEqual([["Marek", "Hello all", "sending"]]);
    const [before] = view().lines;
    desk.heard([told(ME, "Marek", sent[0] as ChatEnvelope)]);
    expect(lines()).toEqual([["Marek", "Hello all", "sent"]]);
    expect(view().lines[0]).toMatchObject({ id: before?.id, atMs: 6_000, self: true });
    expect(view().unread).toBe(0);
  });

  it("[CD2] counts what others said while it was closed", async () => {
    const { desk, fromAnn, view } = rig();
    desk.heard([await fromAnn("One"), await fromAnn("Two")]);
    await until(() => view().unread === 2);
    desk.watch(true);
    expect(view().unread).toBe(0);
    desk.heard([await fromAnn("Three")]);
    await until(() => view().lines.length === 3);
    expect(view().unread).toBe(0);
  });

  it("[CD3] what the room tells twice, or under another number, is one line", async () => {
    const { desk, fromAnn, told, lines } = rig();
    const one = await fromAnn("One");
    const two = await fromAnn("Two");
    desk.heard([one]);
    desk.heard([one, two, told(ANN, "Ann", one.envelope)]);
    await until(() => lines().length === 2);
    desk.heard([await fromAnn("Three")]);
    await until(() => lines().length === 3);
    expect(lines().map(([, text]) => text)).toEqual(["One", "Two", "Three"]);
  });

  it("[CD3] own lines that the room tells back under another number too", async () => {
    const { desk, sent, told, lines, fromAnn } = rig();
    desk.send("Mine");
    await until(() => sent.length === 1);
    const [mine] = sent as [ChatEnvelope];
    desk.heard([told(ME, "Marek", mine)]);
    desk.heard([told(ME, "Marek", mine), await fromAnn("After")]);
    await until(() => lines().length === 2);
    expect(lines().map(([, text]) => text)).toEqual(["Mine", "After"]);
  });

  it("[CD4] says what it cannot read, and goes on", async () => {
    const { desk, told, fromAnn, lines, reported } = rig();
    const sealed = await chatOf(ANN, "Q".repeat(43) as ChatKey).seal("Foreign");
    if (!sealed.ok) throw new Error(sealed.reason);
    desk.heard([told(ANN, "Ann", sealed.envelope), await fromAnn("Next")]);
    await until(() => lines().length === 2);
    expect(lines()).toEqual([
      ["Ann", "", "unreadable"],
      ["Ann", "Next", "sent"],
    ]);
    expect(reported).toEqual([]);
  });

  it("[CD5] without a key it sends nothing, and reads all once the key is there", async () => {
    const { desk, sent, fromAnn, lines } = rig(null);
    desk.heard([await fromAnn("Before the key")]);
    desk.send("Not sent");
    expect(desk.view(true)).toMatchObject({ state: "no-key", lines: [], unread: 0 });
    desk.useKey(KEY);
    await until(() => lines().length === 1);
    expect(lines()).toEqual([["Ann", "Before the key", "sent"]]);
    expect(sent).toEqual([]);
    expect(desk.view(false).state).toBe("offline");
  });
});
