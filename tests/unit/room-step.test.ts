import { describe, expect, it } from "vitest";
import { JOB_LEASE_MS, JOB_MAX_TRIES } from "#protocol/demux-job.ts";
import { START_LEAD_MS } from "#protocol/room-messages.ts";
import { isComplete } from "../../worker-backend/room/room-state.ts";
import { END_GRACE_MS, nextDueMs } from "../../worker-backend/room/room-step.ts";
import type { Step } from "../../worker-backend/room/step-parts.ts";
import { RETENTION_MS, Room, START_MS, member, named, quiet, take, reportJob } from "./room-step-rig.ts";

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
