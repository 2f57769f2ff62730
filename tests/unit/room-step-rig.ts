import * as v from "valibot";
import { jobId, participantId, roomId, sha256, takeId, trackId } from "#protocol/ids.ts";
import type { DeviceStatus } from "#protocol/room-messages.ts";
import { newRoom, type RoomState } from "../../worker-backend/room/room-state.ts";
import { type RoomEvent, stepRoom } from "../../worker-backend/room/room-step.ts";
import type { Member } from "../../worker-backend/room/seats.ts";
import type { Effect, Step } from "../../worker-backend/room/step-parts.ts";

export const RETENTION_MS = 7 * 86_400_000;
export const START_MS = 1_800_000_000_000;
export const HASH = v.parse(sha256, "a".repeat(64));

export const named = (letter: string, at: number): string => `${letter}${at}`.padEnd(22, "_");
export const person = (at: number) => v.parse(participantId, named("p", at));
export const take = (at: number) => v.parse(takeId, named("t", at));
export const track = (at: number) => v.parse(trackId, named("k", at));
export const member = (at: number): Member => ({
  participant: person(at),
  role: at === 0 ? "host" : "guest",
  version: 1,
});

export const quiet: DeviceStatus = {
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
export class Room {
  state: RoomState = newRoom(
    { room: v.parse(roomId, named("r", 0)), title: "", hostHash: HASH, origin: "http://studio.test" },
    START_MS,
  );
  nowMs = START_MS;
  /** Of the last step. */
  effects: readonly Effect[] = [];
  #jobs = 0;

  step(event: RoomEvent): Step {
    const newJob = () => v.parse(jobId, named("j", this.#jobs++));
    const done = stepRoom(this.state, event, { nowMs: this.nowMs, newJob, retentionMs: RETENTION_MS });
    this.state = done.state;
    this.effects = done.effects;
    return done;
  }

  join(at: number): Step {
    const hostHash = at === 0 ? HASH : null;
    const inviteHash = at === 0 ? null : v.parse(sha256, at.toString(16).padStart(64, "0"));
    if (inviteHash !== null) this.step({ type: "add-invite", member: member(0), hash: inviteHash });
    return this.step({
      type: "join",
      participant: person(at),
      name: `P${at}`,
      refreshHash: HASH,
      hostHash,
      inviteHash,
    });
  }

  /** Without an invitation. */
  wait(at: number): Step {
    const nobody = { hostHash: null, inviteHash: null };
    return this.step({ type: "join", participant: person(at), name: `P${at}`, refreshHash: HASH, ...nobody });
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

/** A report of the render service about a take's job: progress, the end, or one of two failures. */
export function reportJob(room: Room, at: number, what: number): void {
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
