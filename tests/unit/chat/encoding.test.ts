import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packText, PAD_BYTES, unpackText } from "#core/chat/chat-text.ts";
import { fromBase64Url, fromUtf8, lengthPrefixed, toBase64Url, toUtf8 } from "#core/chat/encoding.ts";
import { MAX_CHAT_LETTERS } from "#protocol/chat.ts";

const anyText = fc.string({ unit: "binary", maxLength: 300 });
const anyBytes = fc.uint8Array({ maxLength: 300 });

describe("bytes and text", () => {
  it("[CH14] base64url is as Node's, and back", () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const text = toBase64Url(bytes);
        expect(text).toBe(Buffer.from(bytes).toString("base64url"));
        expect(fromBase64Url(text)).toEqual(new Uint8Array(bytes));
      }),
    );
  });

  it("[CH14] of all texts only the one that would have been written is read", () => {
    const letters = fc.string({ unit: fc.constantFrom(..."AQgwBZaz09-_+/= é😀"), maxLength: 9 });
    fc.assert(
      fc.property(letters, (text) => {
        const bytes = fromBase64Url(text);
        if (bytes) expect(toBase64Url(bytes)).toBe(text);
        else expect(Buffer.from(text, "base64url").toString("base64url") === text).toBe(false);
      }),
      { numRuns: 2_000 },
    );
    for (const text of ["AB", "AAB", "A", "AAAAA", "AA==", "AA+A", "A/AA", " AAA"])
      expect(fromBase64Url(text)).toBeNull();
  });

  it("[CH7] UTF-8 is as the platform's, and back", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(toUtf8(text)).toEqual(new Uint8Array(new TextEncoder().encode(text)));
        expect(fromUtf8(toUtf8(text))).toBe(text.toWellFormed());
      }),
    );
  });

  it("[CH7] what is no UTF-8 is refused, exactly where the platform refuses it", () => {
    const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const platform = (bytes: Uint8Array) => {
      try {
        return strict.decode(bytes);
      } catch (error) {
        if (error instanceof TypeError) return null;
        throw error;
      }
    };
    const edges = fc.array(
      fc.constantFrom(
        0,
        0x41,
        0x7f,
        0x80,
        0x9f,
        0xa0,
        0xbf,
        0xc0,
        0xc1,
        0xc2,
        0xdf,
        0xe0,
        0xed,
        0xef,
        0xf0,
        0xf4,
        0xf5,
        0xff,
        0x8f,
        0x90,
      ),
      {
        maxLength: 6,
      },
    );
    fc.assert(
      fc.property(edges, (bytes) => {
        expect(fromUtf8(Uint8Array.from(bytes))).toBe(platform(Uint8Array.from(bytes)));
      }),
      { numRuns: 5_000 },
    );
  });

  it("[CH5] no two lists of parts give the same bytes", () => {
    const parts = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "\u0000", "\u0001"), maxLength: 4 }), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        const same = JSON.stringify(one) === JSON.stringify(other);
        expect(Buffer.compare(lengthPrefixed(one), lengthPrefixed(other)) === 0).toBe(same);
      }),
      { numRuns: 5_000 },
    );
  });
});

const plainOf = (text: string): Uint8Array<ArrayBuffer> => {
  const packed = packText(text);
  if (!packed.ok) throw new Error(packed.reason);
  return packed.plain;
};

/** As a peer that keeps to nothing would pack it. */
function packedAnyhow(text: string, size?: number): Uint8Array<ArrayBuffer> {
  const bytes = toUtf8(text);
  const plain = new Uint8Array(size ?? Math.ceil((bytes.length + 4) / PAD_BYTES) * PAD_BYTES);
  new DataView(plain.buffer).setUint32(0, bytes.length);
  plain.set(bytes, 4);
  return plain;
}

describe("the text of a message", () => {
  it("[CH6] control and bidi characters go, line ends stay", () => {
    const text = "  one\u0000\u001b[31m\u202etwo\u2066\u061c\r\nthree\tfour\u2028five\n\n\n\n\nsix\ufeff \n";
    const clean = "one[31mtwo\nthree four\nfive\n\nsix";
    expect(unpackText(plainOf(text))).toBe(clean);
    expect(unpackText(packedAnyhow(text))).toBe(clean);
  });

  it("[CH6] languages, marks and emoji of many parts come through whole", () => {
    for (const text of [
      "Zoë",
      "日本語",
      "עברית",
      "👩‍👩‍👧‍👦",
      "e\u0301",
      "\u0928\u092e\u0938\u094d\u0924\u0947",
      "<b>&amp;</b>",
    ])
      expect(unpackText(plainOf(text))).toBe(text);
  });

  it("[CH6] nothing that can be shown is empty; the most letters fit, one more is too long", () => {
    for (const text of ["", " \n\t ", "\u202e\u0007", "\u200d\n\u3164"])
      expect(packText(text)).toEqual({ ok: false, reason: "empty" });
    for (const letter of ["x", "é", "日"]) {
      expect(unpackText(plainOf(letter.repeat(MAX_CHAT_LETTERS)))).toBe(letter.repeat(MAX_CHAT_LETTERS));
      expect(packText(letter.repeat(MAX_CHAT_LETTERS + 1))).toEqual({ ok: false, reason: "too-long" });
    }
  });

  it("[CH7] lengths show in steps of 64 bytes only", () => {
    const sizes = [1, 30, 60, 61, 124, 125].map((length) => plainOf("x".repeat(length)).length);
    expect(sizes).toEqual([64, 64, 64, 128, 128, 192]);
  });

  it("[CH7] what no page has packed is not unpacked", () => {
    const good = plainOf("hello");
    const withByte = (at: number, value: number) => {
      const copy = good.slice();
      copy[at] = value;
      return copy;
    };
    const bad = [
      new Uint8Array(0),
      good.slice(0, 63),
      good.slice(0, 3),
      withByte(63, 1),
      withByte(0, 0xff),
      withByte(3, 61),
      withByte(4, 0xff),
      packedAnyhow("hello", 128),
      packedAnyhow(""),
      packedAnyhow("\u202e"),
      packedAnyhow("x".repeat(MAX_CHAT_LETTERS + 1)),
    ];
    for (const [index, plain] of bad.entries()) expect(unpackText(plain), `case ${index}`).toBeNull();
    expect(unpackText(good)).toBe("hello");
  });
});
