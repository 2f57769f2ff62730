import * as v from "valibot";
import { type IceServers, iceServers, TURN_LIFETIME_S } from "#protocol/call.ts";
import { utf8 } from "../auth/bytes.ts";
import { randomId } from "../auth/secrets.ts";
import type { Env } from "../env.ts";
import { ApiError } from "../refusals.ts";
import { ask, turnUpstream } from "./upstream.ts";

const server = iceServers.entries.iceServers.item;
/** Cloudflare answers with a list, in the first version of its API with one. */
const generated = v.object({ iceServers: v.union([v.array(server), server]) });

/** Browsers block port 53, and wait for it. */
const isUsable = (url: string): boolean => /^(stun|turn)s?:/.test(url) && !/:53(\?|$)/.test(url);

/**
 * STUN and TURN servers with credentials that end after `TURN_LIFETIME_S`: Cloudflare's, or the operator's own. None without
 * keys, and none when they cannot be had: most calls connect without.
 */
export async function iceServersFor(env: Env, nowMs: number): Promise<IceServers> {
  const { TURN_KEY_ID, TURN_KEY_API_TOKEN, TURN_URLS, TURN_SECRET } = env;
  if (TURN_KEY_ID && TURN_KEY_API_TOKEN) return cloudflares(TURN_KEY_ID, TURN_KEY_API_TOKEN);
  if (TURN_URLS && TURN_SECRET) return own(TURN_URLS, TURN_SECRET, nowMs);
  return { iceServers: [] };
}

async function cloudflares(key: string, token: string): Promise<IceServers> {
  try {
    const path = ["credentials", "generate-ice-servers"];
    const reply = await ask(turnUpstream(key, token), "POST", path, { ttl: TURN_LIFETIME_S });
    const known = v.safeParse(generated, reply.body);
    if (known.success) return { iceServers: [known.output.iceServers].flat().flatMap(usable) };
    console.warn(`turn: no servers in the answer with status ${reply.status}`);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    console.warn(`turn: ${error.refusal.reason}`);
  }
  return { iceServers: [] };
}

function usable(one: v.InferOutput<typeof server>): IceServers["iceServers"] {
  const urls = [one.urls].flat().filter(isUsable);
  return urls.length > 0 ? [{ ...one, urls }] : [];
}

/** A TURN server that shares a secret with us (coturn's `use-auth-secret`): the name is when it ends, the password its HMAC. */
async function own(urls: string, secret: string, nowMs: number): Promise<IceServers> {
  const username = `${Math.floor(nowMs / 1000) + TURN_LIFETIME_S}:${randomId()}`;
  const algorithm = { name: "HMAC", hash: "SHA-1" };
  const key = await crypto.subtle.importKey("raw", utf8(secret), algorithm, false, ["sign"]);
  const mac = await crypto.subtle.sign("HMAC", key, utf8(username));
  const credential = btoa(String.fromCharCode(...new Uint8Array(mac)));
  return { iceServers: usable({ urls: urls.split(/[\s,]+/), username, credential }) };
}
