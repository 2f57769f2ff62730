import * as v from "valibot";
import { RequestPace } from "#core/call/request-pace.ts";
import { sfuSessionId, type SfuSessionId } from "#protocol/call.ts";
import { errorReply } from "#protocol/errors.ts";
import { realtimeError } from "#protocol/realtime-api.ts";
import { CallError } from "./call-error.ts";
import { type LiveCallPorts, nowMs } from "./call-ports.ts";
import { reachServer } from "./reach-server.ts";
import { within } from "./within.ts";

/** What became of one request to the SFU through the backend. */
export type CallAnswer =
  /** The reply's text is JSON. */
  | { readonly kind: "ok"; readonly text: string }
  /** The session is dead: 410, or 404 of a session. */
  | { readonly kind: "gone" }
  /** This server has no SFU. */
  | { readonly kind: "no-call" }
  /** Not (or no longer) allowed; a renewed token changes nothing. */
  | { readonly kind: "forbidden"; readonly status: number; readonly said: string }
  /** 406, 425, 429: again in a moment. */
  | { readonly kind: "busy"; readonly status: number; readonly said: string }
  | { readonly kind: "refused"; readonly status: number; readonly said: string }
  /** No connection, no answer in time (`silent`), or somebody's 5xx. */
  | { readonly kind: "unreachable"; readonly silent: boolean };

export interface CallRequest {
  readonly method: "GET" | "POST" | "PUT";
  /** Below the prefix, without a slash before it. */
  readonly path: string;
  readonly body?: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Outlives the page. */
  readonly keepalive?: boolean;
}

const sessionMade = v.object({ sessionId: sfuSessionId });

/** A new session needs nothing but an answer. */
const MAKE_TIMEOUT_MS = 2_500;
/** A probe asks whether anybody answers at all. */
const PROBE_TIMEOUT_MS = 1_000;

/** Connections that are not those of uploads, which may all be busy or stuck when the call needs one: Chromium keeps them apart by this. */
const OWN_CONNECTIONS = { credentials: "omit", cache: "no-store", redirect: "manual" } as const;

/** The Realtime API as this page uses it: with its token, at most 40 requests a second, redirects not followed. Never throws. */
export class CallApi {
  readonly #ports: Pick<LiveCallPorts, "prefix" | "token" | "clock" | "scheduler">;
  readonly #pace = new RequestPace();

  constructor(ports: Pick<LiveCallPorts, "prefix" | "token" | "clock" | "scheduler">) {
    this.#ports = ports;
  }

  async makeSession(signal: AbortSignal): Promise<SfuSessionId | Exclude<CallAnswer, { kind: "ok" }>> {
    const answer = await this.send({ method: "POST", path: "sessions/new", timeoutMs: MAKE_TIMEOUT_MS, signal });
    if (answer.kind !== "ok") return answer;
    const made = v.safeParse(sessionMade, parsed(answer.text));
    return made.success ? made.output.sessionId : { kind: "unreachable", silent: false };
  }

  probe(session: SfuSessionId, signal: AbortSignal): Promise<CallAnswer> {
    return this.send({ method: "GET", path: `sessions/${session}`, timeoutMs: PROBE_TIMEOUT_MS, signal });
  }

  /** Resolves once anybody answers, or the way there fails at once: see `reachServer`. */
  reach(more: EventTarget, signal: AbortSignal): Promise<void> {
    const { prefix, scheduler } = this.#ports;
    const ask = async (ended: AbortSignal): Promise<void> => {
      const reply = await fetch(`${prefix}/sessions/none`, { ...OWN_CONNECTIONS, signal: ended });
      // Read to its end: only then does the connection serve the next request.
      await reply.text();
    };
    return reachServer(ask, scheduler, more, signal);
  }

  /** Tells the SFU that these lines end with the page; whether it hears is not waited for. */
  closeLines(session: SfuSessionId, mids: readonly string[]): Promise<CallAnswer> {
    const body = JSON.stringify({ tracks: mids.map((mid) => ({ mid })), force: true });
    return this.send({
      method: "PUT",
      path: `sessions/${session}/tracks/close`,
      body,
      timeoutMs: 2_000,
      keepalive: true,
    });
  }

  /** One request; a second one with a new token when the first was refused for its token. */
  async send(request: CallRequest): Promise<CallAnswer> {
    const first = await this.#attempt(request, false);
    return first.kind === "forbidden" && first.status === 401 ? this.#attempt(request, true) : first;
  }

  async #attempt(request: CallRequest, renew: boolean): Promise<CallAnswer> {
    const { prefix, token, scheduler } = this.#ports;
    const timeout = AbortSignal.timeout(request.timeoutMs);
    const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout;
    try {
      const bearer = await within(token(renew), signal);
      const waitMs = this.#pace.waitMs(nowMs(this.#ports));
      if (waitMs > 0) await scheduler.delay(waitMs, signal);
      const reply = await fetch(`${prefix}/${request.path}`, {
        ...OWN_CONNECTIONS,
        method: request.method,
        headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
        body: request.body ?? null,
        keepalive: request.keepalive ?? false,
        signal,
      });
      return judge(request, reply.status, await reply.text());
    } catch (error) {
      if (isNoConnection(error)) return { kind: "unreachable", silent: timeout.aborted };
      throw CallError.broken(`${request.method} ${request.path}`, "no request could be made", error);
    }
  }
}

/** `fetch` rejects with a TypeError for the network, with a DOMException for an abort or a timeout; a token's renewal with its own. */
function isNoConnection(error: unknown): boolean {
  return error instanceof Error || error instanceof DOMException;
}

function judge(request: CallRequest, status: number, text: string): CallAnswer {
  const body = parsed(text);
  if (status >= 200 && status < 300)
    return body === undefined ? { kind: "unreachable", silent: false } : { kind: "ok", text };
  const { reason, said } = saidIn(body);
  if (status === 503 && reason === "no-call") return { kind: "no-call" };
  if (status === 410 || (status === 404 && /^sessions\/(?!new)/.test(request.path))) return { kind: "gone" };
  if (status === 406 || status === 425 || status === 429) return { kind: "busy", status, said };
  if (status === 401 || status === 403) return { kind: "forbidden", status, said };
  // 0: a redirect that was not followed, a captive portal or a sign-in page before the studio
  if (status < 400 || status >= 500) return { kind: "unreachable", silent: false };
  return { kind: "refused", status, said };
}

/** JSON of a reply; undefined when it is none: then it is not from our server. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Why: the backend's own error, or the SFU's. */
function saidIn(body: unknown): { readonly reason: string; readonly said: string } {
  const ours = v.safeParse(errorReply, body);
  if (ours.success) return { reason: ours.output.error.reason, said: ours.output.error.message };
  const theirs = v.safeParse(realtimeError, body);
  if (theirs.success) return { reason: theirs.output.errorCode, said: theirs.output.errorDescription };
  return { reason: "", said: "" };
}
