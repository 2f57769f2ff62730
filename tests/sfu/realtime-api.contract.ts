import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MediaEnd } from "./rig/media-end.ts";
import { type RealtimeApp, RealtimeClient } from "./rig/realtime-client.ts";

const SOUND = [{ mid: "0", trackName: "sound" }];
const UNKNOWN = "0123456789abcdef0123456789abcdef";
const NO_OFFER = { type: "offer", sdp: "" };

/** A session with its other end. */
interface Side extends Disposable {
  readonly id: string;
  readonly end: MediaEnd;
}

/**
 * What any SFU that speaks the Realtime API must do. Run against the embedded one, and against an app at Cloudflare
 * when `REALTIME_APP_ID` and `REALTIME_APP_SECRET` are set.
 */
export function realtimeApiContract(name: string, appOf: () => RealtimeApp, iceServers: readonly string[] = []): void {
  describe(`Realtime API of ${name}`, () => {
    let api: RealtimeClient;
    const open: Side[] = [];
    beforeEach(() => {
      api = new RealtimeClient(appOf());
    });
    afterEach(() => {
      for (const side of open.splice(0)) side[Symbol.dispose]();
    });

    const side = async (): Promise<Side> => {
      const end = new MediaEnd(iceServers);
      const made = { id: await api.newSession(), end, [Symbol.dispose]: () => end[Symbol.dispose]() };
      open.push(made);
      return made;
    };

    /** Publishes sound, and sends it until the test has ended. */
    const publisher = async (): Promise<Side> => {
      const made = await side();
      made.end.addSound("0", 4242);
      const reply = await api.push(made.id, await made.end.offer(), SOUND);
      made.end.accept(reply.sessionDescription?.sdp ?? "");
      await made.end.untilConnected();
      const timer = setInterval(() => made.end.send(), 20);
      open.push({ ...made, [Symbol.dispose]: () => clearInterval(timer) });
      return made;
    };

    const subscriber = async (from: Side): Promise<{ to: Side; mid: string }> => {
      const to = await side();
      const reply = await api.pull(to.id, [{ sessionId: from.id, trackName: "sound" }]);
      await api.renegotiate(to.id, await to.end.answer(reply.sessionDescription?.sdp ?? ""));
      return { to, mid: reply.tracks[0]?.mid ?? "" };
    };

    it("[SF1] a session, a published track, an answer, a connection", async () => {
      const from = await side();
      from.end.addSound("0", 4242);
      const reply = await api.push(from.id, await from.end.offer(), SOUND);
      expect(reply.requiresImmediateRenegotiation).toBe(false);
      expect(reply.tracks).toEqual([expect.objectContaining({ mid: "0", trackName: "sound" })]);
      expect(reply.tracks[0]?.errorCode).toBeUndefined();
      expect(reply.sessionDescription?.type).toBe("answer");
      from.end.accept(reply.sessionDescription?.sdp ?? "");
      await from.end.untilConnected();
    });

    it("[SF2] a pulled track: an offer, its answer, packets", async () => {
      const from = await publisher();
      const to = await side();
      const reply = await api.pull(to.id, [{ sessionId: from.id, trackName: "sound" }]);
      expect(reply.requiresImmediateRenegotiation).toBe(true);
      expect(reply.sessionDescription?.type).toBe("offer");
      expect(reply.tracks[0]).toMatchObject({ sessionId: from.id, trackName: "sound" });
      await api.renegotiate(to.id, await to.end.answer(reply.sessionDescription?.sdp ?? ""));
      const mid = reply.tracks[0]?.mid ?? "";
      await expect.poll(() => to.end.received.get(mid) ?? 0, { timeout: 15_000 }).toBeGreaterThan(20);
    });

    it("[SF1] the state of a session names its tracks", async () => {
      const from = await publisher();
      const { to, mid } = await subscriber(from);
      expect((await api.state(from.id)).tracks).toEqual([
        expect.objectContaining({ location: "local", mid: "0", trackName: "sound", status: "active" }),
      ]);
      expect((await api.state(to.id)).tracks).toEqual([
        expect.objectContaining({ location: "remote", mid, sessionId: from.id, trackName: "sound" }),
      ]);
    });

    it("[SF3] a track that is not there is an error of that track, inside a 200", async () => {
      const from = await publisher();
      const to = await side();
      const reply = await api.pull(to.id, [{ sessionId: from.id, trackName: "nothing" }]);
      expect(reply.tracks[0]).toMatchObject({ errorCode: expect.any(String), errorDescription: expect.any(String) });
    });

    it("[SF4] 406 while the SFU's offer has no answer", async () => {
      const from = await publisher();
      const to = await side();
      const tracks = [{ location: "remote", sessionId: from.id, trackName: "sound" }];
      await api.pull(to.id, [{ sessionId: from.id, trackName: "sound" }]);
      const [status] = await api.refused("POST", `sessions/${to.id}/tracks/new`, { tracks });
      expect(status).toBe(406);
    });

    it("[SF5] 410 for a session that there is not", async () => {
      const tracks = [{ location: "remote", sessionId: UNKNOWN, trackName: "sound" }];
      const [status] = await api.refused("POST", `sessions/${UNKNOWN}/tracks/new`, { tracks });
      expect(status).toBe(410);
    });

    it("[SF17] 401 without the app's secret, whatever is asked", async () => {
      const from = await publisher();
      for (const [method, path] of [
        ["POST", "sessions/new"],
        ["GET", `sessions/${from.id}`],
        ["PUT", `sessions/${from.id}/tracks/close`],
      ] as const) {
        const body = method === "PUT" ? { tracks: [{ mid: "0" }], force: true } : undefined;
        const [status] = await api.refused(method, path, body, "not the secret");
        expect(status).toBe(401);
      }
      expect((await api.state(from.id)).tracks?.[0]?.status).toBe("active");
    });

    it("[SF8] update of a pulled track, and of a line that has none", async () => {
      const from = await publisher();
      const { to, mid } = await subscriber(from);
      await to.end.untilConnected();
      const wanted = { location: "remote", sessionId: from.id, trackName: "sound" };
      const reply = await api.update(to.id, [{ ...wanted, mid }]);
      expect(reply.requiresImmediateRenegotiation).toBe(false);
      expect(reply.tracks[0]).toMatchObject({ mid, trackName: "sound" });
      expect(reply.tracks[0]?.errorCode).toBeUndefined();
      const none = await api.update(to.id, [{ ...wanted, mid: "77" }]);
      expect(none.tracks[0]?.errorCode).toEqual(expect.any(String));
    });

    it("[SF7] closing by force ends the packets; closing again is an error of that track", async () => {
      const from = await publisher();
      const { to, mid } = await subscriber(from);
      await expect.poll(() => to.end.received.get(mid) ?? 0, { timeout: 15_000 }).toBeGreaterThan(5);
      const closed = await api.close(from.id, ["0"]);
      expect(closed.tracks).toEqual([expect.objectContaining({ mid: "0" })]);
      expect(closed.tracks[0]?.errorCode).toBeUndefined();
      expect(closed.sessionDescription).toBeUndefined();
      const again = await api.close(from.id, ["0"]);
      expect(again.tracks[0]).toMatchObject({ mid: "0", errorCode: "close_track_error" });
      await expect
        .poll(async () => (await api.state(from.id)).tracks?.[0]?.status ?? "gone", { timeout: 15_000 })
        .not.toBe("active");
    });

    it("[SF7] closing with an offer is answered", async () => {
      const from = await publisher();
      const reply = await api.close(from.id, ["0"], await from.end.offer());
      expect(reply.tracks[0]).toMatchObject({ mid: "0" });
      expect(reply.sessionDescription?.type).toBe("answer");
    });

    it.each([
      ["no JSON", "{"],
      ["no tracks", { sessionDescription: NO_OFFER }],
      ["an offer of nothing", { sessionDescription: NO_OFFER, tracks: [{ location: "local", ...SOUND[0] }] }],
    ])("[SF18] %s is refused, in the API's words", async (_, body) => {
      const from = await publisher();
      const [status, code] = await api.refused("POST", `sessions/${from.id}/tracks/new`, body);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
      expect(code).not.toBe("");
      expect((await api.state(from.id)).tracks?.[0]?.status).toBe("active");
    });
  });
}
