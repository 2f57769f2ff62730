import { beforeEach, describe, expect, it, vi } from "vitest";
import { isPush, newTracks, type TracksReply } from "#protocol/realtime-api.ts";
import * as v from "valibot";
import { ApiError } from "../../sfu/session/api-error.ts";
import { type Session, STRICT_LIMITS } from "../../sfu/session/session.ts";
import { SessionTable } from "../../sfu/session/session-table.ts";
import { readSdp } from "../../sfu/sdp/read-sdp.ts";
import { HandPipe } from "./rig/hand-pipe.ts";
import { ICE, type OfferedLine, sdpOf } from "./rig/offers.ts";
import { rtpPacket, vp8Payload } from "./rig/packets.ts";

const AUDIO: OfferedLine = { kind: "audio", mid: "0", ssrc: 11 };
const VIDEO: OfferedLine = { kind: "video", mid: "1", rids: ["f", "q"] };

/** Sessions whose transports connect by hand. */
class Hall {
  readonly pipes: HandPipe[] = [];
  readonly table: SessionTable;

  constructor(limits: Partial<typeof STRICT_LIMITS> = {}, maxSessions = 10) {
    const makePipe = () => {
      const pipe = new HandPipe();
      this.pipes.push(pipe);
      return pipe;
    };
    const transports = { makePipe, candidates: () => ["1 1 UDP 1 192.0.2.1 9 typ host"] };
    this.table = new SessionTable(transports, {
      limits: { ...STRICT_LIMITS, ...limits },
      maxSessions,
      startKbps: 1200,
    });
  }

  get pipe(): HandPipe {
    const pipe = this.pipes.at(-1);
    if (!pipe) throw new Error("no transport was made");
    return pipe;
  }

  /** A connected session that publishes both. */
  async publisher(): Promise<{ session: Session; pipe: HandPipe; reply: TracksReply }> {
    const session = this.table.create();
    const reply = await push(session, [AUDIO, VIDEO], { "0": "sound", "1": "picture" });
    this.pipe.move("open");
    return { session, pipe: this.pipe, reply };
  }

  async subscriber(from: Session): Promise<{ session: Session; pipe: HandPipe; reply: TracksReply }> {
    const session = this.table.create();
    const reply = await pull(session, from, "sound", "picture");
    await session.renegotiate({ sessionDescription: { type: "answer", sdp: answerTo(reply) } });
    this.pipe.move("open");
    return { session, pipe: this.pipe, reply };
  }
}

function push(session: Session, lines: readonly OfferedLine[], names: Record<string, string>, ice = ICE) {
  const tracks = Object.entries(names).map(([mid, trackName]) => ({ location: "local", mid, trackName }));
  const body = v.parse(newTracks, { sessionDescription: { type: "offer", sdp: sdpOf(lines, ice) }, tracks });
  if (!isPush(body)) throw new Error("no push");
  return session.newTracks(body);
}

function pull(session: Session, from: Session, ...names: string[]) {
  const tracks = names.map((trackName) => ({ location: "remote", sessionId: from.id, trackName }));
  return session.newTracks(v.parse(newTracks, { tracks }));
}

/** What a browser that accepts everything answers. */
function answerTo(reply: TracksReply, refused: readonly string[] = []): string {
  const lines = readSdp(reply.sessionDescription?.sdp ?? "") ?? [];
  const answered = lines.map(({ kind, mid, direction }): OfferedLine => {
    const mine = direction === "sendonly" ? "recvonly" : direction === "recvonly" ? "sendonly" : "inactive";
    return { kind: kind === "audio" ? "audio" : "video", mid, direction: mine, stopped: refused.includes(mid) };
  });
  return sdpOf(answered, ICE, "active");
}

function refusal(status: number, code: string) {
  return expect.objectContaining({ status, code });
}

