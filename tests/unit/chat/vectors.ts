/** Known answers. Bytes are hexadecimal. */

export interface HkdfVector {
  readonly name: string;
  readonly key: string;
  readonly salt: string;
  readonly info: string;
  readonly output: string;
}

/** RFC 5869, appendix A.1 to A.3. */
export const HKDF_SHA256: readonly HkdfVector[] = [
  {
    name: "RFC 5869 case 1",
    key: "0b".repeat(22),
    salt: "000102030405060708090a0b0c",
    info: "f0f1f2f3f4f5f6f7f8f9",
    output: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
  },
  {
    name: "RFC 5869 case 2, longer than a block",
    key: range(0x00, 0x4f),
    salt: range(0x60, 0xaf),
    info: range(0xb0, 0xff),
    output:
      "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8" +
      "367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
  },
  {
    name: "RFC 5869 case 3, no salt and no info",
    key: "0b".repeat(22),
    salt: "",
    info: "",
    output: "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
  },
];

export interface GcmVector {
  readonly name: string;
  readonly key: string;
  readonly nonce: string;
  readonly associated: string;
  readonly plain: string;
  readonly cipher: string;
  readonly tag: string;
}

const KEY = "feffe9928665731c6d6a8f9467308308".repeat(2);
const NONCE = "cafebabefacedbaddecaf888";
const PLAIN =
  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
const CIPHER =
  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad";

/** McGrew and Viega, The Galois/Counter Mode of Operation, appendix B, cases 13 to 16. */
export const AES_256_GCM: readonly GcmVector[] = [
  {
    name: "GCM case 13, nothing at all",
    key: "00".repeat(32),
    nonce: "00".repeat(12),
    associated: "",
    plain: "",
    cipher: "",
    tag: "530f8afbc74536b9a963b4f1c4cb738b",
  },
  {
    name: "GCM case 14, one block of zeros",
    key: "00".repeat(32),
    nonce: "00".repeat(12),
    associated: "",
    plain: "00".repeat(16),
    cipher: "cea7403d4d606b6e074ec5d3baf39d18",
    tag: "d0d1c8a799996bf0265b98b5d48ab919",
  },
  {
    name: "GCM case 15, four blocks",
    key: KEY,
    nonce: NONCE,
    associated: "",
    plain: PLAIN,
    cipher: CIPHER,
    tag: "b094dac5d93471bdec1a502270e3cc6c",
  },
  {
    name: "GCM case 16, a part of a block and associated data",
    key: KEY,
    nonce: NONCE,
    associated: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
    plain: PLAIN.slice(0, 120),
    cipher: CIPHER.slice(0, 120),
    tag: "76fc6ece0f4e1768cddf8853bb2d551b",
  },
];

export interface HmacVector {
  readonly name: string;
  readonly key: string;
  readonly data: string;
  readonly mac: string;
}

const text = (value: string): string => Buffer.from(value, "utf8").toString("hex");

/** RFC 4231, section 4, SHA-256. Case 5 is about truncation, which tokens do not use. */
export const HMAC_SHA256: readonly HmacVector[] = [
  {
    name: "RFC 4231 case 1",
    key: "0b".repeat(20),
    data: text("Hi There"),
    mac: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
  },
  {
    name: "RFC 4231 case 2, a short key",
    key: text("Jefe"),
    data: text("what do ya want for nothing?"),
    mac: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  },
  {
    name: "RFC 4231 case 3",
    key: "aa".repeat(20),
    data: "dd".repeat(50),
    mac: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
  },
  {
    name: "RFC 4231 case 4",
    key: range(0x01, 0x19),
    data: "cd".repeat(50),
    mac: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
  },
  {
    name: "RFC 4231 case 6, a key longer than a block",
    key: "aa".repeat(131),
    data: text("Test Using Larger Than Block-Size Key - Hash Key First"),
    mac: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
  },
  {
    name: "RFC 4231 case 7, key and data longer than a block",
    key: "aa".repeat(131),
    data: text(
      "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed " +
        "before being used by the HMAC algorithm.",
    ),
    mac: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
  },
];

/** Every byte from `from` to `to`. */
function range(from: number, to: number): string {
  return Array.from({ length: to - from + 1 }, (_, index) => (from + index).toString(16).padStart(2, "0")).join("");
}

export const bytesOf = (hex: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(hex, "hex"));
export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
