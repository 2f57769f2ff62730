import fc from "fast-check";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { type Chat, type ChatKey, createChat, newChatKey, readChatKey } from "#core/chat/chat.ts";
import { SESSION_MESSAGES } from "#core/chat/sending-chain.ts";
import { WINDOW } from "#core/chat/heard-session.ts";
import type { ChatCrypto } from "#core/ports/chat-crypto.ts";
import { webCryptoChat } from "#platform/web-crypto-chat.ts";
import { type ChatEnvelope, chatEnvelope, MAX_CHAT_LETTERS } from "#protocol/chat.ts";
import { type ParticipantId, participantId, roomId } from "#protocol/ids.ts";
import { idOf } from "../media/tapes.ts";
import { quickCrypto } from "./quick-crypto.ts";

const crypto = webCryptoChat();
const ROOM = v.parse(roomId, idOf("room"));
const person = (name: string): ParticipantId => v.parse(participantId, idOf(name));
const ALICE = person("Alice");
const BOB = person("Bob");
const KEY = newChatKey(crypto);

interface PageOptions {
  readonly key?: ChatKey;
  readonly room?: typeof ROOM;
  readonly crypto?: ChatCrypto;
}

/** One page load. */
const page = (self: ParticipantId, options: PageOptions = {}): Chat =>
  createChat({ key: KEY, room: ROOM, crypto, self, ...options });

async function envelopeOf(chat: Chat, text: string): Promise<ChatEnvelope> {
  const sealed = await chat.seal(text);
  if (!sealed.ok) throw new Error(sealed.reason);
  return v.parse(chatEnvelope, JSON.parse(JSON.stringify(sealed.envelope)));
}

async function envelopes(chat: Chat, count: number): Promise<ChatEnvelope[]> {
  return Promise.all(Array.from({ length: count }, (_, at) => envelopeOf(chat, `message ${at}`)));
}

function at<T>(list: readonly T[], index: number): T {
  const item = list.at(index);
  if (item === undefined) throw new Error(`nothing at ${index}`);
  return item;
}

const read = (text: string) => ({ ok: true, text });
const refused = (reason: string) => ({ ok: false, reason });

describe("the room's key", () => {
  it("[CH1] is 256 random bits that a link can carry", () => {
    const keys = Array.from({ length: 100 }, () => newChatKey(crypto));
    expect(new Set(keys).size).toBe(100);
    for (const key of keys) {
      expect(key).toMatch(/^[A-Za-z0-9_-]{43}$/);
      expect(readChatKey(key)).toBe(key);
    }
  });

  it("[CH1] what a link was cut to, or another text, is no key", () => {
    expect(readChatKey("A".repeat(22))).not.toBeNull();
    for (const text of [
      "",
      "A".repeat(20),
      "A".repeat(44),
      "A".repeat(10_000),
      `${KEY}=`,
      `${KEY.slice(0, 42)}B`,
      "é".repeat(43),
    ])
      expect(readChatKey(text), text.slice(0, 50)).toBeNull();
    expect(() => page(ALICE, { key: "short" as ChatKey })).toThrow(RangeError);
  });

  it("[CH1] neither key nor text is in what is sent", async () => {
    const envelope = await envelopeOf(page(ALICE), "the secret word");
    const sent = JSON.stringify(envelope);
    expect(sent).not.toContain("secret");
    expect(Buffer.from(envelope.data, "base64url").toString("latin1")).not.toContain("secret");
    expect(sent).not.toContain(KEY.slice(0, 12));
  });
});