describe("sessions", () => {
  let hall: Hall;
  beforeEach(() => {
    hall = new Hall();
    return () => hall.table.close();
  });

  it("[SF1] publishing is answered with one codec a line, its layers, and the SFU's transport", async () => {
    const { reply, session } = await hall.publisher();
    expect(reply.tracks).toEqual([
      { mid: "0", trackName: "sound" },
      { mid: "1", trackName: "picture" },
    ]);
    expect(reply.sessionDescription?.type).toBe("answer");
    const lines = readSdp(reply.sessionDescription?.sdp ?? "") ?? [];
    expect(lines.map(({ direction, codecs }) => [direction, codecs.map(({ name }) => name)])).toEqual([
      ["recvonly", ["opus"]],
      ["recvonly", ["VP8", "rtx"]],
    ]);
    expect(reply.sessionDescription?.sdp).toContain("a=simulcast:recv f;q");
    expect(reply.sessionDescription?.sdp).toContain("a=ice-lite");
    expect(session.state().tracks).toEqual([
      { location: "local", mid: "0", trackName: "sound", status: "active" },
      { location: "local", mid: "1", trackName: "picture", status: "active" },
    ]);
  });

  it("[SF2] packets reach the subscriber of their track and nobody else", async () => {
    const from = await hall.publisher();
    const to = await hall.subscriber(from.session);
    const other = await hall.publisher();
    const mid = new Map([
      [4, Buffer.from("1")],
      [10, Buffer.from("f")],
    ]);
    const payload = vp8Payload({ key: true, picture: 1, base: 1 });
    from.pipe.onPacket(rtpPacket({ ssrc: 500, sequence: 1, payload, extensions: mid }));
    from.pipe.onPacket(rtpPacket({ ssrc: 11, sequence: 1, payloadType: 111 }));
    const media = to.pipe.sent.filter((packet) => (packet[1] ?? 0) < 192);
    expect(media).toHaveLength(2);
    expect(media[0]?.subarray(-payload.length + 5)).toEqual(payload.subarray(5));
    expect(other.pipe.sent.filter((packet) => (packet[1] ?? 0) < 192)).toEqual([]);
  });

  it("[SF22] nothing is sent to, or asked for, a subscriber that is not ready; then from a key frame on", async () => {
    const from = await hall.publisher();
    const payload = vp8Payload({ key: true, picture: 1, base: 1 });
    const extensions = new Map([
      [4, Buffer.from("1")],
      [10, Buffer.from("f")],
    ]);
    let sequence = 0;
    const send = () => from.pipe.onPacket(rtpPacket({ ssrc: 500, sequence: sequence++, payload, extensions }));
    const media = (pipe: HandPipe) => pipe.sent.filter((packet) => (packet[1] ?? 0) < 192).length;
    const asked = () => from.pipe.sent.filter((packet) => packet[1] === 206).length;
    send();
    const session = hall.table.create();
    const reply = await pull(session, from.session, "picture");
    send();
    await session.renegotiate({ sessionDescription: { type: "answer", sdp: answerTo(reply) } });
    send();
    const { pipe } = hall;
    expect([media(pipe), asked()]).toEqual([0, 0]);
    pipe.move("open");
    expect(asked()).toBe(1);
    send();
    expect(media(pipe)).toBe(1);
    const more = await pull(session, from.session, "picture");
    send();
    expect(media(pipe)).toBe(2);
    await session.renegotiate({ sessionDescription: { type: "answer", sdp: answerTo(more) } });
    send();
    expect(media(pipe)).toBe(4);
  });

  it("[SF3] a track that is not there is an error of that track, inside the reply", async () => {
    const from = await hall.publisher();
    const session = hall.table.create();
    const reply = await pull(session, from.session, "sound", "nothing");
    expect(reply.requiresImmediateRenegotiation).toBe(true);
    expect(reply.tracks).toEqual([
      { sessionId: from.session.id, trackName: "sound", mid: "0" },
      expect.objectContaining({ trackName: "nothing", errorCode: "not_found_track_error" }),
    ]);
    const none = await pull(hall.table.create(), session, "nothing");
    expect(none.requiresImmediateRenegotiation).toBe(false);
    expect(none.sessionDescription).toBeUndefined();
  });

  it("[SF4] 406 while the SFU's offer has no answer, and for an answer to nothing", async () => {
    const from = await hall.publisher();
    const session = hall.table.create();
    const reply = await pull(session, from.session, "sound");
    await expect(pull(session, from.session, "picture")).rejects.toEqual(refusal(406, "invalid_session_description"));
    await expect(push(session, [AUDIO], { "0": "x" })).rejects.toEqual(refusal(406, "invalid_session_description"));
    const answer = { sessionDescription: { type: "answer", sdp: answerTo(reply) } } as const;
    await session.renegotiate(answer);
    await expect(session.renegotiate(answer)).rejects.toEqual(refusal(406, "invalid_session_description"));
  });

  it("[SF5] operations wait for the connection: 425 when it does not come, 410 when it is lost", async () => {
    hall.table.close();
    hall = new Hall({ connectPatienceMs: 40 });
    const session = hall.table.create();
    await push(session, [AUDIO], { "0": "sound" });
    await expect(pull(session, session, "sound")).rejects.toEqual(refusal(425, "too_early"));
    const waiting = pull(session, session, "sound");
    hall.pipe.move("open");
    await expect(waiting).resolves.toMatchObject({ requiresImmediateRenegotiation: true });
    const lost = hall.table.create();
    await push(lost, [AUDIO], { "0": "sound" });
    hall.pipe.move("lost");
    await expect(pull(lost, lost, "sound")).rejects.toEqual(refusal(410, "session_error"));
  });

  it("[SF6] at most 64 tracks a session, 50 requests a second, and so many sessions", async () => {
    const from = await hall.publisher();
    const session = hall.table.create();
    const many = await pull(session, from.session, ...Array.from({ length: 64 }, () => "sound"));
    expect(many.tracks.every(({ errorCode }) => errorCode === undefined)).toBe(true);
    await session.renegotiate({ sessionDescription: { type: "answer", sdp: answerTo(many) } });
    hall.pipe.move("open");
    const more = await pull(session, from.session, "picture");
    expect(more.tracks).toEqual([expect.objectContaining({ errorCode: "too_many_tracks" })]);
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      for (let request = 0; request < 50; request++) hall.table.take(session.id);
      expect(() => hall.table.take(session.id)).toThrow(expect.objectContaining({ status: 429 }));
      expect(hall.table.take(from.session.id)).toBe(from.session);
      vi.advanceTimersByTime(1000);
      expect(hall.table.take(session.id)).toBe(session);
    } finally {
      vi.useRealTimers();
    }
    while (hall.table.size < 10) hall.table.create();
    expect(() => hall.table.create()).toThrow(expect.objectContaining({ status: 503 }));
  });

  it("[SF7] a closed track ends for its subscribers; its line stays and can be published on again", async () => {
    const from = await hall.publisher();
    const to = await hall.subscriber(from.session);
    const reply = await from.session.closeTracks({ tracks: [{ mid: "1" }, { mid: "9" }], force: true });
    expect(reply.tracks).toEqual([{ mid: "1" }, expect.objectContaining({ mid: "9", errorCode: "close_track_error" })]);
    expect(to.session.state().tracks?.map(({ status }) => status)).toEqual(["active", "inactive"]);
    expect((await pull(to.session, from.session, "picture")).tracks[0]?.errorCode).toBe("not_found_track_error");
    const again = await push(from.session, [AUDIO, VIDEO], { "1": "picture" });
    expect(again.tracks).toEqual([{ mid: "1", trackName: "picture" }]);
    expect((await pull(to.session, from.session, "picture")).tracks[0]?.errorCode).toBeUndefined();
  });

  it("[SF12] a stopped line has port 0 in the answer, and its place is used again", async () => {
    const from = await hall.publisher();
    const { session, reply } = await hall.subscriber(from.session);
    const lines: OfferedLine[] = [
      { kind: "audio", mid: "0", direction: "recvonly" },
      { kind: "video", mid: "1", stopped: true },
    ];
    const offer = { type: "offer", sdp: sdpOf(lines) } as const;
    const closed = await session.closeTracks({ tracks: [{ mid: "1" }], sessionDescription: offer, force: false });
    const answered = readSdp(closed.sessionDescription?.sdp ?? "") ?? [];
    expect(answered.map(({ port, direction }) => [port, direction])).toEqual([
      [9, "sendonly"],
      [0, "inactive"],
    ]);
    expect(closed.sessionDescription?.sdp).toContain("a=group:BUNDLE 0\r\n");
    const again = await pull(session, from.session, "picture");
    const offered = readSdp(again.sessionDescription?.sdp ?? "") ?? [];
    expect(offered.map(({ port }) => port)).toEqual([9, 9]);
    expect(reply.tracks.map(({ mid }) => mid)).not.toContain(again.tracks[0]?.mid);
  });

  it("[SF13] the SFU's offers repeat the layers of what the client publishes", async () => {
    const from = await hall.publisher();
    const other = await hall.publisher();
    const reply = await pull(from.session, other.session, "picture");
    expect(reply.sessionDescription?.sdp).toContain("a=simulcast:recv f;q");
    expect(reply.sessionDescription?.sdp.match(/a=ice-ufrag:(\S+)/g)?.length).toBe(3);
  });

  it("[SF8] update changes the layer or the track of a line, and says what it could not", async () => {
    const from = await hall.publisher();
    const other = await hall.publisher();
    const { session, reply } = await hall.subscriber(from.session);
    const [sound, picture] = reply.tracks.map(({ mid }) => mid ?? "");
    const wanted = (mid: string | undefined, sessionId: string, trackName: string) => ({
      mid: mid ?? "",
      sessionId,
      trackName,
    });
    const { tracks } = await session.updateTracks({
      tracks: [
        { ...wanted(picture, from.session.id, "picture"), simulcast: { preferredRid: "q" } },
        wanted(picture, other.session.id, "picture"),
        wanted(sound, other.session.id, "picture"),
        wanted(sound, other.session.id, "nothing"),
        wanted("77", other.session.id, "picture"),
      ],
    });
    expect(tracks.map(({ errorCode }) => errorCode)).toEqual([
      undefined,
      undefined,
      "update_track_error",
      "not_found_track_error",
      "update_track_error",
    ]);
    expect(session.state().tracks?.[1]).toMatchObject({ sessionId: other.session.id, trackName: "picture" });
  });

  it("[SF9] another ufrag in an offer makes a new transport with another certificate; the session goes on", async () => {
    const from = await hall.publisher();
    const to = await hall.subscriber(from.session);
    from.pipe.move("interrupted");
    const reply = await push(from.session, [AUDIO, VIDEO], { "0": "sound" }, { ...ICE, ufrag: "moved" });
    expect(hall.pipe).not.toBe(from.pipe);
    expect(from.pipe.closed).toBe(true);
    expect(reply.sessionDescription?.sdp).toContain(`a=ice-ufrag:${hall.pipe.local.ufrag}`);
    hall.pipe.move("open");
    hall.pipe.onPacket(rtpPacket({ ssrc: 11, sequence: 1, payloadType: 111 }));
    expect(to.pipe.sent.filter((packet) => (packet[1] ?? 0) < 192)).toHaveLength(1);
  });

  it.each([
    ["no description", "nonsense"],
    ["no lines", "v=0\r\n"],
    ["a mid twice", sdpOf([AUDIO, { ...VIDEO, mid: "0" }])],
    ["a mid that is too long", sdpOf([{ ...AUDIO, mid: "x".repeat(17) }])],
  ])("[SF11] %s: 406, and the session is as before", async (_, sdp) => {
    const from = await hall.publisher();
    const tracks = [{ location: "local", mid: "0", trackName: "x" }] as const;
    const asked = from.session.newTracks({ sessionDescription: { type: "offer", sdp }, tracks: [...tracks] });
    await expect(asked).rejects.toBeInstanceOf(ApiError);
    await expect(asked).rejects.toEqual(refusal(406, "invalid_session_description"));
    expect(from.session.state().tracks).toHaveLength(2);
    expect(from.session.publication("sound")).toBeDefined();
  });

  it("[SF3] a name that another line has, and a mid that the offer has not", async () => {
    const from = await hall.publisher();
    const third: OfferedLine = { kind: "audio", mid: "2" };
    const reply = await push(from.session, [AUDIO, VIDEO, third], { "2": "sound", "5": "other" });
    expect(reply.tracks.map(({ errorCode }) => errorCode)).toEqual(["push_track_error", "push_track_error"]);
    expect(from.session.publication("sound")?.kind).toBe("audio");
  });

  it("[SF12] a line that the client refuses in its answer is stopped", async () => {
    const from = await hall.publisher();
    const session = hall.table.create();
    const reply = await pull(session, from.session, "sound", "picture");
    const answer = answerTo(reply, [reply.tracks[1]?.mid ?? ""]);
    await session.renegotiate({ sessionDescription: { type: "answer", sdp: answer } });
    expect(session.state().tracks?.map(({ trackName }) => trackName)).toEqual(["sound"]);
    expect(from.session.publication("picture")?.forwarders.size).toBe(0);
  });
});

