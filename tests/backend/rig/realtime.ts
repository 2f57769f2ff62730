import { env } from "cloudflare:workers";
import * as v from "valibot";
import { vi } from "vitest";
import { type CallTrack, callTrack } from "#protocol/call.ts";
import { admittedGuest, call, hostedRoom, type Seat } from "./api.ts";
import { connect, type RoomSocket } from "./socket.ts";

/** What the SFU was asked. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | null;
  readonly body: unknown;
}

type Answer = (asked: Asked) => Response | Promise<Response>;

/** The SFU on the other end of `REALTIME_API`: notes what it is asked, and answers in the shapes of the API. */
export class FakeRealtime {
  readonly asked: Asked[] = [];
  /** Instead of the usual answers. */
  answer: Answer | null = null;
  #sessions = 0;

  constructor() {
    vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
      const headers = new Headers(init.headers);
      const body: unknown = typeof init.body === "string" ? JSON.parse(init.body) : null;
      const asked = { method: init.method ?? "GET", url, authorization: headers.get("Authorization"), body };
      this.asked.push(asked);
      return this.answer ? this.answer(asked) : this.usual(asked);
    });
  }

  usual({ method, url }: Asked): Response {
    if (url.endsWith("/sessions/new")) {
      this.#sessions += 1;
      return Response.json({ sessionId: sessionName(this.#sessions) }, { status: 201 });
    }
    if (method === "GET")
      return Response.json({
        tracks: [
          { mid: "0", status: "active" },
          { mid: "1", status: "active" },
        ],
      });
    if (url.endsWith("/renegotiate")) return Response.json({});
    const tracks = [{ mid: "0", trackName: "camera" }];
    return Response.json({ requiresImmediateRenegotiation: false, tracks });
  }

  /** What it was asked below `/apps/…`, as `METHOD path`. */
  paths(): readonly string[] {
    return this.asked.map(({ method, url }) => `${method} ${url.replace(`${APP}/`, "")}`);
  }
}

export const APP = `${env.REALTIME_API}/apps/${env.REALTIME_APP_ID}`;

/** 32 hexadecimal digits that differ between test files too. */
const BASE = Math.floor(Math.random() * 2 ** 40);
const sessionName = (at: number): string =>
  `${BASE.toString(16).padStart(12, "0")}${at.toString(16).padStart(20, "0")}`;

type Options = Omit<Parameters<typeof call>[1] & object, "token">;

/** A request about the call, as the page sends it. */
export const realtime = (seat: Pick<Seat, "room" | "token">, path: string, options: Options = {}) =>
  call(`/api/rooms/${seat.room}/realtime/${path}`, { token: seat.token, ...options });

export async function newSession(seat: Pick<Seat, "room" | "token">): Promise<string> {
  const response = await realtime(seat, "sessions/new", { method: "POST" });
  const { sessionId } = v.parse(v.object({ sessionId: v.string() }), await response.json());
  return sessionId;
}

export const cameraOf = (session: string, trackName = "camera"): CallTrack =>
  v.parse(callTrack, { source: "camera", session, trackName, simulcast: true });

export const callOf = (tracks: readonly CallTrack[]) => ({
  type: "call",
  call: { tracks, muted: false, cameraOff: false },
});

/** Publishes a camera to the call, and says so. */
export async function publish(seat: Pick<Seat, "room" | "token">, socket: RoomSocket): Promise<CallTrack> {
  const track = cameraOf(await newSession(seat));
  socket.send(callOf([track]));
  await socket.settled();
  return track;
}

/** A host who publishes, and a guest with a session of their own; what the SFU was asked for that is forgotten. */
export async function hostAndGuest(sfu: FakeRealtime) {
  const host = await hostedRoom();
  const { socket: a } = await connect(host);
  const track = await publish(host, a);
  const guest = await admittedGuest(host, "Bob");
  const { socket: b } = await connect(guest);
  const session = await newSession(guest);
  await a.settled();
  sfu.asked.length = 0;
  return { host, a, track, guest, b, session };
}

export const post = (json: unknown) => ({ method: "POST", json });
export const put = (json: unknown) => ({ method: "PUT", json });

export const pullOf = ({ session, trackName }: Pick<CallTrack, "session" | "trackName">) => ({
  tracks: [{ location: "remote", sessionId: session, trackName }],
});

export const OFFER = { type: "offer", sdp: "v=0\r\n" } as const;
export const PUSH = { sessionDescription: OFFER, tracks: [{ location: "local", mid: "0", trackName: "camera" }] };
