import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** A key and a certificate that it has signed itself, as PEM. Good for browsers that are told not to mind. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

const DAY_MS = 86_400_000;

/** X.509 v3 with ECDSA on P-256, valid from yesterday for a week. @param address IPv4, as its only name */
export function selfSigned(address: string): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  // ecdsa-with-SHA256
  const algorithm = sequence(der(OID, Buffer.from("2a8648ce3d040302", "hex")));
  const commonName = sequence(der(OID, Buffer.from("550403", "hex")), der(UTF8, Buffer.from(address)));
  const name = sequence(der(SET, commonName));
  const octets = Buffer.from(address.split(".").map(Number));
  const subjectAltName = sequence(
    der(OID, Buffer.from("551d11", "hex")),
    der(OCTETS, sequence(der(IP_ADDRESS, octets))),
  );
  const body = sequence(
    der(VERSION, der(INTEGER, Buffer.from([2]))),
    // The first bit is 0: the number is positive; the second 1: it has no leading zeros.
    der(INTEGER, Buffer.concat([Buffer.from([0x40]), randomBytes(15)])),
    algorithm,
    name,
    sequence(time(Date.now() - DAY_MS), time(Date.now() + 7 * DAY_MS)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(EXTENSIONS, sequence(subjectAltName)),
  );
  const signature = Buffer.concat([Buffer.from([0]), sign("sha256", body, privateKey)]);
  const certificate = sequence(body, algorithm, der(BITS, signature)).toString("base64");
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.replaceAll(/.{64}/g, "$&\n").trim()}\n-----END CERTIFICATE-----\n`,
  };
}

/** Tags of X.690. */
const INTEGER = 0x02;
const BITS = 0x03;
const OCTETS = 0x04;
const OID = 0x06;
const UTF8 = 0x0c;
const UTC_TIME = 0x17;
const SEQUENCE = 0x30;
const SET = 0x31;
/** Tags that RFC 5280 gives its own meaning. */
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const IP_ADDRESS = 0x87;

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...parts: Buffer[]): Buffer => der(SEQUENCE, Buffer.concat(parts));

/** `YYMMDDhhmmssZ` */
const time = (ms: number): Buffer =>
  der(UTC_TIME, Buffer.from(`${new Date(ms).toISOString().replaceAll(/[-:T]/g, "").slice(2, 14)}Z`));
