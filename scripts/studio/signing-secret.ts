import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { errorCode, PlainError } from "./plain-error.ts";

/** HMAC-SHA256 gains nothing from a key longer than its block's 64 bytes; 32 are its full strength. */
const SECRET_BYTES = 32;

/** The key that signs this studio's tokens: made once, kept beside the data, readable by this account alone. */
export function signingSecret(dataDir: string): string {
  const file = path.join(dataDir, "signing-secret");
  mkdirSync(dataDir, { recursive: true });
  try {
    const made = randomBytes(SECRET_BYTES).toString("base64url");
    writeFileSync(file, `${made}\n`, { mode: 0o600, flag: "wx" });
    return made;
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
  const kept = readFileSync(file, "utf8").trim();
  if (kept.length >= SECRET_BYTES) return kept;
  throw new PlainError(`${file} is damaged. Delete it to get a new one; everybody has to join again then.`);
}
