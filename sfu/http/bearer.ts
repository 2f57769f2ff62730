import { createHash, timingSafeEqual } from "node:crypto";

/** @returns a check of `Authorization` headers that takes the same time whatever it is given */
export function bearerCheck(secret: string): (header: string | undefined) => boolean {
  const expected = digest(`Bearer ${secret}`);
  return (header) => timingSafeEqual(digest(header ?? ""), expected);
}

/** Of equal length for any text. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
