import type { Env } from "../env.ts";
import { parseJson } from "../http/json-text.ts";
import { ApiError } from "../refusals.ts";

const CLOUDFLARE = "https://rtc.live.cloudflare.com/v1";

/** Operations wait up to 5 s for a connection; twice that is no answer. */
const PATIENCE_MS = 10_000;

/** An answer with descriptions of 64 tracks and all their candidates. */
const MAX_REPLY_BYTES = 1024 * 1024;

/** The app at the Realtime API: where it is, and what opens it. */
export interface Upstream {
  readonly base: string;
  readonly secret: string;
}

/** A reply whose body is JSON. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

/** The app that the operator has set up; `null`: none. */
export function upstreamOf(env: Env): Upstream | null {
  const { REALTIME_APP_ID: app, REALTIME_APP_SECRET: secret } = env;
  if (!app || !secret) return null;
  const api = (env.REALTIME_API || CLOUDFLARE).replace(/\/+$/, "");
  return { base: `${api}/apps/${encodeURIComponent(app)}`, secret };
}

/** Where Cloudflare makes credentials for its TURN servers, whatever SFU is used. */
export function turnUpstream(key: string, secret: string): Upstream {
  return { base: `${CLOUDFLARE}/turn/keys/${encodeURIComponent(key)}`, secret };
}

/**
 * One request to the Realtime API. `parts` of the path are put into it encoded; there is never a query.
 * @throws ApiError `call-timeout`, `call-unavailable`
 */
export async function ask(
  { base, secret }: Upstream,
  method: "GET" | "POST" | "PUT",
  parts: readonly string[],
  body?: unknown,
): Promise<Reply> {
  const url = `${base}/${parts.map(encodeURIComponent).join("/")}`;
  const headers = { Authorization: `Bearer ${secret}`, "Content-Type": "application/json" };
  const text = body === undefined ? {} : { body: JSON.stringify(body) };
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
  try {
    // A redirection is never followed: the secret is for this address only.
    const response = await fetch(url, { method, headers, redirect: "manual", signal: patience.signal, ...text });
    return { status: response.status, body: readJson(await cappedText(response), secret) };
  } catch (error) {
    if (error instanceof ApiError) throw error;
    if (patience.signal.aborted) throw ApiError.of("call-timeout", { "Retry-After": "1" });
    // The message may name the address, with the session; only what kind of error it is is told.
    console.warn(`realtime: ${method} failed: ${error instanceof Error ? error.name : "no error"}`);
    throw ApiError.of("call-unavailable", { "Retry-After": "1" });
  } finally {
    clearTimeout(timer);
  }
}

async function cappedText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  // Leaving the loop cancels the rest.
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_REPLY_BYTES) throw unusable("its answer is too large");
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function readJson(text: string, secret: string): unknown {
  // Whatever an upstream does: what opens it never goes out.
  if (text.includes(secret)) throw unusable("its answer holds the secret");
  const json = parseJson(text);
  return json.ok ? json.value : null;
}

/** An answer that cannot be handed on. */
export function unusable(why: string): ApiError {
  console.warn(`realtime: ${why}`);
  return ApiError.of("call-unavailable", { "Retry-After": "1" });
}
