import * as fc from "fast-check";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { JOB_LEASE_MS, JOB_MAX_TRIES } from "#protocol/demux-job.ts";
import { jobId, participantId, roomId, sha256, takeId, trackId } from "#protocol/ids.ts";
import { type DeviceStatus, START_LEAD_MS } from "#protocol/room-messages.ts";
import { inputOf, isComplete, newestTake, newRoom, type RoomState } from "../../worker-backend/room/room-state.ts";
import { END_GRACE_MS, nextDueMs, type RoomEvent, stepRoom } from "../../worker-backend/room/room-step.ts";
import type { Member } from "../../worker-backend/room/seats.ts";
import type { Step } from "../../worker-backend/room/step-parts.ts";

const RETENTION_MS = 7 * 86_400_000;
const START_MS = 1_800_000_000_000;
const HASH = v.parse(sha256, "a".repeat(64));

const named = (letter: string, at: number): string => `${letter}${at}`.padEnd(22, "_");
const person = (at: number) => v.parse(participantId, named("p", at));
const take = (at: number) => v.parse(takeId, named("t", at));
const track = (at: number) => v.parse(trackId, named("k", at));
const member = (at: number): Member => ({ participant: person(at), role: at === 0 ? "host" : "guest", version: 1 });

const quiet: DeviceStatus = {
  recording: "no",
  take: null,
  sources: [],
  epochsSealed: 0,
  epochsUploaded: 0,
  epochsLeft: 0,
  bytesLeft: 0,
  gaps: 0,
  gapUs: 0,
  newestGaps: [],
  bytesSealed: 0,
  bytesUploaded: 0,
  bytesPerSecond: 0,
  minutesFree: null,
  problem: null,
};

/** A room that steps, with a clock and job ids of its own. */
class Room {
  state: RoomState = newRoom(
    { room: v.parse(roomId, named("r", 0)), title: "", hostHash: HASH, origin: "http://studio.test" },
    START_MS,
  );
  nowMs = START_MS;
  #jobs = 0;

