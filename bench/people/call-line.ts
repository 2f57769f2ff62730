import * as v from "valibot";
import {
  realtimeError,
  renegotiated,
  sessionCreated,
  type SimulcastWish,
  tracksReply,
} from "#protocol/realtime-api.ts";

/** Where the Realtime API is spoken, and as whom. */
export interface RealtimeAccess {
  /** What stands before `/sessions`: an app of an SFU, or a room's proxy. */
  readonly base: string;
  readonly bearer: string;
}

export interface PushedTrack {
  readonly mid: string;
  readonly trackName: string;
}

export interface PulledTrack {
  readonly sessionId: string;
  readonly trackName: string;
  readonly simulcast?: SimulcastWish;
}

/** A session of the Realtime API. */
export class CallLine {
  readonly session: string;
  readonly #access: RealtimeAccess;

  private constructor(access: RealtimeAccess, session: string) {
    this.#access = access;
    this.session = session;
  }

  static async open(access: RealtimeAccess): Promise<CallLine> {
    const { sessionId } = await ask(access, "POST", "sessions/new", undefined, sessionCreated);
    return new CallLine(access, sessionId);
  }

  /** @returns the answer */
  async push(sdp: string, tracks: readonly PushedTrack[]): Promise<string> {
    const body = {
      sessionDescription: { type: "offer", sdp },
      tracks: tracks.map((track) => ({ location: "local", ...track })),
    };
    return this.#tracks(body);
  }

  /** @returns the SFU's offer */
  async pull(tracks: readonly PulledTrack[]): Promise<string> {
    return this.#tracks({ tracks: tracks.map((track) => ({ location: "remote", ...track })) });
  }

  async #tracks(body: unknown): Promise<string> {
    const reply = await ask(this.#access, "POST", `sessions/${this.session}/tracks/new`, body, tracksReply);
    const failed = reply.tracks.find(({ errorCode }) => errorCode !== undefined);
    if (failed) throw new Error(`a track was refused: ${failed.errorCode} ${failed.errorDescription}`);
    if (!reply.sessionDescription) throw new Error("the SFU gave no description");
    return reply.sessionDescription.sdp;
  }

  async answer(sdp: string): Promise<void> {
    const body = { sessionDescription: { type: "answer", sdp } };
    await ask(this.#access, "PUT", `sessions/${this.session}/renegotiate`, body, renegotiated);
  }
}

async function ask<const Schema extends v.GenericSchema>(
  { base, bearer }: RealtimeAccess,
  method: string,
  path: string,
  body: unknown,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
  const reply = await fetch(`${base}/${path}`, {
    method,
    headers: { Authorization: `Bearer ${bearer}`, "Content-Type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const said: unknown = await reply.json();
  if (reply.ok) return v.parse(schema, said);
  const problem = v.safeParse(realtimeError, said);
  throw new Error(`${path}: ${reply.status} ${problem.success ? problem.output.errorCode : JSON.stringify(said)}`);
}
