import { createHash, createSign, generateKeyPairSync, randomBytes } from "node:crypto";

/** What a DTLS transport proves itself with. */
export interface DtlsCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
  /** As in `a=fingerprint`. */
  readonly fingerprint: string;
}

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OBJECT = 0x06;
const UTF8 = 0x0c;
const UTC_TIME = 0x17;
const EXPLICIT_0 = 0xa0;

/** 2.5.4.3, commonName. */
const COMMON_NAME = Buffer.from("550403", "hex");
/** 1.2.840.10045.4.3.2, ecdsa-with-SHA256. */
const ECDSA_SHA256 = Buffer.from("2a8648ce3d040302", "hex");
/** X.509 version 3. */
const VERSION_3 = Buffer.from([2]);
const NAME = "tapesync";
const DAY_MS = 24 * 60 * 60 * 1000;
/** Longer than any session; nobody checks it, since the fingerprint says whose it is. */
const VALID_DAYS = 30;

/** A self-signed certificate on P-256 with a new key (RFC 5280), for one transport. Takes less than a millisecond. */
export function makeCertificate(): DtlsCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const algorithm = der(SEQUENCE, der(OBJECT, ECDSA_SHA256));
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, der(OBJECT, COMMON_NAME), der(UTF8, Buffer.from(NAME)))));
  const now = Date.now();
  const validity = der(SEQUENCE, utcTime(now - DAY_MS), utcTime(now + VALID_DAYS * DAY_MS));
  const body = der(
    SEQUENCE,
    der(EXPLICIT_0, der(INTEGER, VERSION_3)),
    der(INTEGER, serialNumber()),
    algorithm,
    name,
    validity,
    name,
    publicKey.export({ type: "spki", format: "der" }),
  );
  const signature = createSign("sha256").update(body).sign(privateKey);
  const certificate = der(SEQUENCE, body, algorithm, der(BIT_STRING, Buffer.from([0]), signature));
  const digest = createHash("sha256").update(certificate).digest("hex").toUpperCase();
  return {
    certificatePem: pem("CERTIFICATE", certificate),
    keyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    fingerprint: `sha-256 ${digest.match(/../g)?.join(":")}`,
  };
}

/** Positive, and never with a leading zero byte, which DER forbids. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

function utcTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\D/g, "");
  return der(UTC_TIME, Buffer.from(`${digits.slice(2, 14)}Z`));
}

/** Tag, length, contents. */
function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const length = contents.reduce((sum, part) => sum + part.length, 0);
  const head =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), ...contents]);
}

function pem(label: string, data: Buffer): string {
  const rows = data.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${rows.join("\n")}\n-----END ${label}-----\n`;
}
