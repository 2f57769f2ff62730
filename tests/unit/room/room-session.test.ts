import { RoomApiError } from "#core/ports/room-api.ts";
import { reconnectDelayMs } from "#core/room/reconnect.ts";
import { RoomSession } from "#core/room/room-session.ts";
import type { RoomSessionState } from "#core/room/room-session-state.ts";
import { CLOSE, type DeviceStatus, ROOM_PROTOCOL, type TakeView } from "#protocol/room-messages.ts";
import { asLocal, asRoom } from "#protocol/units.ts";
import { describe, expect, it } from "vitest";
import { handSockets, ME, notedIn, rolling, ROOM, TAKE, welcome } from "./rig/hand-room.ts";

const status = (epochsSealed: number): DeviceStatus => ({
  recording: "recording",
  take: TAKE,
  sources: ["camera"],
  epochsSealed,
  epochsUploaded: 0,
  epochsLeft: epochsSealed,
  bytesLeft: 0,
  gaps: 0,
  gapUs: 0,
  problem: null,
  newestGaps: [],
  bytesSealed: 0,
  bytesUploaded: 0,
  bytesPerSecond: 0,
  minutesFree: null,
});

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A session over sockets that the test opens and closes, and timers that the test lets run out. */
function rig(refuse?: Error) {
  const { sockets, openSocket, newest } = handSockets();
  const timers: { ms: number; fire: () => void }[] = [];
  const heard: string[] = [];
  const renewals: boolean[] = [];
  const states: RoomSessionState[] = [];
  let nowMs = 1_000;
  const session = new RoomSession(
    ROOM,
    {
      openSocket,
      token: async (renew) => {
        renewals.push(renew);
        if (renew && refuse !== undefined) throw refuse;
        return "token";
      },
      clock: { nowUs: () => asLocal(nowMs * 1000), wallMs: () => nowMs },
      scheduler: {
        delay: (ms, signal) =>
          new Promise((resolve, reject) => {
            timers.push({ ms, fire: resolve });
            signal?.addEventListener("abort", () => reject(signal.reason));
          }),
      },
      random: { unit: () => 0 },
      clockSync: { add: () => undefined, nextPingMs: () => 60_000 },
    },
    notedIn(heard, { changed: (state) => void states.push(state) }),
  );
  session.start();
  const enter = async (take: TakeView | null = null) => {
    newest().events.opened();
    await settled();
    newest().events.received(welcome(take));
  };
  const fire = async (ms: number) => {
    const index = timers.findIndex((timer) => timer.ms === ms);
    if (index < 0) throw new Error(`no timer of ${ms} ms; there are ${timers.map((each) => each.ms).join(", ")}`);
    timers.splice(index, 1)[0]?.fire();
    await settled();
  };
  return {
    session,
    sockets,
    newest,
    enter,
    fire,
    heard,
    renewals,
    states,
    settled,
    pass: (ms: number) => (nowMs += ms),
  };
}