describe("a message", () => {
  it("is read by the others and by its sender, in order", async () => {
    const alice = page(ALICE);
    const bob = page(BOB);
    for (const text of ["Hello", "two\nlines", "日本語 👩‍👩‍👧‍👦", "x".repeat(MAX_CHAT_LETTERS)]) {
      const envelope = await envelopeOf(alice, text);
      expect(await bob.open(ALICE, envelope)).toEqual(read(text));
      expect(await alice.open(ALICE, envelope)).toEqual(read(text));
    }
    expect(await alice.open(BOB, await envelopeOf(bob, "Hello yourself"))).toEqual(read("Hello yourself"));
  });

  it("[CH6] with nothing in it, or too much, is not sent and uses nothing up", async () => {
    const alice = page(ALICE);
    expect(await alice.seal(" \u202e ")).toEqual(refused("empty"));
    expect(await alice.seal("x".repeat(MAX_CHAT_LETTERS + 1))).toEqual(refused("too-long"));
    expect((await envelopeOf(alice, "x")).seq).toBe(0);
  });

  it("[CH4] sessions are fresh with every page load; places count up without holes", async () => {
    const [one, other] = [await envelopes(page(ALICE), 5), await envelopes(page(ALICE), 5)];
    expect(one.map((each) => each.seq)).toEqual([0, 1, 2, 3, 4]);
    expect(new Set([...one, ...other].map((each) => each.session)).size).toBe(2);
  });

  it("[CH3] that could not be encrypted loses its place; the next has another key", async () => {
    let failing = true;
    const broken: ChatCrypto = {
      ...crypto,
      seal: (lock, plain) => (failing ? Promise.reject(new Error("the system said no")) : crypto.seal(lock, plain)),
    };
    const alice = page(ALICE, { crypto: broken });
    await expect(alice.seal("lost")).rejects.toThrow("the system said no");
    failing = false;
    const envelope = await envelopeOf(alice, "kept");
    expect(envelope.seq).toBe(1);
    expect(await page(BOB).open(ALICE, envelope)).toEqual(read("kept"));
  });
});

