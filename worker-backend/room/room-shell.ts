import * as v from "valibot";
import { type JobId, jobId, type TakeId } from "#protocol/ids.ts";
import { CLOSE } from "#protocol/room-messages.ts";
import { randomId } from "../auth/secrets.ts";
import { type Env, retentionMs } from "../env.ts";
import { roomPrefix } from "../r2/keys.ts";
import { purgePrefix } from "../r2/purge.ts";
import { type Outcome, refused } from "../refusals.ts";
import { cutOff } from "../realtime/cut-off.ts";
import { sendJob } from "./job-sender.ts";
import { HELLO_WITHIN_MS, type RoomSockets } from "./room-sockets.ts";
import { type NewRoom, newRoom, type PurgeRow, type RoomState } from "./room-state.ts";
import { nextDueMs, type RoomEvent, stepRoom } from "./room-step.ts";
import type { RoomStore } from "./room-store.ts";
import { type Effect, setParticipant, type StepContext } from "./step-parts.ts";

/** `takes-changed` is a hint; more often than this it tells nothing more. */
const TAKES_CHANGED_EVERY_MS = 1_000;

/** After a room is deleted the bucket is looked at again, for an upload that was on its way; sooner when it did not answer. */
const BURY_AGAIN_MS = 15 * 60_000;
const BURY_RETRY_MS = 60_000;

/** What surrounds the pure room: storing, telling, the alarm, deleting from the bucket, sending jobs. */
export class RoomShell {
  readonly #ctx: DurableObjectState;
  readonly #env: Env;
  readonly #store: RoomStore;
  readonly #sockets: RoomSockets;
  #room: RoomState | null;
  /** What a deleted room has left in the bucket. */
  #grave: PurgeRow | null;
  #armedMs: number | null = null;
  readonly #purging = new Map<string, Promise<void>>();
  #toldTakesMs = 0;
  #tellTakes: ReturnType<typeof setTimeout> | null = null;

  constructor(ctx: DurableObjectState, env: Env, store: RoomStore, sockets: RoomSockets) {
    this.#ctx = ctx;
    this.#env = env;
    this.#store = store;
    this.#sockets = sockets;
    const loaded = store.load();
    this.#room = loaded && awake({ ...loaded, online: sockets.online() }, sockets, Date.now());
    this.#grave = loaded ? null : store.grave();
    // Alarms are stored, but an object that was restored from a copy, or whose alarm gave up, has none.
    ctx.waitUntil(this.arm());
  }

  room(): RoomState | null {
    return this.#room;
  }