describe("time", () => {
  it("[SF16] silent tracks are dropped after 30 s, interrupted sessions after 15 s, unused ones after a minute", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout", "performance"] });
    const hall = new Hall();
    try {
      const from = await hall.publisher();
      const to = await hall.subscriber(from.session);
      const unused = hall.table.create();
      await vi.advanceTimersByTimeAsync(20_000);
      from.pipe.onPacket(rtpPacket({ ssrc: 11, sequence: 1, payloadType: 111 }));
      await vi.advanceTimersByTimeAsync(11_000);
      expect(from.session.state().tracks?.map(({ status }) => status)).toEqual(["active", "inactive"]);
      expect(from.session.publication("picture")).toBeUndefined();
      expect(hall.table.take(unused.id)).toBe(unused);
      to.pipe.move("interrupted");
      await vi.advanceTimersByTimeAsync(14_000);
      to.pipe.move("open");
      await vi.advanceTimersByTimeAsync(20_000);
      expect(hall.table.take(to.session.id)).toBe(to.session);
      to.pipe.move("interrupted");
      await vi.advanceTimersByTimeAsync(15_100);
      expect(() => hall.table.take(to.session.id)).toThrow(expect.objectContaining({ status: 410 }));
      expect(to.pipe.closed).toBe(true);
      expect(() => hall.table.take(unused.id)).toThrow(expect.objectContaining({ status: 410 }));
      expect(hall.table.size).toBe(1);
    } finally {
      hall.table.close();
      expect(vi.getTimerCount()).toBe(0);
      vi.useRealTimers();
    }
  });
});