describe("a device in its room", () => {
  it("[RS1] says hello first and nothing before welcome", async () => {
    const { session, newest, settled } = rig();
    session.report(status(1));
    newest().events.opened();
    await settled();
    expect(newest().sent).toEqual([{ type: "hello", protocol: ROOM_PROTOCOL, token: "token" }]);
  });

  it("[RS2] waits 250 ms doubling to 2 s, shortened by at most half", () => {
    expect([0, 1, 2, 3, 4, 5, 20].map((attempt) => reconnectDelayMs(attempt, 0))).toEqual([
      250, 500, 1000, 2000, 2000, 2000, 2000,
    ]);
    expect(reconnectDelayMs(0, 0.999)).toBeGreaterThan(124);
  });

  it("[RS2] a welcome starts the back-off anew", async () => {
    const { newest, enter, fire, sockets } = rig();
    newest().events.closed(1006);
    await fire(250);
    newest().events.closed(1006);
    await fire(500);
    await enter();
    newest().events.closed(1006);
    await fire(250);
    expect(sockets).toHaveLength(4);
  });

  it("[RS3] renews the token after it was refused, once", async () => {
    const { newest, enter, fire, renewals } = rig();
    newest().events.opened();
    newest().events.closed(CLOSE.badToken);
    await fire(250);
    await enter();
    newest().events.closed(1006);
    await fire(250);
    await enter();
    expect(renewals).toEqual([false, true, false]);
  });

  it("[RS9] a seat that is not renewed any more was taken away", async () => {
    const { session, newest, fire, settled, sockets } = rig(
      new RoomApiError("unauthorized", "join again", { serverReason: "refresh-refused" }),
    );
    newest().events.opened();
    newest().events.closed(CLOSE.badToken);
    await fire(250);
    newest().events.opened();
    await settled();
    expect(session.state.connection).toBe("removed");
    expect(sockets).toHaveLength(2);
  });

  it("[RS9] a server that cannot be asked takes no seat away", async () => {
    const { session, newest, fire, settled } = rig(RoomApiError.unreachable(new Error("away")));
    newest().events.opened();
    newest().events.closed(CLOSE.badToken);
    await fire(250);
    newest().events.opened();
    await settled();
    newest().events.closed(1006);
    expect(session.state.connection).toBe("lost");
  });

  it.each([
    ["replaced", CLOSE.replaced],
    ["outdated", CLOSE.protocolMismatch],
    ["gone", CLOSE.roomGone],
    ["denied", CLOSE.denied],
    ["removed", CLOSE.removed],
    ["ended", CLOSE.ended],
  ] as const)("[RS4] ends as %s without another try", async (connection, code) => {
    const { session, newest, enter, settled, sockets } = rig();
    await enter();
    newest().events.closed(code);
    await settled();
    expect(session.state.connection).toBe(connection);
    expect(sockets).toHaveLength(1);
  });

  it("[RS5] every welcome reports the room's newest take", async () => {
    const { newest, enter, fire, heard } = rig();
    await enter(rolling);
    newest().events.closed(1006);
    await fire(250);
    await enter({ ...rolling, state: "stopped", stopRoomUs: asRoom(9_000_000) });
    expect(heard).toEqual(["welcomed", "take rolling", "welcomed", "take stopped"]);
  });

  it("[RS6] tells the newest status once a second, and again after welcome", async () => {
    const { session, newest, enter, fire, pass } = rig();
    const told = () => newest().sent.flatMap((each) => (each.type === "status" ? [each.status.epochsSealed] : []));
    session.report(status(1));
    await enter();
    session.report(status(2));
    session.report(status(3));
    expect(told()).toEqual([1]);
    pass(1000);
    await fire(1000);
    expect(told()).toEqual([1, 3]);
    newest().events.closed(1006);
    await fire(250);
    await enter();
    expect(told()).toEqual([3]);
  });

  it("[RS7] a message it cannot read ends it as outdated", async () => {
    const { session, newest, enter } = rig();
    await enter();
    newest().events.misread("unknown type");
    expect(session.state.connection).toBe("outdated");
  });

  it("[RS8] losing the socket reports no change of the take", async () => {
    const { session, newest, enter, heard } = rig();
    await enter(rolling);
    newest().events.closed(1006);
    expect(session.state).toMatchObject({ connection: "lost", room: { take: { state: "rolling" } } });
    expect(heard).toEqual(["welcomed", "take rolling"]);
  });

  it("[RS26] gives up a socket that leaves a question unanswered for 5 s", async () => {
    const { session, sockets, newest, enter, fire, pass } = rig();
    await enter();
    await fire(60_000);
    pass(5_001);
    await fire(60_000);
    expect(session.state.connection).toBe("lost");
    await fire(250);
    expect(sockets).toHaveLength(2);
    newest().events.opened();
  });

  it("[RS26] an answer in time keeps the socket, however late the next question comes", async () => {
    const { session, newest, enter, fire, pass } = rig();
    await enter();
    newest().events.received({ type: "clock-pong", id: 1, t0: 1, t1: asRoom(1) });
    pass(60_000);
    await fire(60_000);
    expect(session.state.connection).toBe("open");
  });

  it("[RS27] a try that hangs is given up after 4 s, every third one after 10 s; a first word in time keeps it", async () => {
    const { session, sockets, enter, fire } = rig();
    await fire(4_000);
    expect(session.state.connection).toBe("lost");
    await fire(250);
    await fire(4_000);
    await fire(500);
    await fire(10_000);
    await fire(1_000);
    expect(sockets).toHaveLength(4);
    await enter();
    await fire(4_000);
    expect(session.state.connection).toBe("open");
    expect(sockets).toHaveLength(4);
  });

  it("[RS28] nudged: a hanging try is given up for a new one, a young one is not", async () => {
    const { session, sockets, pass } = rig();
    session.nudge();
    expect(sockets).toHaveLength(1);
    pass(1_001);
    session.nudge();
    await settled();
    expect(sockets).toHaveLength(2);
  });

  it("[RS28] nudged: an open socket that stays silent for 1.5 s is replaced, one that answers is kept", async () => {
    const { session, sockets, newest, enter, fire } = rig();
    await enter();
    session.nudge();
    session.nudge();
    expect(newest().sent.filter((each) => each.type === "clock-ping")).toHaveLength(2);
    newest().events.received({ type: "clock-pong", id: 2, t0: 1, t1: asRoom(1) });
    await fire(1_500);
    expect(session.state.connection).toBe("open");
    session.nudge();
    await fire(1_500);
    await settled();
    expect(sockets).toHaveLength(2);
  });

  it("deltas change one participant and keep the rest", async () => {
    const { session, newest, enter } = rig();
    await enter();
    const view = {
      participant: ME,
      name: "Ann",
      role: "guest",
      connected: true,
      seenMs: 1,
      status: null,
      call: null,
      handMs: null,
    } as const;
    newest().events.received({ type: "participant", participant: view });
    newest().events.received({ type: "participant", participant: { ...view, connected: false } });
    expect(session.state.room?.participants).toEqual([{ ...view, connected: false }]);
    newest().events.received({ type: "participant-left", participant: ME });
    expect(session.state.room?.participants).toEqual([]);
  });
});