  create(room: NewRoom): Outcome<true> {
    if (this.#room) return refused("unexpected");
    const made = newRoom(room, Date.now());
    this.#ctx.storage.transactionSync(() => {
      this.#store.create();
      this.#store.save(null, made);
    });
    this.#room = made;
    this.#ctx.waitUntil(this.arm());
    return { ok: true, value: true };
  }

  /** Deletes the room: every row at once, every object before this returns or, when the bucket does not answer, later. */
  async erase(): Promise<void> {
    if (!this.#room) return;
    const grave = { prefix: roomPrefix(this.#room.meta.room), dueMs: Date.now(), again: true };
    this.#ctx.storage.transactionSync(() => {
      this.#store.erase();
      this.#store.setGrave(grave);
    });
    this.#room = null;
    this.#grave = grave;
    this.#sockets.closeAll(CLOSE.roomGone, "the room was deleted");
    await this.purgeDue();
    await this.arm();
  }

  /** Everything that is due: silent sockets, takes, jobs, expiry, deletion. */
  async ring(): Promise<void> {
    this.#armedMs = null;
    for (const socket of this.#sockets.late(Date.now())) {
      this.#sockets.close(socket, CLOSE.helloExpected, `no hello within ${HELLO_WITHIN_MS} ms`);
    }
    if (this.#room) this.apply({ type: "tick" });
    await this.purgeDue();
    await this.arm();
  }

  #context(): StepContext {
    return { nowMs: Date.now(), newJob: () => v.parse(jobId, randomId()), retentionMs: retentionMs(this.#env) };
  }

  /** Step, store, then tell. `also` is stored in the same transaction. */
  apply(event: RoomEvent, also?: () => void): Outcome<RoomState> {
    const before = this.#room;
    if (!before) return refused("not-found");
    const step = stepRoom(before, event, this.#context());
    if (step.refusal) return { ok: false, refusal: step.refusal };
    const stored = also !== undefined || !isStored(before, step.state);
    if (stored) {
      this.#ctx.storage.transactionSync(() => {
        this.#store.save(before, step.state);
        also?.();
      });
    }
    this.#room = step.state;
    this.#keepOnline(before, step.state);
    for (const effect of step.effects) this.#run(effect);
    // What is only relayed makes nothing due.
    if (stored) this.#ctx.waitUntil(this.#afterwards());
    return { ok: true, value: step.state };
  }

  #keepOnline(before: RoomState, after: RoomState): void {
    if (before.online === after.online) return;
    for (const [participant, online] of after.online) {
      if (before.online.get(participant) !== online) this.#sockets.keep(participant, online);
    }
  }

  async #afterwards(): Promise<void> {
    await this.purgeDue();
    await this.arm();
  }

  #run(effect: Effect): void {
    switch (effect.type) {
      case "send":
        return this.#sockets.sendTo(effect.to, effect.message);
      case "broadcast":
        return this.#sockets.tell(this.#room?.online.keys() ?? [], effect.message, effect.except);
      case "close":
        return this.#sockets.closeOf(effect.participant, effect.code, effect.why);
      case "close-all":
        return this.#sockets.closeAll(effect.code, effect.why);
      case "cut-off":
        return this.#ctx.waitUntil(cutOff(this.#env, effect.sessions));
      case "takes-changed":
        return this.#tellTakesChanged();
      case "dispatch":
        return this.#ctx.waitUntil(this.#dispatch(effect.take, effect.job));
      case "erase":
        return this.#ctx.waitUntil(this.erase());
    }
  }

  #tellTakesChanged(): void {
    if (this.#tellTakes !== null) return;
    const waitMs = this.#toldTakesMs + TAKES_CHANGED_EVERY_MS - Date.now();
    const tell = () => {
      this.#tellTakes = null;
      this.#toldTakesMs = Date.now();
      this.#sockets.tell(this.#room?.online.keys() ?? [], { type: "takes-changed" });
    };
    if (waitMs <= 0) tell();
    else this.#tellTakes = setTimeout(tell, waitMs);
  }

  async #dispatch(take: TakeId, job: JobId): Promise<void> {
    const found = this.#room?.takes.get(take);
    if (!this.#room || !found) return;
    const failure = await sendJob(this.#env, this.#room, found, job, this.#store);
    if (failure === null) return;
    const report = {
      type: "failed",
      failure: { reason: "render-unreachable", message: failure, retry: true },
    } as const;
    this.apply({ type: "job", take, job, report });
  }

  /** Deletes from the bucket what is due; resolves when that is done, or put off. */
  async purgeDue(): Promise<void> {
    const purges = this.#room ? [...this.#room.purges.values()] : this.#grave ? [this.#grave] : [];
    const due = purges.filter((purge) => purge.dueMs <= Date.now());
    await Promise.all(due.map((purge) => this.#purgeOnce(purge)));
  }

  #purgeOnce(purge: PurgeRow): Promise<void> {
    const running = this.#purging.get(purge.prefix);
    if (running) return running;
    const started = this.#purge(purge).finally(() => this.#purging.delete(purge.prefix));
    this.#purging.set(purge.prefix, started);
    return started;
  }

  async #purge({ prefix }: PurgeRow): Promise<void> {
    let done = true;
    try {
      await purgePrefix(this.#env.BUCKET, prefix);
    } catch (error) {
      // The bucket does not answer: later again.
      console.warn(`deleting from the bucket: ${error instanceof Error ? error.message : String(error)}`);
      done = false;
    }
    if (this.#room) this.apply({ type: done ? "purged" : "purge-failed", prefix });
    else if (this.#grave?.prefix === prefix) await this.#bury(this.#grave, done);
  }

  /** Like `purged` of a room, for what a deleted room has left. */
  async #bury(grave: PurgeRow, done: boolean): Promise<void> {
    if (done && !grave.again) {
      this.#grave = null;
      await this.#ctx.storage.deleteAlarm();
      await this.#ctx.storage.deleteAll();
      return;
    }
    const later = Date.now() + (done ? BURY_AGAIN_MS : BURY_RETRY_MS);
    this.#grave = { ...grave, dueMs: later, again: grave.again && !done };
    this.#store.setGrave(this.#grave);
  }

  /** Sets the one alarm to whatever is due next. */
  async arm(): Promise<void> {
    const room = this.#room ? nextDueMs(this.#room, retentionMs(this.#env)) : (this.#grave?.dueMs ?? null);
    const due = [room, this.#sockets.nextHelloDueMs()].filter((one) => one !== null);
    if (due.length === 0) return;
    const dueMs = Math.min(...due);
    if (this.#armedMs === dueMs) return;
    this.#armedMs = dueMs;
    await this.#ctx.storage.setAlarm(dueMs);
  }

  /** Where the host reaches this backend. */
  noteOrigin(origin: string): void {
    const before = this.#room;
    if (!before || before.meta.origin === origin) return;
    const after = { ...before, meta: { ...before.meta, origin } };
    this.#ctx.storage.transactionSync(() => this.#store.save(before, after));
    this.#room = after;
  }
}

/** Whether everything that is stored is the same. Who is connected, and what they said last, is not stored. */
function isStored(before: RoomState, after: RoomState): boolean {
  const { online: _, ...stored } = after;
  return (Object.keys(stored) as (keyof typeof stored)[]).every((key) => before[key] === after[key]);
}

/** A room that wakes: whoever knocked by a socket that is no longer there has until now to come back. */
function awake(state: RoomState, sockets: RoomSockets, nowMs: number): RoomState {
  const absent = [...state.participants.values()].flatMap((row) =>
    row.knock?.goneMs === null && !sockets.isConnected(row.participant)
      ? [{ ...row, knock: { ...row.knock, goneMs: nowMs } }]
      : [],
  );
  return absent.reduce(setParticipant, state);
}
