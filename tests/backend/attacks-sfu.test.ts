import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { admittedGuest, statusAndReason } from "./rig/api.ts";
import { stateOf } from "./rig/attacks.ts";
import {
  cameraOf,
  callOf,
  FakeRealtime,
  hostAndGuest,
  post,
  publish,
  pullOf,
  PUSH,
  put,
  realtime,
} from "./rig/realtime.ts";
import { connect } from "./rig/socket.ts";

let sfu: FakeRealtime;

beforeEach(() => {
  sfu = new FakeRealtime();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const inCall = () => hostAndGuest(sfu);
const ANSWER = { sessionDescription: { type: "answer", sdp: "v=0" } };

describe("the call's proxy", () => {
  it("[RT20] a guest closes, renegotiates, changes or reads nobody else's session", async () => {
    const { host, track, guest } = await inCall();
    const before = await stateOf(host);
    const ofHost = `sessions/${track.session}`;
    const attempts = [
      [`${ofHost}/tracks/close`, put({ tracks: [{ mid: "0" }], force: true })],
      [`${ofHost}/tracks/new`, post(PUSH)],
      [`${ofHost}/tracks/new`, post(pullOf(track))],
      [`${ofHost}/tracks/update`, put({ tracks: [{ ...pullOf(track).tracks[0], mid: "0" }] })],
      [`${ofHost}/renegotiate`, put(ANSWER)],
      [ofHost, {}],
    ] as const;
    for (const [path, options] of attempts) {
      expect(await statusAndReason(await realtime(guest, path, options)), path).toEqual([403, "not-yours"]);
    }
    expect(sfu.asked).toEqual([]);
    expect(await stateOf(host)).toEqual(before);
  });

  it("[RT21] a session's name that is none is 403, in whatever spelling, and nothing is forwarded", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const { guest, session } = await inCall();
    const names = [
      "x%2f..%2f..%2fapps",
      "x/../../apps",
      "%2e%2e%2f%2e%2e%2fapps",
      `${session}%2f..%2f..%2fapps`,
      `${session}%3fx=1`,
      `${session}%23`,
      `${session}%0d%0aX-Header:%20x`,
      `${session}%00`,
      "new",
      "undefined",
      "%E2%80%AE".repeat(16),
      session.toUpperCase() === session ? `${session}0` : session.toUpperCase(),
      "a".repeat(5000),
      "__proto__",
    ];
    for (const name of names) {
      // Not for the limit's sake.
      vi.setSystemTime(Date.now() + 1000);
      for (const [path, options] of [
        [`sessions/${name}/tracks/close`, put({ tracks: [{ mid: "0" }], force: true })],
        [`sessions/${name}/tracks/new`, post(PUSH)],
        [`sessions/${name}/renegotiate`, put(ANSWER)],
        [`sessions/${name}`, {}],
      ] as const) {
        const response = await realtime(guest, path, options);
        expect(response.status, `${path}: ${await response.text()}`).toBe(403);
      }
    }
    expect(sfu.asked).toEqual([]);
  });

  it("[RT22] a track is pulled only while somebody in this room publishes it", async () => {
    const { host, a, track, guest, session } = await inCall();
    const elsewhere = await inCall();
    sfu.asked.length = 0;
    const pull = (what: object) => realtime(guest, `sessions/${session}/tracks/new`, post(what));
    const foreign = [
      pullOf(elsewhere.track),
      pullOf({ ...track, trackName: "screen" }),
      pullOf({ ...track, session: cameraOf("0".repeat(32)).session }),
      { tracks: [...pullOf(track).tracks, ...pullOf(elsewhere.track).tracks] },
    ];
    for (const what of foreign) {
      expect(await statusAndReason(await pull(what)), JSON.stringify(what)).toEqual([403, "not-yours"]);
    }
    const update = put({ tracks: [{ ...pullOf(elsewhere.track).tracks[0], mid: "0" }] });
    const updated = await realtime(guest, `sessions/${session}/tracks/update`, update);
    expect(await statusAndReason(updated)).toEqual([403, "not-yours"]);
    expect(sfu.asked).toEqual([]);
    expect((await pull(pullOf(track))).status).toBe(200);
    a.send(callOf([]));
    await a.settled();
    expect(await statusAndReason(await pull(pullOf(track)))).toEqual([403, "not-yours"]);
    await connect(host);
  });

  it("[RT22] nor of somebody who is out of reach, has left, or was removed", async () => {
    const { host, a, guest, b, session } = await inCall();
    const other = await admittedGuest(host, "Cora");
    const pull = async (track: Parameters<typeof pullOf>[0]) =>
      statusAndReason(await realtime(guest, `sessions/${session}/tracks/new`, post(pullOf(track))));
    for (const end of ["close", "leave", "remove"] as const) {
      const { socket } = await connect(other);
      const track = await publish(other, socket);
      await b.settled();
      if (end === "close") socket.close();
      if (end === "leave") socket.send({ type: "leave" });
      if (end === "remove") a.send({ type: "remove", participant: other.participant });
      if (end === "close") await b.next("participant", ({ participant }) => !participant.connected);
      else await socket.closed;
      expect(await pull(track), end).toEqual([403, "not-yours"]);
    }
  });

  it("[RT23] operations outside of the list are 403, and nothing is forwarded", async () => {
    const { host, guest, session } = await inCall();
    const outside = [
      ["POST", "datachannels/new"],
      ["POST", `sessions/${session}/datachannels/new`],
      ["POST", `sessions/${session}/datachannels/establish`],
      ["DELETE", `sessions/${session}`],
      ["PUT", `sessions/${session}`],
      ["POST", `sessions/${session}/tracks/close`],
      ["PUT", `sessions/${session}/tracks/new`],
      ["GET", "sessions"],
      ["PUT", "sessions/new"],
      ["POST", "adapters/websocket/new"],
      ["POST", "generate-ice-servers"],
      ["GET", "apps"],
      ["GET", ""],
      ["PATCH", "x/../../../apps/other/sessions/new"],
    ] as const;
    for (const [method, path] of outside) {
      const response = await realtime(guest, path, { method, ...(method === "GET" ? {} : { json: {} }) });
      const body = await response.text();
      expect([403, 404], `${method} ${path}: ${response.status} ${body}`).toContain(response.status);
      if (!path.includes("..")) expect(body, `${method} ${path}`).toContain('"not-allowed"');
    }
    expect(sfu.asked).toEqual([]);
    await connect(host);
  });

  it("[RT24] a session that was handed to two is the first one's", async () => {
    const { guest, host, session } = await inCall();
    sfu.answer = () => Response.json({ sessionId: session }, { status: 201 });
    const again = await realtime(host, "sessions/new", { method: "POST" });
    expect(await statusAndReason(again)).toEqual([403, "not-yours"]);
    sfu.answer = null;
    expect((await realtime(host, `sessions/${session}`)).status).toBe(403);
    expect((await realtime(guest, `sessions/${session}`)).status).toBe(200);
  });
});