  step(event: RoomEvent): Step {
    const newJob = () => v.parse(jobId, named("j", this.#jobs++));
    const done = stepRoom(this.state, event, { nowMs: this.nowMs, newJob, retentionMs: RETENTION_MS });
    this.state = done.state;
    return done;
  }

  join(at: number): Step {
    const hostHash = at === 0 ? HASH : null;
    const inviteHash = at === 0 ? null : v.parse(sha256, at.toString(16).padStart(64, "0"));
    if (inviteHash !== null) this.step({ type: "add-invite", member: member(0), hash: inviteHash });
    return this.step({ type: "join", participant: person(at), name: `P${at}`, refreshHash: HASH, hostHash, inviteHash });
  }

  connect(at: number): Step {
    return this.step({ type: "connected", member: member(at) });
  }

  say(at: number, message: Extract<RoomEvent, { type: "message" }>["message"]): Step {
    return this.step({ type: "message", from: person(at), message });
  }

  declare(at: number, inTake: number, which: number): Step {
    const body = { source: "camera", label: "" } as const;
    return this.step({ type: "declare-track", take: take(inTake), track: track(which), member: member(at), body });
  }

  epoch(inTake: number, which: number): Step {
    return this.step({ type: "epoch-committed", take: take(inTake), track: track(which), bytes: 100 });
  }

  seal(at: number, inTake: number, which: number, epochs: number): Step {
    const chain = epochs === 0 ? null : HASH;
    const body = { epochs, chain, end: "closed" as const, endUs: 1, gaps: [] };
    const ledger = { missing: [], last: chain, beyond: false };
    return this.step({ type: "seal", take: take(inTake), track: track(which), member: member(at), body, ledger });
  }

  tick(ms: number): Step {
    this.nowMs += ms;
    return this.step({ type: "tick" });
  }

  takeAt(at: number) {
    const found = this.state.takes.get(take(at));
    if (!found) throw new Error(`no take ${at}`);
    return found;
  }
}

function recording(): Room {
  const room = new Room();
  room.join(0);
  room.connect(0);
  room.say(0, { type: "start-take", take: take(0), title: "" });
  return room;
}

const dispatched = (step: Step) => step.effects.filter((effect) => effect.type === "dispatch");

describe("stepRoom", () => {
  it("[RM12] sets the zero ahead on the room's clock and tells everybody", () => {
    const room = new Room();
    room.join(0);
    room.connect(0);
    const { effects } = room.say(0, { type: "start-take", take: take(0), title: "One" });
    const zeroRoomUs = (START_MS + START_LEAD_MS) * 1000;
    expect(effects).toContainEqual({
      type: "broadcast",
      message: {
        type: "take",
        take: { take: take(0), number: 1, title: "One", state: "rolling", zeroRoomUs, stopRoomUs: null },
      },
    });
  });

  it("[RM31] a refused event changes nothing and has no effect", () => {
    const room = recording();
    room.join(1);
    room.connect(1);
    const before = room.state;
    const refused = [
      room.say(1, { type: "start-take", take: take(1), title: "" }),
      room.say(0, { type: "start-take", take: take(1), title: "" }),
      room.say(0, { type: "stop-take", take: take(1) }),
      room.declare(0, 1, 0),
      room.seal(0, 0, 7, 0),
      room.step({ type: "demux", take: take(0), deliver: "what-is-there" }),
      room.step({ type: "delete-take", take: take(5) }),
      room.step({ type: "connected", member: { ...member(0), version: 2 } }),
      room.step({ type: "connected", member: { ...member(0), role: "guest" } }),
    ];
    expect(refused.map((step) => step.refusal?.reason)).toEqual([
      "not-host",
      "take-rolling",
      "unknown-take",
      "unknown-take",
      "unknown-track",
      "take-rolling",
      "unknown-take",
      "token-refused",
      "token-refused",
    ]);
    expect(refused.flatMap((step) => step.effects)).toEqual([]);
    expect(room.state).toBe(before);
  });

  it("[HA44] a take in a room ends 10 s after nobody records it, unless somebody goes on", () => {
    const room = recording();
    room.declare(0, 0, 0);
    room.seal(0, 0, 0, 0);
    expect(nextDueMs(room.state, RETENTION_MS)).toBe(START_MS + END_GRACE_MS);
    room.say(0, { type: "status", status: { ...quiet, recording: "starting", take: take(0) } });
    room.tick(END_GRACE_MS);
    expect(room.takeAt(0).row.state).toBe("rolling");
    room.say(0, { type: "status", status: quiet });
    room.tick(END_GRACE_MS - 1);
    expect(room.takeAt(0).row.state).toBe("rolling");
    room.tick(1);
    expect(room.takeAt(0).row.state).toBe("stopped");
  });

  it("[HA60] dispatches once when the take is complete, in the same step", () => {
    const room = recording();
    room.declare(0, 0, 0);
    room.epoch(0, 0);
    room.say(0, { type: "stop-take", take: take(0) });
    const sealed = room.seal(0, 0, 0, 1);
    expect(dispatched(sealed)).toHaveLength(1);
    expect(dispatched(room.tick(1))).toEqual([]);
    expect(room.takeAt(0).row.job).toMatchObject({ state: "running", tries: 1 });
    expect(nextDueMs(room.state, RETENTION_MS)).toBe(START_MS + JOB_LEASE_MS);
  });

  it("[HA60] a take without an epoch has nothing to deliver", () => {
    const room = recording();
    room.declare(0, 0, 0);
    room.say(0, { type: "stop-take", take: take(0) });
    room.seal(0, 0, 0, 0);
    expect(isComplete(room.takeAt(0))).toBe(true);
    expect(room.takeAt(0).row.job).toBeNull();
  });

  it("[HA43] what comes after a delivery is delivered anew; what failed is not tried again on the same input", () => {
    const room = recording();
    room.declare(0, 0, 0);
    room.epoch(0, 0);
    room.say(0, { type: "stop-take", take: take(0) });
    room.seal(0, 0, 0, 1);
    reportJob(room, 0, 1);
    expect(room.takeAt(0).row.job?.state).toBe("done");
    room.declare(0, 0, 1);
    room.epoch(0, 1);
    expect(isComplete(room.takeAt(0))).toBe(false);
    expect(dispatched(room.seal(0, 0, 1, 1))).toHaveLength(1);
    reportJob(room, 0, 3);
    expect(room.takeAt(0).row.job?.state).toBe("failed");
    expect(dispatched(room.tick(3_600_000))).toEqual([]);
    expect(dispatched(room.step({ type: "demux", take: take(0), deliver: "complete" }))).toHaveLength(1);
  });

  it("[HA66] what comes while a job runs is delivered by the next", () => {
    const room = recording();
    room.declare(0, 0, 0);
    room.epoch(0, 0);
    room.say(0, { type: "stop-take", take: take(0) });
    room.seal(0, 0, 0, 1);
    room.declare(0, 0, 1);
    room.epoch(0, 1);
    expect(dispatched(room.seal(0, 0, 1, 1))).toEqual([]);
    const job = room.takeAt(0).row.job?.job;
    if (!job) throw new Error("no job");
    const finished = room.step({ type: "job", take: take(0), job, report: { type: "finished", files: [] } });
    expect(dispatched(finished)).toHaveLength(1);
  });

  it("[HA64] a service that is never heard of again is tried so many times and then given up", () => {
    const room = recording();
    room.declare(0, 0, 0);
    room.epoch(0, 0);
    room.say(0, { type: "stop-take", take: take(0) });
    let tries = dispatched(room.seal(0, 0, 0, 1)).length;
    for (let due = nextDueMs(room.state, RETENTION_MS); due !== null && due < START_MS + 3_600_000; ) {
      tries += dispatched(room.tick(due - room.nowMs)).length;
      for (const { prefix } of room.state.purges.values()) room.step({ type: "purged", prefix });
      due = nextDueMs(room.state, RETENTION_MS);
    }
    expect(tries).toBe(JOB_MAX_TRIES);
    expect(room.takeAt(0).row.job).toMatchObject({ state: "failed", failure: { reason: "silent" } });
  });

  it("[HA70] expired takes leave a tombstone and a purge, and nothing brings them back", () => {
    const room = recording();
    room.tick(RETENTION_MS);
    expect(room.state.takes.size).toBe(0);
    expect(room.state.gone.has(take(0))).toBe(true);
    expect([...room.state.purges.keys()]).toEqual([`rooms/${named("r", 0)}/takes/${take(0)}/`]);
    const body = { startedMs: 1, title: "", alone: true };
    const again = room.step({ type: "declare-take", take: take(0), member: member(0), body });
    expect(again.refusal?.reason).toBe("take-deleted");
  });
});

/** Anything that devices, the render service and time can do, in any order. */
const someEvent = fc.oneof(
  fc.record({ type: fc.constant("join"), who: fc.nat(3) }),
  fc.record({ type: fc.constant("connect"), who: fc.nat(3) }),
  fc.record({ type: fc.constant("disconnect"), who: fc.nat(3) }),
  fc.record({ type: fc.constant("leave"), who: fc.nat(3) }),
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

function reportJob(room: Room, at: number, what: number): void {
  const job = room.state.takes.get(take(at))?.row.job?.job;
  if (!job) return;
  const reports = [
    { type: "progress", progress: { stage: "reading", fraction: 0.5 } },
    { type: "finished", files: [] },
    { type: "failed", failure: { reason: "stopped", message: "", retry: true } },
    { type: "failed", failure: { reason: "no-media", message: "", retry: false } },
  ] as const;
  const report = reports[what];
  if (report) room.step({ type: "job", take: take(at), job, report });
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
  for (const id of state.online.keys()) expect(state.participants.has(id)).toBe(true);
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
