import * as v from "valibot";
import type { Answer } from "#core/ports/upload-transport.ts";
import { errorReply } from "#protocol/errors.ts";

type Body = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly detail: string };

/** 511 is what a captive portal should say. */
const NETWORK_AUTHENTICATION_REQUIRED = 511;

/** Proxies answer these in their own words; 4xx, and yet nothing that our server refuses. */
const PASSING = new Set([408, 425, 429]);

/**
 * A response of `fetch` with `redirect: "manual"` as an answer. Only 200 and 201 with a body of the schema are `ok`;
 * only 4xx with an error body of this API is a refusal. Rules UT1….
 */
export async function answerOf<Schema extends v.GenericSchema>(
  response: Response,
  schema: Schema,
): Promise<Answer<v.InferOutput<Schema>>> {
  const { status } = response;
  if (response.type === "opaqueredirect") return { kind: "foreign", status };
  const body = await bodyOf(response);
  if (!body.ok) return { kind: "unreachable", detail: body.detail };
  if (status === 200 || status === 201) {
    const parsed = parse(schema, body.text);
    return parsed.success ? { kind: "ok", status, value: parsed.output } : { kind: "foreign", status };
  }
  if (status === NETWORK_AUTHENTICATION_REQUIRED) return { kind: "foreign", status };
  if (status >= 500 || PASSING.has(status)) {
    return { kind: "busy", status, retryAfterMs: retryAfterMs(response.headers) };
  }
  const refusal = parse(errorReply, body.text);
  if (status >= 400 && refusal.success) return { kind: "refused", status, ...refusal.output.error };
  // A proxy with a lower limit than ours says so in its own words, and will say so again.
  if (status === 413) return { kind: "refused", status, reason: "too-large", message: "refused on the way" };
  return { kind: "foreign", status };
}

/** The same body again as another schema, e.g. a refusal that carries more. */
export function parse<Schema extends v.GenericSchema>(schema: Schema, text: string): v.SafeParseResult<Schema> {
  return v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text) as v.SafeParseResult<Schema>;
}

/** A connection that breaks within the body is no reply; a stop is passed on. */
async function bodyOf(response: Response): Promise<Body> {
  try {
    return { ok: true, text: await response.text() };
  } catch (error) {
    if (!isNetworkError(error)) throw error;
    return { ok: false, detail: error.message };
  }
}

/** What `fetch` and a body reader throw when the network fails; an abort is another error. */
export function isNetworkError(error: unknown): error is Error {
  return error instanceof TypeError || (error instanceof DOMException && error.name === "NetworkError");
}

/** `Retry-After` in ms: seconds, or a date, which is read against the server's own clock. `null` when there is none. */
export function retryAfterMs(headers: Headers): number | null {
  const value = headers.get("Retry-After")?.trim();
  if (!value) return null;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  if (Number.isNaN(at)) return null;
  const served = Date.parse(headers.get("Date") ?? "");
  return Math.max(at - (Number.isNaN(served) ? Date.now() : served), 0);
}
