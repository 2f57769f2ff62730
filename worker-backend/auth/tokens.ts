import * as v from "valibot";
import { editorLinkId, jobId, participantId, role, roomId, takeId } from "#protocol/ids.ts";
import { count } from "#protocol/units.ts";
import { ApiError, type Outcome, refused } from "../refusals.ts";
import { fromBase64Url, toBase64Url, utf8 } from "./bytes.ts";

/** Seconds since the Unix epoch. */
const exp = count;

const participantClaims = v.strictObject({
  aud: v.literal("participant"),
  room: roomId,
  participant: participantId,
  role,
  /** The seat's version: raised when it is taken away, so that tokens from before are refused. */
  version: count,
  exp,
});
const jobClaims = v.strictObject({ aud: v.literal("job"), room: roomId, take: takeId, job: jobId, exp });
const editorClaims = v.strictObject({ aud: v.literal("editor"), room: roomId, link: editorLinkId, exp });
const exportsClaims = v.strictObject({
  aud: v.literal("exports"),
  room: roomId,
  /** Looked up at every use, so that revoking it or taking the seat away works at once. */
  by: v.variant("as", [
    v.strictObject({ as: v.literal("host"), participant: participantId, version: count }),
    v.strictObject({ as: v.literal("editor"), link: editorLinkId }),
  ]),
  exp,
});

/** One purpose, one key, one shape. */
const PURPOSES = {
  participant: participantClaims,
  job: jobClaims,
  editor: editorClaims,
  exports: exportsClaims,
} as const;
type Purpose = keyof typeof PURPOSES;

export type Claims<P extends Purpose> = v.InferOutput<(typeof PURPOSES)[P]>;
export type ParticipantClaims = Claims<"participant">;

const MIN_SECRET_CHARS = 32;
const MAX_TOKEN_CHARS = 4096;
const keys = new Map<string, Promise<CryptoKey>>();

/** HMAC-SHA256 key of one purpose, derived with HKDF, so that a token of one purpose never opens another. */
function keyFor(signingSecret: string | undefined, purpose: Purpose): Promise<CryptoKey> {
  if (!signingSecret || signingSecret.length < MIN_SECRET_CHARS) throw ApiError.of("not-configured");
  const name = `${purpose} ${signingSecret}`;
  const known = keys.get(name);
  if (known) return known;
  const made = deriveKey(signingSecret, purpose);
  keys.set(name, made);
  return made;
}

async function deriveKey(signingSecret: string, purpose: Purpose): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey("raw", utf8(signingSecret), "HKDF", false, ["deriveKey"]);
  return crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: utf8("tapesync tokens 1"), info: utf8(purpose) },
    base,
    { name: "HMAC", hash: "SHA-256", length: 256 },
    false,
    ["sign", "verify"],
  );
}

/** `base64url(claims as JSON).base64url(HMAC-SHA256)`. There is no header, hence no algorithm to choose. */
export async function signToken<P extends Purpose>(
  signingSecret: string,
  claims: Claims<P> & { aud: P },
): Promise<string> {
  const payload = toBase64Url(utf8(JSON.stringify(claims)));
  const mac = await crypto.subtle.sign("HMAC", await keyFor(signingSecret, claims.aud), utf8(payload));
  return `${payload}.${toBase64Url(new Uint8Array(mac))}`;
}

/** The claims of a token that was signed for this purpose and has not expired. */
export async function verifyToken<P extends Purpose>(
  signingSecret: string,
  purpose: P,
  token: string,
  nowMs: number,
): Promise<Outcome<Claims<P>>> {
  const key = await keyFor(signingSecret, purpose);
  const [payload, signature, ...rest] = token.length > MAX_TOKEN_CHARS ? [] : token.split(".");
  if (payload === undefined || signature === undefined || rest.length > 0) return refused("token-refused");
  const mac = fromBase64Url(signature);
  const body = fromBase64Url(payload);
  if (!mac || !body || mac.byteLength !== 32) return refused("token-refused");
  if (!(await crypto.subtle.verify("HMAC", key, mac, utf8(payload)))) return refused("token-refused");
  const claims = v.safeParse<(typeof PURPOSES)[P]>(PURPOSES[purpose], JSON.parse(new TextDecoder().decode(body)));
  if (!claims.success) return refused("token-refused");
  if (claims.output.exp * 1000 <= nowMs) return refused("token-expired");
  return { ok: true, value: claims.output };
}
