import { createCipheriv, hkdfSync } from "node:crypto";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { createChat, readChatKey } from "#core/chat/chat.ts";
import type { ChatCrypto } from "#core/ports/chat-crypto.ts";
import { webCryptoChat } from "#platform/web-crypto-chat.ts";
import type { ChatEnvelope } from "#protocol/chat.ts";
import { participantId, roomId } from "#protocol/ids.ts";
import { idOf } from "../media/tapes.ts";

const KEY = Buffer.from("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "hex");
const SALT = Buffer.from("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", "hex");
const SESSION = SALT.toString("base64url");
const [ROOM, ALICE] = [idOf("room"), idOf("Alice")];

/** docs/spec/chat.md, written down once more with node:crypto alone. */
const parts = (...texts: readonly string[]): Buffer =>
  Buffer.concat(
    texts.flatMap((text) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(Buffer.byteLength(text));
      return [length, Buffer.from(text)];
    }),
  );
const hkdf = (key: Buffer, salt: Buffer, info: Buffer, bytes: number) =>
  Buffer.from(hkdfSync("sha256", key, salt, info, bytes));

function bySpec(text: string, seq: number, associated = parts("1", ROOM, ALICE, SESSION, `${seq}`)): ChatEnvelope {
  let chain = hkdf(KEY, SALT, parts("tapesync chat 1", ROOM, ALICE), 32);
  for (let step = 0; step < seq; step++) chain = hkdf(chain, Buffer.alloc(0), Buffer.from("chain"), 32);
  const lock = hkdf(chain, Buffer.alloc(0), Buffer.from("message"), 44);
  const plain = Buffer.alloc(Math.ceil((4 + Buffer.byteLength(text)) / 64) * 64);
  plain.writeUInt32BE(Buffer.byteLength(text));
  plain.write(text, 4);
  const cipher = createCipheriv("aes-256-gcm", lock.subarray(0, 32), lock.subarray(32)).setAAD(associated);
  const data = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString("base64url");
  return { v: 1, session: SESSION, seq, data };
}

function page(crypto: ChatCrypto = webCryptoChat()) {
  const key = readChatKey(KEY.toString("base64url"));
  if (!key) throw new Error("not a chat key");
  return createChat({ key, room: v.parse(roomId, ROOM), self: v.parse(participantId, ALICE), crypto });
}

describe("what goes over the wire", () => {
  it("[CH2] [CH3] [CH5] [CH7] is what the specification says, to the bit", async () => {
    const alice = page({ ...webCryptoChat(), random: () => new Uint8Array(SALT) });
    for (const [seq, text] of ["Hello", "zwei\nZeilen 🎬", "x".repeat(60), "x".repeat(61)].entries())
      expect(await alice.seal(text)).toEqual({ ok: true, envelope: bySpec(text, seq) });
  });

  it("[CH5] a message whose associated data leave out or change one part does not open, though its key is right", async () => {
    const bob = page();
    const from = v.parse(participantId, ALICE);
    const wrong = [
      parts(),
      parts("2", ROOM, ALICE, SESSION, "3"),
      parts("1", idOf("other"), ALICE, SESSION, "3"),
      parts("1", ROOM, idOf("Bob"), SESSION, "3"),
      parts("1", ROOM, ALICE, idOf("other"), "3"),
      parts("1", ROOM, ALICE, SESSION, "4"),
      parts("1", ROOM, ALICE, SESSION),
      Buffer.from(`1${ROOM}${ALICE}${SESSION}3`),
    ];
    for (const associated of wrong)
      expect(await bob.open(from, bySpec("x", 3, associated))).toEqual({ ok: false, reason: "unreadable" });
    expect(await bob.open(from, bySpec("x", 3))).toEqual({ ok: true, text: "x" });
  });
});
