import * as fc from "fast-check";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { JOB_MAX_TRIES } from "#protocol/demux-job.ts";
import { markerId } from "#protocol/markers.ts";
import { asRoom } from "#protocol/units.ts";
import { inputOf, isComplete, newestTake } from "../../worker-backend/room/room-state.ts";
import { KNOCK_GONE_MS } from "../../worker-backend/room/step-waiting.ts";
import { RETENTION_MS, Room, member, named, person, quiet, take, track, reportJob } from "./room-step-rig.ts";

/** Anything that devices, the render service and time can do, in any order. */
const someEvent = fc.oneof(
  fc.record({ type: fc.constant("join"), who: fc.nat(3) }),
  fc.record({ type: fc.constant("wait"), who: fc.integer({ min: 2, max: 5 }) }),
  fc.record({ type: fc.constant("admit"), who: fc.nat(3), whom: fc.nat(5) }),
  fc.record({ type: fc.constant("deny"), who: fc.nat(3), whom: fc.nat(5) }),
  fc.record({ type: fc.constant("remove"), who: fc.nat(3), whom: fc.nat(5) }),
  fc.record({ type: fc.constant("raise"), who: fc.nat(1), whom: fc.nat(5), recording: fc.boolean() }),
  fc.record({ type: fc.constant("hand"), who: fc.nat(5), recording: fc.boolean() }),
  fc.record({ type: fc.constant("mark"), who: fc.nat(5), take: fc.nat(2), track: fc.nat(3) }),
  fc.record({ type: fc.constant("end"), who: fc.nat(1) }),
  fc.record({ type: fc.constant("connect"), who: fc.nat(5) }),
  fc.record({ type: fc.constant("disconnect"), who: fc.nat(5) }),
  fc.record({ type: fc.constant("leave"), who: fc.nat(5) }),
  fc.record({ type: fc.constant("status"), who: fc.nat(3), recording: fc.boolean(), take: fc.nat(2) }),
  fc.record({ type: fc.constant("start"), who: fc.nat(1), take: fc.nat(2) }),
  fc.record({ type: fc.constant("stop"), who: fc.nat(1), take: fc.nat(2) }),
  fc.record({ type: fc.constant("excuse"), who: fc.nat(3), take: fc.nat(2) }),
  fc.record({ type: fc.constant("alone"), take: fc.nat(2) }),
  fc.record({ type: fc.constant("track"), who: fc.nat(3), take: fc.nat(2), track: fc.nat(3) }),
  fc.record({ type: fc.constant("epoch"), take: fc.nat(2), track: fc.nat(3) }),
  fc.record({ type: fc.constant("seal"), who: fc.nat(3), take: fc.nat(2), track: fc.nat(3) }),
  fc.record({ type: fc.constant("demux"), take: fc.nat(2) }),
  fc.record({ type: fc.constant("report"), take: fc.nat(2), what: fc.nat(3) }),
  fc.record({ type: fc.constant("delete"), take: fc.nat(2) }),
  fc.record({ type: fc.constant("tick"), ms: fc.constantFrom(0, 1000, 10_000, 31_000, 3_600_000, RETENTION_MS) }),
);
type SomeEvent = {
  type: string;
  who?: number;
  whom?: number;
  take?: number;
  track?: number;
  what?: number;
  ms?: number;
  recording?: boolean;
};

