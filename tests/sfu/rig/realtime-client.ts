import * as v from "valibot";
import {
  realtimeError,
  renegotiated,
  sessionCreated,
  sessionState,
  tracksReply,
  type TracksReply,
} from "#protocol/realtime-api.ts";

/** An app at a Realtime API. */
export interface RealtimeApp {
  /** Ends with `/v1`. */
  readonly url: string;
  readonly appId: string;
  readonly secret: string;
}

export interface RealtimeReply {
  readonly status: number;
  readonly body: unknown;
}

/** Speaks the API as the backend does; every reply is parsed by the schema of its operation. */
export class RealtimeClient {
  readonly #app: RealtimeApp;

  constructor(app: RealtimeApp) {
    this.#app = app;
  }

  async ask(method: string, path: string, body?: unknown, secret = this.#app.secret): Promise<RealtimeReply> {
    const reply = await fetch(`${this.#app.url}/apps/${this.#app.appId}/${path}`, {
      method,
      headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    return { status: reply.status, body: await reply.json() };
  }

  /** @returns the status and code of a request that must be refused */
  async refused(method: string, path: string, body?: unknown, secret?: string): Promise<[number, string]> {
    const reply = await this.ask(method, path, body, secret);
    const { errorCode } = v.parse(realtimeError, reply.body);
    return [reply.status, errorCode];
  }

  async #expect<const Schema extends v.GenericSchema>(status: number, schema: Schema, reply: Promise<RealtimeReply>) {
    const { status: got, body } = await reply;
    if (got !== status) throw new Error(`${got} instead of ${status}: ${JSON.stringify(body)}`);
    return v.parse(schema, body);
  }

  async newSession(): Promise<string> {
    return (await this.#expect(201, sessionCreated, this.ask("POST", "sessions/new"))).sessionId;
  }

  push(session: string, sdp: string, tracks: readonly { mid: string; trackName: string }[]): Promise<TracksReply> {
    const local = tracks.map((track) => ({ location: "local", ...track }));
    const body = { sessionDescription: { type: "offer", sdp }, tracks: local };
    return this.#expect(200, tracksReply, this.ask("POST", `sessions/${session}/tracks/new`, body));
  }

  pull(session: string, wanted: readonly { sessionId: string; trackName: string }[]): Promise<TracksReply> {
    const tracks = wanted.map((track) => ({ location: "remote", ...track }));
    return this.#expect(200, tracksReply, this.ask("POST", `sessions/${session}/tracks/new`, { tracks }));
  }

  renegotiate(session: string, sdp: string) {
    const body = { sessionDescription: { type: "answer", sdp } };
    return this.#expect(200, renegotiated, this.ask("PUT", `sessions/${session}/renegotiate`, body));
  }

  update(session: string, tracks: readonly unknown[]): Promise<TracksReply> {
    return this.#expect(200, tracksReply, this.ask("PUT", `sessions/${session}/tracks/update`, { tracks }));
  }

  close(session: string, mids: readonly string[], sdp?: string): Promise<TracksReply> {
    const tracks = mids.map((mid) => ({ mid }));
    const offer = sdp === undefined ? { force: true } : { force: false, sessionDescription: { type: "offer", sdp } };
    return this.#expect(200, tracksReply, this.ask("PUT", `sessions/${session}/tracks/close`, { tracks, ...offer }));
  }

  state(session: string) {
    return this.#expect(200, sessionState, this.ask("GET", `sessions/${session}`));
  }
}
