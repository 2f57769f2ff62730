import * as v from "valibot";
import type { SfuSessionId } from "#protocol/call.ts";
import { closeTracks, tracksReply } from "#protocol/realtime-api.ts";
import { type CallAnswer, type CallApi, parsed } from "./call-api.ts";
import { CallError } from "./call-error.ts";
import type { LiveCallPorts } from "./call-ports.ts";

/** The SFU may wait 5 s for a connection within an operation; then the way there and back. */
const OPERATION_TIMEOUT_MS = 7_000;
const RETRY_FIRST_MS = 100;
const RETRY_MOST_MS = 1_000;
/** 100 + 200 + 400 + 800 + 1000 + 1000: an SFU that says "later" for 3.5 s has an offer that nobody will answer. */
const MOST_BUSY = 6;

export interface GatePorts extends Pick<LiveCallPorts, "prefix" | "scheduler"> {
  readonly api: CallApi;
  readonly session: SfuSessionId;
  /** The session is of no use any more. */
  readonly broken: () => void;
  readonly failed: (error: unknown) => void;
  /** The first request goes out. */
  readonly used: () => void;
}

/**
 * What partytracks calls instead of `fetch` for one session. It gets a usable JSON answer, or none at all: a request that
 * cannot be had ends the session, and a library that waits for ever is then dropped with it.
 */
export class SessionGate {
  readonly #ports: GatePorts;
  readonly #shut = new AbortController();
  readonly #closing = new Map<string, () => void>();
  readonly #told = new Set<string>();
  #isUsed = false;

  constructor(ports: GatePorts) {
    this.#ports = ports;
  }

  /** Nothing goes out any more, and nothing that is under way is answered. */
  shut(): void {
    this.#shut.abort(new CallError("broken", "note", "the session of the call was given up"));
  }

  /** Resolves once the SFU has closed the line, or the session is shut. */
  closed(mid: string): Promise<void> {
    return new Promise((resolve) => {
      if (this.#shut.signal.aborted) {
        resolve();
        return;
      }
      this.#closing.set(mid, resolve);
      this.#shut.signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  readonly fetch: typeof fetch = async (input, init) => {
    if (!this.#isUsed) {
      this.#isUsed = true;
      this.#ports.used();
    }
    const path = this.#pathOf(input);
    const method = init?.method === "PUT" ? "PUT" : init?.method === "POST" ? "POST" : "GET";
    const body = typeof init?.body === "string" ? init.body : "";
    const isClose = path.endsWith("/tracks/close");
    const sent = isClose ? onlyStopped(body) : body;
    const answer = await this.#persist({ method, path, body: sent, timeoutMs: OPERATION_TIMEOUT_MS });
    if (answer === null) return never();
    if (isClose) this.#noteClosed(sent);
    return answer;
  };

  /** Until there is an answer that partytracks can work with; `null`: there will be none. */
  async #persist(request: Parameters<CallApi["send"]>[0]): Promise<Response | null> {
    let waitMs = RETRY_FIRST_MS;
    for (let busy = 0; busy <= MOST_BUSY; ) {
      const answer = await this.#ports.api.send({ ...request, signal: this.#shut.signal });
      if (this.#shut.signal.aborted) return null;
      if (answer.kind === "ok") return this.#accepted(request, answer.text);
      if (answer.kind === "busy") busy++;
      else if (answer.kind !== "unreachable") return this.#turnedDown(request, answer);
      await this.#ports.scheduler.delay(waitMs, this.#shut.signal).catch(ifAborted(this.#shut.signal));
      if (this.#shut.signal.aborted) return null;
      waitMs = Math.min(RETRY_MOST_MS, waitMs * 2);
    }
    return this.#giveUp(CallError.broken(request.path, "the SFU says later, again and again"));
  }

  #accepted(request: Parameters<CallApi["send"]>[0], text: string): Response | null {
    const reply = v.safeParse(tracksReply, parsed(text));
    if (!reply.success) return this.#giveUp(CallError.broken(request.path, "not an answer of the SFU"));
    const { tracks, errorCode, errorDescription } = reply.output;
    const operation = request.path.split("/").slice(2).join("/");
    if (errorCode !== undefined) {
      return this.#turnedDown(request, {
        kind: "refused",
        status: 200,
        said: `${errorCode} ${errorDescription ?? ""}`,
      });
    }
    // A pull of a track that is gone is asked for again by the library until the room's state says otherwise: told once.
    for (const { trackName, errorCode, errorDescription } of tracks) {
      if (errorCode === undefined || this.#told.has(`${trackName} ${errorCode}`)) continue;
      this.#told.add(`${trackName} ${errorCode}`);
      this.#ports.failed(CallError.refused(operation, 200, `${errorCode} ${errorDescription ?? ""}`));
    }
    return new Response(text, { status: 200, headers: { "content-type": "application/json" } });
  }

  /** Publishing and pulling are tried again by the library; for anything else the session is no longer what both sides think it is. */
  #turnedDown(request: Parameters<CallApi["send"]>[0], answer: CallAnswer): Response | null {
    if (answer.kind === "gone") return this.#giveUp(null);
    const said = "said" in answer ? answer.said : answer.kind;
    const status = "status" in answer ? answer.status : 0;
    const error = CallError.refused(request.path.split("/").slice(2).join("/"), status, said);
    if (!request.path.endsWith("/tracks/new")) return this.#giveUp(error);
    this.#ports.failed(error);
    const body = JSON.stringify({ errorCode: answer.kind, errorDescription: said });
    return new Response(body, { status: 200, headers: { "content-type": "application/json" } });
  }

  #giveUp(error: CallError | null): null {
    if (error) this.#ports.failed(error);
    this.#ports.broken();
    return null;
  }

  #noteClosed(body: string): void {
    const request = v.safeParse(closeTracks, parsed(body));
    for (const { mid } of request.success ? request.output.tracks : []) {
      this.#closing.get(mid)?.();
      this.#closing.delete(mid);
    }
  }

  #pathOf(input: RequestInfo | URL): string {
    const address = input instanceof Request ? input.url : input.toString();
    const path = address.startsWith(this.#ports.prefix) ? address.slice(this.#ports.prefix.length + 1) : address;
    return path.split("?")[0] ?? path;
  }
}

/**
 * A close names every line whose turn it was, but stops only the first of them in its offer (partytracks' fault): the others
 * would be closed on one side only, so they are left out.
 */
export function onlyStopped(body: string): string {
  const request = v.safeParse(closeTracks, parsed(body));
  if (!request.success || request.output.sessionDescription === undefined) return body;
  const stopped = stoppedMids(request.output.sessionDescription.sdp);
  const tracks = request.output.tracks.filter(({ mid }) => stopped.has(mid));
  return JSON.stringify({ ...request.output, tracks });
}

function stoppedMids(sdp: string): ReadonlySet<string> {
  const mids = new Set<string>();
  for (const section of sdp.split(/\r?\n(?=m=)/).slice(1)) {
    const mid = /^a=mid:(.+?)\r?$/m.exec(section)?.[1];
    const isOff = /^m=\S+ 0 /.test(section) || /^a=inactive\r?$/m.test(section);
    if (mid !== undefined && isOff) mids.add(mid);
  }
  return mids;
}

/** Lets the rejection pass that the signal itself made. */
function ifAborted(signal: AbortSignal): (error: unknown) => void {
  return (error) => {
    if (!signal.aborted) throw error;
  };
}

const never = (): Promise<never> => new Promise(() => undefined);