function play(room: Room, event: SomeEvent): void {
  const { who = 0, take: at = 0, track: which = 0 } = event;
  switch (event.type) {
    case "join":
      if (!room.state.participants.has(person(who))) room.join(who);
      return;
    case "wait":
      if (!room.state.participants.has(person(who))) room.wait(who);
      return;
    case "admit":
    case "deny":
    case "remove":
      room.say(who, { type: event.type, participant: person(event.whom ?? 0) });
      return;
    case "raise": {
      const role = event.recording ? "cohost" : "guest";
      room.say(who, { type: "set-role", participant: person(event.whom ?? 0), role });
      return;
    }
    case "hand":
      room.say(who, { type: "hand", up: event.recording ?? false });
      return;
    case "mark": {
      const marker = v.parse(markerId, named("m", which));
      room.say(who, { type: "add-marker", marker, take: take(at), atRoomUs: asRoom(0), text: "" });
      return;
    }
    case "end":
      room.say(who, { type: "end-for-all" });
      return;
    case "connect":
      room.connect(who);
      return;
    case "disconnect":
      room.step({ type: "disconnected", participant: person(who) });
      return;
    case "leave":
      room.say(who, { type: "leave" });
      return;
    case "status": {
      const status = {
        ...quiet,
        recording: event.recording ? ("recording" as const) : ("no" as const),
        take: take(at),
      };
      room.say(who, { type: "status", status });
      return;
    }
    case "start":
      room.say(who, { type: "start-take", take: take(at), title: "" });
      return;
    case "stop":
      room.say(who, { type: "stop-take", take: take(at) });
      return;
    case "excuse":
      room.say(who, { type: "not-recording", take: take(at), why: "no-devices" });
      return;
    case "alone": {
      const body = { startedMs: 1, title: "", alone: true };
      room.step({ type: "declare-take", take: take(at), member: member(0), body });
      return;
    }
    case "track":
      if (room.state.participants.has(person(who))) room.declare(who, at, which);
      return;
    case "epoch":
      if (room.state.takes.get(take(at))?.tracks.get(track(which))?.row.seal === null) room.epoch(at, which);
      return;
    case "seal":
      room.seal(who, at, which, room.state.takes.get(take(at))?.tracks.get(track(which))?.epochs ?? 0);
      return;
    case "demux":
      room.step({ type: "demux", take: take(at), deliver: "what-is-there" });
      return;
    case "report":
      reportJob(room, at, event.what ?? 0);
      return;
    case "delete":
      room.step({ type: "delete-take", take: take(at) });
      return;
    case "tick":
      room.tick(event.ms ?? 0);
  }
}

function expectInvariants(room: Room): void {
  const { state } = room;
  const rolling = [...state.takes.values()].filter(({ row }) => row.state === "rolling" && !row.alone);
  expect(rolling.length).toBeLessThanOrEqual(1);
  if (rolling[0]) expect(newestTake(state)?.row.take).toBe(rolling[0].row.take);
  for (const one of state.takes.values()) {
    expect(state.gone.has(one.row.take)).toBe(false);
    const { job } = one.row;
    // What is complete is delivered or on its way, unless it has failed on this very input.
    const epochs = [...one.tracks.values()].reduce((sum, { epochs: held }) => sum + held, 0);
    if (isComplete(one) && epochs > 0) {
      expect(job).not.toBeNull();
      if (job?.state === "done" || job?.state === "failed") expect(job.input).toBe(inputOf(one));
    }
    if (job) expect(job.tries).toBeLessThanOrEqual(JOB_MAX_TRIES);
  }
  for (const id of state.online.keys()) {
    expect(state.participants.get(id)).toMatchObject({ admission: "admitted", removed: false, knock: null });
  }
  expectOutside(room);
}

/** Those who wait or were removed have no part in anything, and hear of nothing but who can let them in. */
function expectOutside({ state, effects, nowMs }: Room): void {
  const rows = [...state.participants.values()];
  for (const { participant, admission, knock } of rows) {
    if (admission !== "waiting") continue;
    for (const { row } of state.takes.values()) expect(row.expected).not.toContain(participant);
    if (knock && knock.goneMs !== null) expect(nowMs - knock.goneMs).toBeLessThan(KNOCK_GONE_MS);
    const told = effects.flatMap((effect) => (effect.type === "send" && effect.to === participant ? [effect] : []));
    expect(told.every(({ message }) => message.type === "waiting")).toBe(true);
  }
  for (const { participant, sessions } of rows.filter(({ removed }) => removed)) {
    expect(sessions).toEqual([]);
    for (const one of state.takes.values()) {
      const awaited = one.row.expected.includes(participant) && !one.row.excused.includes(participant);
      expect(awaited).toBe(false);
    }
  }
  expect(rows.filter(({ role }) => role === "host").length).toBeLessThanOrEqual(1);
}

describe("stepRoom, whatever comes", () => {
  it("[RM30] keeps its invariants and is pure", () => {
    fc.assert(
      fc.property(fc.array(someEvent, { maxLength: 80, size: "max" }), (events) => {
        const [room, twin] = [new Room(), new Room()];
        for (const event of events) {
          const before = room.state;
          const copy = structuredClone(before);
          play(room, event);
          expect(before).toEqual(copy);
          expectInvariants(room);
          play(twin, event);
        }
        expect(twin.state).toEqual(room.state);
      }),
      { numRuns: 300 },
    );
  });
});