describe("attacks on the way", () => {
  /** Every forgery is refused, and both the true message and the one after it are read. */
  async function refusedThenRead(forge: (good: ChatEnvelope) => Iterable<ChatEnvelope>, from = ALICE): Promise<void> {
    const alice = page(ALICE);
    const bob = page(BOB);
    const [first, good, next] = [
      await envelopeOf(alice, "first"),
      await envelopeOf(alice, "good"),
      await envelopeOf(alice, "next"),
    ];
    expect(await bob.open(ALICE, first)).toEqual(read("first"));
    let count = 0;
    for (const forged of forge(good)) {
      const opened = await bob.open(from, forged);
      expect(opened, JSON.stringify(forged)).toEqual(refused("unreadable"));
      count++;
    }
    expect(count).toBeGreaterThan(0);
    expect(await bob.open(ALICE, good)).toEqual(read("good"));
    expect(await bob.open(ALICE, next)).toEqual(read("next"));
  }

  const withData = (envelope: ChatEnvelope, bytes: Uint8Array): ChatEnvelope => ({
    ...envelope,
    data: Buffer.from(bytes).toString("base64url"),
  });

  it("[CH10] each byte of the data flipped: refused, and later messages are read", async () => {
    await refusedThenRead(function* (good) {
      const bytes = Buffer.from(good.data, "base64url");
      for (const at of bytes.keys()) {
        const copy = Uint8Array.from(bytes);
        copy[at] = (copy[at] ?? 0) ^ (1 << (at % 8));
        yield withData(good, copy);
      }
    });
  });

  it("[CH10] cut short to any length, or made longer: refused", async () => {
    await refusedThenRead(function* (good) {
      const bytes = Buffer.from(good.data, "base64url");
      for (let length = 0; length < bytes.length; length++) yield withData(good, bytes.subarray(0, length));
      yield withData(good, Buffer.concat([bytes, Buffer.from([0])]));
      yield withData(good, Buffer.concat([Buffer.from([0]), bytes]));
    });
  });

  it("[CH14] the same bytes spelled another way: refused", async () => {
    await refusedThenRead(function* (good) {
      yield { ...good, data: `${good.data}=` };
      yield {
        ...good,
        data: good.data.slice(0, -1) + String.fromCharCode(good.data.charCodeAt(good.data.length - 1) + 1),
      };
      const last = good.session.charCodeAt(21);
      yield { ...good, session: good.session.slice(0, 21) + String.fromCharCode(last + 1) };
    });
  });

  it("[CH5] under another place: refused", async () => {
    await refusedThenRead(function* (good) {
      for (const seq of [2, 3, 4, 100]) yield { ...good, seq };
    });
  });

  it("[CH5] under another session, known or not: refused", async () => {
    const alice = page(ALICE);
    const bob = page(BOB);
    const again = page(ALICE);
    const good = await envelopeOf(alice, "good");
    const known = await envelopeOf(again, "of the other tab");
    expect(await bob.open(ALICE, known)).toEqual(read("of the other tab"));
    for (const session of [known.session, "A".repeat(22), Buffer.alloc(16, 7).toString("base64url")]) {
      expect(await bob.open(ALICE, { ...good, session, seq: 1 })).toEqual(refused("unreadable"));
      if (session !== known.session) expect(await bob.open(ALICE, { ...good, session })).toEqual(refused("unreadable"));
    }
    expect(await bob.open(ALICE, good)).toEqual(read("good"));
    expect(await bob.open(ALICE, await envelopeOf(again, "later"))).toEqual(read("later"));
  });

  it("[CH5] as another sender's: refused; [CH2] and the true sender is not harmed", async () => {
    await refusedThenRead(function* (good) {
      yield good;
    }, BOB);
    await refusedThenRead(function* (good) {
      yield good;
    }, person("Carol"));
  });

  it("[CH2] of another room, or with another key: refused", async () => {
    const good = await envelopeOf(page(ALICE), "good");
    const elsewhere = page(BOB, { room: v.parse(roomId, idOf("another room")) });
    const keyless = page(BOB, { key: newChatKey(crypto) });
    expect(await elsewhere.open(ALICE, good)).toEqual(refused("unreadable"));
    expect(await keyless.open(ALICE, good)).toEqual(refused("unreadable"));
    expect(await page(BOB).open(ALICE, good)).toEqual(read("good"));
  });

  it("[CH9] sent again: replayed, at once, later, and at the same time", async () => {
    const list = await envelopes(page(ALICE), 40);
    const bob = page(BOB);
    const [first] = list;
    if (!first) throw new Error("nothing was sent");
    const together = await Promise.all([bob.open(ALICE, first), bob.open(ALICE, first), bob.open(ALICE, first)]);
    expect(together).toEqual([read("message 0"), refused("replayed"), refused("replayed")]);
    for (const envelope of list.slice(1)) expect((await bob.open(ALICE, envelope)).ok).toBe(true);
    for (const envelope of list) expect(await bob.open(ALICE, envelope)).toEqual(refused("replayed"));
    // A replay that was changed on top is no reading either, and harms nothing.
    expect((await bob.open(ALICE, { ...first, data: at(list, 1).data })).ok).toBe(false);
  });

  it("[CH8] in any order: each is read once", async () => {
    const list = await envelopes(page(ALICE), 24);
    const order = fc.shuffledSubarray([...list, ...list], { minLength: 24 });
    await fc.assert(
      fc.asyncProperty(order, async (sent) => {
        const bob = page(BOB);
        const heard = new Set<number>();
        for (const envelope of sent) {
          const expected = heard.has(envelope.seq) ? refused("replayed") : read(`message ${envelope.seq}`);
          expect(await bob.open(ALICE, envelope)).toEqual(expected);
          heard.add(envelope.seq);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("[CH10] forged, replayed and true messages mixed: every true one is read once, whatever came between", async () => {
    const list = await envelopes(page(ALICE), 12);
    const forgery = fc.record({ at: fc.nat(11), seq: fc.nat(600), byte: fc.nat(79) });
    const event = fc.oneof(fc.nat(11), forgery);
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 40 }), async (events) => {
        const bob = page(BOB);
        const heard = new Set<number>();
        for (const each of [...events, ...list.keys()]) {
          if (typeof each === "number") {
            const expected = heard.has(each) ? refused("replayed") : read(`message ${each}`);
            expect(await bob.open(ALICE, at(list, each))).toEqual(expected);
            heard.add(each);
            continue;
          }
          const bytes = Buffer.from(at(list, each.at).data, "base64url");
          bytes[each.byte] = (bytes[each.byte] ?? 0) ^ 0x80;
          const forged = { ...at(list, each.at), seq: each.seq, data: bytes.toString("base64url") };
          expect((await bob.open(ALICE, forged)).ok).toBe(false);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe("far along a chain", () => {
  const quick = quickCrypto();

  it("[CH8] who comes later reads from any place on; [CH4] after 10,000 messages a new session begins", async () => {
    const alice = page(ALICE, { crypto: quick });
    const list: ChatEnvelope[] = [];
    for (let seq = 0; seq <= SESSION_MESSAGES; seq++) list.push(await envelopeOf(alice, `message ${seq}`));
    expect(at(list, -2).seq).toBe(SESSION_MESSAGES - 1);
    expect(at(list, -1).seq).toBe(0);
    expect(at(list, -1).session).not.toBe(at(list, -2).session);
    const bob = page(BOB, { crypto: quick });
    const last = SESSION_MESSAGES - 1;
    for (const seq of [700, 5_000, last, SESSION_MESSAGES]) {
      expect(await bob.open(ALICE, at(list, seq))).toEqual(read(`message ${seq}`));
    }
    // Within the window behind the newest, then beyond it.
    for (const seq of [last - 1, last - 31, last - 500, last - WINDOW + 1])
      expect(await bob.open(ALICE, at(list, seq))).toEqual(read(`message ${seq}`));
    for (const seq of [last - WINDOW, 5_000, 4_999, 0])
      expect(await bob.open(ALICE, at(list, seq))).toEqual(refused("too-far"));
    expect(await bob.open(ALICE, at(list, last - 500))).toEqual(refused("replayed"));
    for (const seq of [SESSION_MESSAGES, 1_000_000])
      expect(await bob.open(ALICE, { ...at(list, 0), seq })).toEqual(refused("too-far"));
  });

  describe("when a sender's page is loaded again and again", () => {
    const loads = (count: number) =>
      Promise.all(Array.from({ length: count }, () => envelopeOf(page(ALICE, { crypto: quick }), "hello")));

    it("[CH12] its oldest sessions are set aside, and never heard again", async () => {
      const bob = page(BOB, { crypto: quick });
      const first = await envelopes(page(ALICE, { crypto: quick }), 2);
      expect(await bob.open(ALICE, at(first, 0))).toEqual(read("message 0"));
      for (const envelope of await loads(15)) expect(await bob.open(ALICE, envelope)).toEqual(read("hello"));
      // Sixteen by now. The one that was heard last goes on, and one more sets the oldest aside.
      const [next, more] = [await loads(1), await loads(1)];
      expect(await bob.open(ALICE, at(first, 1))).toEqual(read("message 1"));
      expect(await bob.open(ALICE, at(next, 0))).toEqual(read("hello"));
      expect(await bob.open(ALICE, at(first, 0))).toEqual(refused("replayed"));
      for (const envelope of [...(await loads(15)), ...more])
        expect(await bob.open(ALICE, envelope)).toEqual(read("hello"));
      for (const envelope of first) expect(await bob.open(ALICE, envelope)).toEqual(refused("too-far"));
    });

    it("[CH12] there is an end to it, for this sender alone", async () => {
      const bob = page(BOB, { crypto: quick });
      const results = [];
      for (const envelope of await loads(300)) results.push((await bob.open(ALICE, envelope)).ok);
      expect(results.indexOf(false)).toBe(16 + 256);
      expect(results.lastIndexOf(true)).toBe(16 + 256 - 1);
      expect(await bob.open(BOB, await envelopeOf(bob, "others go on"))).toEqual(read("others go on"));
    });
  });

  it("[CH13] forgeries far along a chain soon cost little, and what follows the true messages is read", async () => {
    const counted = { ...quick, steps: 0 };
    counted.hkdf = (...args: Parameters<ChatCrypto["hkdf"]>) => {
      counted.steps++;
      return quick.hkdf(...args);
    };
    const alice = page(ALICE, { crypto: quick });
    const bob = page(BOB, { crypto: counted });
    const list = await envelopes(alice, 3);
    expect(await bob.open(ALICE, at(list, 0))).toEqual(read("message 0"));
    const forged = (session: number): ChatEnvelope => ({
      ...at(list, 1),
      session: Buffer.alloc(16, session).toString("base64url"),
      seq: SESSION_MESSAGES - 1,
    });
    for (let session = 0; session < 100; session++) expect((await bob.open(ALICE, forged(session))).ok).toBe(false);
    expect(counted.steps).toBeLessThan(2 * SESSION_MESSAGES + 500);
    expect(await bob.open(ALICE, at(list, 1))).toEqual(read("message 1"));
    expect(await bob.open(ALICE, at(list, 2))).toEqual(read("message 2"));
    expect(await bob.open(BOB, await envelopeOf(page(BOB), "not his fault"))).toEqual(read("not his fault"));
  });
});
