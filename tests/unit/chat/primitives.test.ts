import { createHmac, hkdfSync } from "node:crypto";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { webCryptoChat } from "#platform/web-crypto-chat.ts";
import { participantId, roomId } from "#protocol/ids.ts";
import { type ParticipantClaims, signToken, verifyToken } from "../../../worker-backend/auth/tokens.ts";
import { idOf } from "../media/tapes.ts";
import { quickCrypto } from "./quick-crypto.ts";
import { AES_256_GCM, bytesOf, type GcmVector, hexOf, HKDF_SHA256, HMAC_SHA256 } from "./vectors.ts";

const crypto = webCryptoChat();

describe("HKDF-SHA256 as the chat uses it", () => {
  for (const { name, key, salt, info, output } of HKDF_SHA256) {
    it(`[CH15] ${name}, by the double of the long tests`, async () => {
      const found = await quickCrypto().hkdf(bytesOf(key), bytesOf(salt), bytesOf(info), output.length / 2);
      expect(hexOf(found)).toBe(output);
    });
  }

  for (const { name, key, salt, info, output } of HKDF_SHA256) {
    it(`[CH15] ${name}`, async () => {
      const found = await crypto.hkdf(bytesOf(key), bytesOf(salt), bytesOf(info), output.length / 2);
      expect(hexOf(found)).toBe(output);
    });
  }

  it("[CH15] one bit of key, salt or info, or a byte moved between them, gives another result", async () => {
    const derive = (key: string, salt: string, info: string) =>
      crypto.hkdf(bytesOf(key), bytesOf(salt), bytesOf(info), 32);
    const results = await Promise.all([
      derive("0b0b", "0c0c", "0d0d"),
      derive("0a0b", "0c0c", "0d0d"),
      derive("0b0b", "0c0d", "0d0d"),
      derive("0b0b", "0c0c", "0d0c"),
      derive("0b0b0c", "0c", "0d0d"),
      derive("0b0b", "0c0c0d", "0d"),
    ]);
    expect(new Set(results.map(hexOf)).size).toBe(results.length);
  });
});

const lockOf = ({ key, nonce, associated }: GcmVector) => ({
  key: bytesOf(key),
  nonce: bytesOf(nonce),
  associated: bytesOf(associated),
});

