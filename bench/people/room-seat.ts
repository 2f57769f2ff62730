import * as v from "valibot";
import { type CallTrack, sfuSessionId } from "#protocol/call.ts";
import { joined } from "#protocol/http-api.ts";
import { type ClientMessage, ROOM_PROTOCOL, serverFrame } from "#protocol/room-messages.ts";

/** Devices ask for the clock this often; who says nothing is taken for gone. */
const ASK_CLOCK_MS = 2000;

/** A place in a room, held over its socket. */
export interface RoomSeat {
  readonly token: string;
  /** Tells the room what this person publishes in which session. */
  publishes(session: string, names: { readonly sound: string; readonly picture: string }): void;
  leave(): void;
}

/** @param invite of a one-time link: no waiting */
export async function takeSeat(origin: string, room: string, invite: string, name: string): Promise<RoomSeat> {
  const answer = await fetch(`${origin}/api/rooms/${room}/participants`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name, consent: true, invite }),
  });
  if (!answer.ok) throw new Error(`no seat: ${answer.status} ${await answer.text()}`);
  const { token } = v.parse(joined, await answer.json());
  // Node's own takes headers, which the DOM's type does not know.
  const options: object = { headers: { Origin: origin } };
  const socket = new WebSocket(`${origin.replace("http", "ws")}/api/rooms/${room}/socket`, options as string[]);
  const say = (message: ClientMessage) => socket.send(JSON.stringify(message));
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("error", () => reject(new Error("the socket failed")));
    socket.addEventListener("close", ({ code, reason }) => reject(new Error(`the socket closed: ${code} ${reason}`)));
    socket.addEventListener("open", () => say({ type: "hello", protocol: ROOM_PROTOCOL, token }));
    socket.addEventListener("message", ({ data }) => {
      if (v.parse(serverFrame, JSON.parse(String(data))).some(({ type }) => type === "welcome")) resolve();
    });
  });
  let asked = 0;
  const clock = setInterval(() => say({ type: "clock-ping", id: ++asked, t0: performance.now() * 1000 }), ASK_CLOCK_MS);
  return {
    token,
    publishes: (sessionId, { sound, picture }) => {
      const session = v.parse(sfuSessionId, sessionId);
      const tracks: CallTrack[] = [
        { source: "microphone", session, trackName: sound, simulcast: false },
        { source: "camera", session, trackName: picture, simulcast: true },
      ];
      say({ type: "call", call: { tracks, muted: false, cameraOff: false } });
    },
    leave: () => {
      clearInterval(clock);
      say({ type: "leave" });
      socket.close();
    },
  };
}
