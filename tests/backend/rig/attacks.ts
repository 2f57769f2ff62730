import { runInDurableObject } from "cloudflare:test";
import { randomId } from "../../../worker-backend/auth/secrets.ts";
import { call, declareTake, declareTrack, type HostSeat, hostedRoom, keysOf, stubOf, takesOf } from "./api.ts";

/** A room with a take and a track to attack. */
export async function target() {
  const host = await hostedRoom();
  const take = await declareTake(host);
  const track = await declareTrack(host, take);
  return { host, take, track };
}

/** Everything that a refused request could have changed. */
export async function stateOf(host: HostSeat): Promise<unknown> {
  const rows = await runInDurableObject(stubOf(host.room), (_, { storage }) =>
    ["participants", "invites", "chat", "markers", "takes"].map((table) =>
      storage.sql.exec(`SELECT * FROM ${table} ORDER BY 1`).toArray(),
    ),
  );
  const links = await call(`/api/rooms/${host.room}/editor-links`, { token: host.token });
  const lobby = await call(`/api/rooms/${host.room}`);
  return {
    rows,
    takes: await takesOf(host),
    keys: await keysOf(host.room),
    links: await links.json(),
    lobby: await lobby.json(),
  };
}

/** One call of every kind that needs a token. */
export function guardedCalls(room: string, take: string, track: string) {
  const ofTake = `/api/rooms/${room}/takes/${take}`;
  const ofTrack = `${ofTake}/tracks/${track}`;
  return [
    { path: ofTake, method: "PUT", json: { startedMs: 1, title: "x", alone: true } },
    { path: ofTrack, method: "PUT", json: { source: "camera", label: "x" } },
    { path: `${ofTrack}/epochs`, method: "GET" },
    { path: `${ofTrack}/seal`, method: "POST", json: { epochs: 0, chain: null, end: "closed", endUs: 0, gaps: [] } },
    { path: `/api/rooms/${room}/takes`, method: "GET" },
    { path: `${ofTake}/demux`, method: "POST", json: { deliver: "complete" } },
    { path: `${ofTake}/exports/Alice.mkv`, method: "GET" },
    { path: `${ofTake}/exports.zip`, method: "GET" },
    { path: `/api/rooms/${room}/exports-access`, method: "POST" },
    { path: `/api/rooms/${room}/editor-links`, method: "POST", json: { days: 7 } },
    { path: `/api/rooms/${room}/editor-links`, method: "GET" },
    { path: `/api/rooms/${room}/editor-links/${randomId()}`, method: "DELETE" },
    { path: `/api/rooms/${room}/invites`, method: "POST" },
    ...realtimeCalls(room),
    { path: ofTake, method: "DELETE" },
    { path: `/api/rooms/${room}`, method: "DELETE" },
  ];
}

/** Every operation of the call's proxy, and some that it does not know. */
function realtimeCalls(room: string) {
  const below = `/api/rooms/${room}/realtime`;
  const ofSession = `${below}/sessions/${"0".repeat(32)}`;
  const pull = { location: "remote", sessionId: "0".repeat(32), trackName: "camera" };
  const answer = { sessionDescription: { type: "answer", sdp: "v=0" } };
  return [
    { path: `${below}/sessions/new`, method: "POST" },
    { path: `${ofSession}/tracks/new`, method: "POST", json: { tracks: [pull] } },
    { path: `${ofSession}/tracks/update`, method: "PUT", json: { tracks: [{ ...pull, mid: "0" }] } },
    { path: `${ofSession}/tracks/close`, method: "PUT", json: { tracks: [{ mid: "0" }], force: true } },
    { path: `${ofSession}/renegotiate`, method: "PUT", json: answer },
    { path: ofSession, method: "GET" },
    { path: `${below}/generate-ice-servers`, method: "GET" },
    { path: `${below}/datachannels/new`, method: "POST", json: {} },
  ];
}