/** The bytes with the lowest bit of one of them turned. */
function turned(bytes: Uint8Array<ArrayBuffer>, at: number): Uint8Array<ArrayBuffer> {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

describe("AES-256-GCM as the chat uses it", () => {
  for (const vector of AES_256_GCM) {
    const sealed = bytesOf(vector.cipher + vector.tag);

    it(`[CH15] ${vector.name}`, async () => {
      expect(hexOf(await crypto.seal(lockOf(vector), bytesOf(vector.plain)))).toBe(vector.cipher + vector.tag);
      expect(hexOf((await crypto.open(lockOf(vector), sealed)) ?? bytesOf("ff"))).toBe(vector.plain);
    });

    it(`[CH15] ${vector.name}: a changed byte anywhere is refused`, async () => {
      const lock = lockOf(vector);
      for (const at of sealed.keys()) expect(await crypto.open(lock, turned(sealed, at)), `byte ${at}`).toBeNull();
      for (const part of ["key", "nonce", "associated"] as const) {
        for (const at of lock[part].keys())
          expect(await crypto.open({ ...lock, [part]: turned(lock[part], at) }, sealed), `${part} ${at}`).toBeNull();
      }
      expect(await crypto.open({ ...lock, associated: bytesOf(`${vector.associated}00`) }, sealed)).toBeNull();
    });

    it(`[CH15] ${vector.name}: cut short, without a tag, longer or empty, it is refused`, async () => {
      for (let length = 0; length < sealed.length; length++)
        expect(await crypto.open(lockOf(vector), sealed.slice(0, length)), `${length} bytes`).toBeNull();
      expect(await crypto.open(lockOf(vector), bytesOf(`${vector.cipher}${vector.tag}00`))).toBeNull();
      expect(await crypto.open(lockOf(vector), bytesOf(vector.tag + vector.cipher + "00"))).toBeNull();
      expect(await crypto.open(lockOf(vector), bytesOf(vector.cipher + "00".repeat(16)))).toBeNull();
    });
  }

  it("[CH15] keys and nonces of other lengths are not taken", async () => {
    const good = { key: new Uint8Array(32), nonce: new Uint8Array(12), associated: new Uint8Array(0) };
    for (const bad of [{ key: new Uint8Array(16) }, { nonce: new Uint8Array(0) }, { nonce: new Uint8Array(16) }]) {
      await expect(crypto.seal({ ...good, ...bad }, new Uint8Array(1))).rejects.toThrow(RangeError);
      await expect(crypto.open({ ...good, ...bad }, new Uint8Array(17))).rejects.toThrow(RangeError);
    }
  });
});

describe("HMAC-SHA256 of tokens", () => {
  const SECRET = "a secret of the tests, long enough to sign with";
  const NOW_MS = 1_800_000_000_000;
  const claims: ParticipantClaims = {
    aud: "participant",
    room: v.parse(roomId, idOf("room")),
    participant: v.parse(participantId, idOf("Alice")),
    role: "guest",
    version: 1,
    exp: NOW_MS / 1000 + 900,
  };

  /** The same, from the RFCs alone: node's own HKDF and HMAC. */
  function expected(payload: string, secret = SECRET, purpose = "participant"): Buffer {
    const key = Buffer.from(hkdfSync("sha256", secret, "tapesync tokens 1", purpose, 32));
    return createHmac("sha256", key).update(payload).digest();
  }
  const tokenOf = (payload: string, mac: Uint8Array) => `${payload}.${Buffer.from(mac).toString("base64url")}`;
  const verify = (token: string) => verifyToken(SECRET, "participant", token, NOW_MS);

  for (const { name, key, data, mac } of HMAC_SHA256) {
    it(`[CH15] ${name}, in what the tokens are compared with and in what they are signed with`, async () => {
      expect(createHmac("sha256", bytesOf(key)).update(bytesOf(data)).digest("hex")).toBe(mac);
      const hmac = { name: "HMAC", hash: "SHA-256" };
      const imported = await globalThis.crypto.subtle.importKey("raw", bytesOf(key), hmac, false, ["sign", "verify"]);
      expect(hexOf(new Uint8Array(await globalThis.crypto.subtle.sign("HMAC", imported, bytesOf(data))))).toBe(mac);
      for (const wrong of [mac.slice(0, 32), "", turnedHex(mac), `${mac}00`])
        expect(await globalThis.crypto.subtle.verify("HMAC", imported, bytesOf(wrong), bytesOf(data))).toBe(false);
    });
  }

  it("[CH15] a token is the claims and their HMAC under the key of its purpose", async () => {
    const token = await signToken(SECRET, claims);
    const payload = Buffer.from(JSON.stringify(claims)).toString("base64url");
    expect(token).toBe(tokenOf(payload, expected(payload)));
    expect(await verify(token)).toEqual({ ok: true, value: claims });
  });

  it("[CH15] a MAC that is changed, cut short, longer, empty, of another key, purpose or payload is refused", async () => {
    const payload = Buffer.from(JSON.stringify(claims)).toString("base64url");
    const other = Buffer.from(JSON.stringify({ ...claims, role: "host" })).toString("base64url");
    const mac = expected(payload);
    const wrong = [
      ...Array.from(mac.keys(), (at) => tokenOf(payload, turned(new Uint8Array(mac), at))),
      ...Array.from(mac.keys(), (length) => tokenOf(payload, mac.subarray(0, length))),
      tokenOf(payload, Buffer.concat([mac, Buffer.from([0])])),
      tokenOf(payload, Buffer.alloc(32)),
      tokenOf(payload, expected(payload, `${SECRET} `)),
      tokenOf(payload, expected(payload, SECRET, "job")),
      tokenOf(other, mac),
      payload,
      `${payload}.`,
      `.${mac.toString("base64url")}`,
    ];
    for (const token of wrong) expect((await verify(token)).ok, token).toBe(false);
    expect((await verify(tokenOf(payload, mac))).ok).toBe(true);
  });
});

function turnedHex(hex: string): string {
  return hexOf(turned(bytesOf(hex), 0));
}
