import { DurableObject } from "cloudflare:workers";
import * as v from "valibot";
import type { ExportFile } from "#protocol/demux-job.ts";
import type {
  DeclareTake,
  DeclareTrack,
  EditorLink,
  HaveList,
  TakeDeclared,
  TakeList,
  TrackDeclared,
} from "#protocol/http-api.ts";
import { type EditorLinkId, type JobId, jobId, type Role, type TakeId, type TrackId } from "#protocol/ids.ts";
import { CLOSE } from "#protocol/room-messages.ts";
import { randomId } from "../auth/secrets.ts";
import { type Env, retentionMs } from "../env.ts";
import { type Outcome, refused } from "../refusals.ts";
import { roomPrefix } from "../r2/keys.ts";
import { purgePrefix } from "../r2/purge.ts";
import { sendJob } from "./job-sender.ts";
import { type LinkRow, type NewRoom, newRoom, type PurgeRow, type RoomState, type TrackSeal } from "./room-state.ts";
import { nextDueMs, type RoomEvent, stepRoom } from "./room-step.ts";
import { HELLO_WITHIN_MS, RoomSockets } from "./room-sockets.ts";
import { type LedgerRow, missingOf, RoomStore } from "./room-store.ts";
import { takeSummary } from "./room-views.ts";
import { SocketTalk } from "./socket-talk.ts";
import { isRunning, type JobEvent } from "./step-jobs.ts";
import { isFull, type JoinEvent, type Member, memberRow, type RenewEvent } from "./step-members.ts";
import type { Effect, StepContext } from "./step-parts.ts";
import { absent, mayHost, ownTrack } from "./step-takes.ts";

/** `takes-changed` is a hint; more often than this it tells nothing more. */
const TAKES_CHANGED_EVERY_MS = 1_000;

/** Who reads exports: see `exportsClaims`. */
export type Reader =
  | { readonly as: "member"; readonly member: Member }
  | { readonly as: "host"; readonly participant: Member["participant"]; readonly version: number }
  | { readonly as: "editor"; readonly link: EditorLinkId };

/** Where an exported file lies, and what it is. */
export interface DeliveredFiles {
  readonly title: string;
  readonly startedMs: number;
  readonly job: JobId;
  readonly files: readonly ExportFile[];
}

/**
 * One room: a shell over `stepRoom`. Each call parses nothing (routes have), steps, stores, and only then sends. Epoch bytes
 * never pass through it.
 */
export class RoomDurableObject extends DurableObject<Env> {
  readonly #store: RoomStore;
  readonly #sockets: RoomSockets;
  readonly #talk: SocketTalk;
  #room: RoomState | null;
  /** What a deleted room has left in the bucket. */
  #grave: PurgeRow | null;
  #armedMs: number | null = null;
  readonly #purging = new Map<string, Promise<void>>();
  #toldTakesMs = 0;
  #tellTakes: ReturnType<typeof setTimeout> | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new RoomStore(ctx.storage.sql);
    this.#sockets = new RoomSockets(ctx.getWebSockets());
    const loaded = this.#store.load();
    this.#room = loaded && { ...loaded, online: this.#sockets.online() };
    this.#grave = loaded ? null : this.#store.grave();
    this.#talk = new SocketTalk(env, this.#sockets, {
      room: () => this.#room,
      apply: (event) => this.#apply(event),
    });
    // Alarms are stored, but an object that was restored from a copy, or whose alarm gave up, has none.
    ctx.waitUntil(this.#arm());
  }

  // ---- rooms and participants

  create(room: NewRoom): Outcome<true> {
    if (this.#room) return refused("unexpected");
    const made = newRoom(room, Date.now());
    this.ctx.storage.transactionSync(() => {
      this.#store.create();
      this.#store.save(null, made);
    });
    this.#room = made;
    return { ok: true, value: true };
  }

  lobby(): Outcome<{ readonly title: string; readonly full: boolean }> {
    if (!this.#room) return refused("not-found");
    return { ok: true, value: { title: this.#room.meta.title, full: isFull(this.#room, Date.now()) } };
  }

  join(event: JoinEvent): Outcome<{ readonly role: Role; readonly version: number }> {
    return this.#seatOf(this.#apply(event), event.participant);
  }

  renew(event: RenewEvent): Outcome<{ readonly role: Role; readonly version: number }> {
    return this.#seatOf(this.#apply(event), event.participant);
  }

  #seatOf(done: Outcome<RoomState>, participant: Member["participant"]): Outcome<{ role: Role; version: number }> {
    if (!done.ok) return done;
    const row = done.value.participants.get(participant);
    return row ? { ok: true, value: { role: row.role, version: row.version } } : refused("refresh-refused");
  }

  // ---- takes, tracks, epochs

  declareTake(member: Member, take: TakeId, body: Required<DeclareTake>): Outcome<TakeDeclared & { created: boolean }> {
    const known = this.#as(member);
    if (!known.ok) return known;
    const created = !known.value.takes.has(take);
    const done = this.#apply({ type: "declare-take", take, member, body });
    if (!done.ok) return done;
    const state = done.value.takes.get(take)?.row.state ?? "stopped";
    return { ok: true, value: { take, state, created } };
  }

  declareTrack(
    member: Member,
    take: TakeId,
    track: TrackId,
    body: DeclareTrack,
  ): Outcome<TrackDeclared & { created: boolean }> {
    const known = this.#as(member);
    if (!known.ok) return known;
    const created = !known.value.takes.get(take)?.tracks.has(track);
    const done = this.#apply({ type: "declare-track", take, track, member, body });
    if (!done.ok) return done;
    const sealed = done.value.takes.get(take)?.tracks.get(track)?.row.seal !== null;
    return { ok: true, value: { track, sealed, created } };
  }

  /** Whether an epoch may be stored; asked before any byte is. */
  mayUpload(member: Member, take: TakeId, track: TrackId, seq: number): Outcome<true> {
    const known = this.#as(member);
    if (!known.ok) return known;
    const found = ownTrack(known.value, take, track, member);
    if (typeof found === "string") return refused(found);
    const { seal } = found.track.row;
    return seal && seq >= seal.epochs ? refused("track-sealed") : { ok: true, value: true };
  }

  /** The bucket holds the epoch with this hash. Said again, nothing changes. */
  commitEpoch(
    member: Member,
    take: TakeId,
    track: TrackId,
    epoch: LedgerRow,
  ): Outcome<true> {
    const allowed = this.mayUpload(member, take, track, epoch.seq);
    if (!allowed.ok) return allowed;
    const stored = this.#store.epoch(take, track, epoch.seq);
    if (stored !== null) return stored === epoch.sha256 ? allowed : refused("other-bytes");
    const done = this.#apply({ type: "epoch-committed", take, track, bytes: epoch.bytes }, () =>
      this.#store.addEpoch(take, track, epoch),
    );
    return done.ok ? allowed : done;
  }

  have(member: Member, take: TakeId, track: TrackId): Outcome<HaveList> {
    const known = this.#as(member);
    if (!known.ok) return known;
    const found = ownTrack(known.value, take, track, member);
    if (typeof found === "string") return refused(found);
    const sealed = found.track.row.seal !== null;
    return { ok: true, value: { ranges: this.#store.ranges(take, track), count: found.track.epochs, sealed } };
  }

  seal(member: Member, take: TakeId, track: TrackId, body: TrackSeal): Outcome<true> {
    const known = this.#as(member);
    if (!known.ok) return known;
    const found = ownTrack(known.value, take, track, member);
    if (typeof found === "string") return refused(found);
    const ranges = this.#store.ranges(take, track);
    const last = body.epochs === 0 ? null : this.#store.epoch(take, track, body.epochs - 1);
    const ledger = {
      missing: missingOf(ranges, body.epochs),
      last,
      beyond: ranges.some(([, end]) => end >= body.epochs),
    };
    const done = this.#apply({ type: "seal", take, track, member, body, ledger });
    return done.ok ? { ok: true, value: true } : done;
  }

  // ---- reading, delivering, deleting

  takes(reader: Reader): Outcome<TakeList> {
    const known = this.#asReader(reader);
    if (!known.ok) return known;
    const { meta, takes } = known.value;
    const newestFirst = [...takes.values()].sort((a, b) => b.row.startedMs - a.row.startedMs);
    const summaries = newestFirst.map((take) => takeSummary(known.value, take, retentionMs(this.env)));
    return { ok: true, value: { room: meta.room, title: meta.title, takes: summaries } };
  }

  /** May this reader open exports at all? */
  mayRead(reader: Reader): Outcome<{ readonly as: "host" | "editor"; readonly untilMs: number | null }> {
    const known = this.#asReader(reader);
    if (!known.ok) return known;
    if (reader.as === "member" && !mayHost(reader.member)) return refused("not-host");
    const untilMs = reader.as === "editor" ? (known.value.links.get(reader.link)?.expiresMs ?? 0) : null;
    return { ok: true, value: { as: reader.as === "editor" ? "editor" : "host", untilMs } };
  }

  /** The files of a take that readers may have. */
  delivered(reader: Reader, take: TakeId): Outcome<DeliveredFiles> {
    const may = this.mayRead(reader);
    if (!may.ok || !this.#room) return may.ok ? refused("not-found") : may;
    const found = this.#room.takes.get(take);
    if (!found) return refused(absent(this.#room, take));
    const { title, startedMs, delivered } = found.row;
    return delivered ? { ok: true, value: { title, startedMs, ...delivered } } : refused("not-found");
  }

  demux(member: Member, take: TakeId, deliver: "complete" | "what-is-there", origin: string): Outcome<{ job: JobId }> {
    const known = this.#asHost(member);
    if (!known.ok) return known;
    this.#noteOrigin(origin);
    const done = this.#apply({ type: "demux", take, deliver });
    const job = done.ok ? done.value.takes.get(take)?.row.job?.job : undefined;
    if (!done.ok) return done;
    return job ? { ok: true, value: { job } } : refused("nothing-to-deliver");
  }

  async deleteTake(member: Member, take: TakeId): Promise<Outcome<true>> {
    const known = this.#asHost(member);
    if (!known.ok) return known;
    const done = this.#apply({ type: "delete-take", take });
    await this.#purgeDue();
    return done.ok ? { ok: true, value: true } : done;
  }

  async deleteRoom(member: Member): Promise<Outcome<true>> {
    const known = this.#asHost(member);
    if (!known.ok) return known;
    const grave = { prefix: roomPrefix(known.value.meta.room), dueMs: Date.now(), again: true };
    this.ctx.storage.transactionSync(() => {
      this.#store.erase();
      this.#store.setGrave(grave);
    });
    this.#room = null;
    this.#grave = grave;
    this.#sockets.closeAll(CLOSE.roomGone, "the room was deleted");
    await this.#purgeDue();
    await this.#arm();
    return { ok: true, value: true };
  }

  // ---- editor links

  addLink(member: Member, link: LinkRow): Outcome<true> {
    const known = this.#asHost(member);
    if (!known.ok) return known;
    const done = this.#apply({ type: "add-link", link });
    return done.ok ? { ok: true, value: true } : done;
  }

  links(member: Member): Outcome<readonly EditorLink[]> {
    const known = this.#asHost(member);
    return known.ok ? { ok: true, value: [...known.value.links.values()] } : known;
  }

  revokeLink(member: Member, link: EditorLinkId): Outcome<true> {
    const known = this.#asHost(member);
    if (!known.ok) return known;
    const done = this.#apply({ type: "revoke-link", link });
    return done.ok ? { ok: true, value: true } : done;
  }

  // ---- the render service

  /** A job token is good only while its job is the running one of its take. */
  jobOpen(take: TakeId, job: JobId): Outcome<true> {
    if (!this.#room) return refused("not-found");
    return isRunning(this.#room, take, job) ? { ok: true, value: true } : refused("job-over");
  }

  jobReport(event: JobEvent): Outcome<true> {
    const done = this.#apply(event);
    return done.ok ? { ok: true, value: true } : done;
  }

  /** This job has finished already: a report that is said again is true. */
  jobDone(take: TakeId, job: JobId): boolean {
    const newest = this.#room?.takes.get(take)?.row.job;
    return newest?.job === job && newest.state === "done";
  }

  // ---- sockets

  override async fetch(request: Request): Promise<Response> {
    if (request.headers.get("Upgrade")?.toLowerCase() !== "websocket") return new Response(null, { status: 426 });
    if (!this.#room) return new Response(null, { status: 404 });
    if (this.#sockets.full) return new Response(null, { status: 429, headers: { "Retry-After": "5" } });
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    this.#sockets.add(server, Date.now());
    await this.#arm();
    return new Response(null, { status: 101, webSocket: client });
  }

  override async webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    await this.#talk.hear(socket, data);
  }

  override webSocketClose(socket: WebSocket): void {
    const participant = this.#sockets.drop(socket);
    if (participant) this.#apply({ type: "disconnected", participant });
  }

  override webSocketError(socket: WebSocket): void {
    this.webSocketClose(socket);
  }

  /** Everything that is due: silent sockets, takes, jobs, expiry, deletion. Running it twice does no harm. */
  override async alarm(): Promise<void> {
    this.#armedMs = null;
    for (const socket of this.#sockets.late(Date.now())) {
      this.#sockets.close(socket, CLOSE.helloExpected, `no hello within ${HELLO_WITHIN_MS} ms`);
    }
    if (this.#room) this.#apply({ type: "tick" });
    await this.#purgeDue();
    await this.#arm();
  }

  // ---- the shell

  #context(): StepContext {
    return { nowMs: Date.now(), newJob: () => v.parse(jobId, randomId()), retentionMs: retentionMs(this.env) };
  }

  /** Step, store, then tell. `also` is stored in the same transaction. */
  #apply(event: RoomEvent, also?: () => void): Outcome<RoomState> {
    const before = this.#room;
    if (!before) return refused("not-found");
    const step = stepRoom(before, event, this.#context());
    if (step.refusal) return { ok: false, refusal: step.refusal };
    this.ctx.storage.transactionSync(() => {
      this.#store.save(before, step.state);
      also?.();
    });
    this.#room = step.state;
    for (const effect of step.effects) this.#run(effect);
    this.ctx.waitUntil(this.#afterwards());
    return { ok: true, value: step.state };
  }

  async #afterwards(): Promise<void> {
    await this.#purgeDue();
    await this.#arm();
  }

  #run(effect: Effect): void {
    switch (effect.type) {
      case "send":
        return this.#sockets.sendTo(effect.to, effect.message);
      case "broadcast":
        return this.#sockets.broadcast(effect.message, effect.except);
      case "takes-changed":
        return this.#tellTakesChanged();
      case "dispatch":
        return this.ctx.waitUntil(this.#dispatch(effect.take, effect.job));
    }
  }

  #tellTakesChanged(): void {
    if (this.#tellTakes !== null) return;
    const waitMs = this.#toldTakesMs + TAKES_CHANGED_EVERY_MS - Date.now();
    const tell = () => {
      this.#tellTakes = null;
      this.#toldTakesMs = Date.now();
      this.#sockets.broadcast({ type: "takes-changed" });
    };
    if (waitMs <= 0) tell();
    else this.#tellTakes = setTimeout(tell, waitMs);
  }

  async #dispatch(take: TakeId, job: JobId): Promise<void> {
    const found = this.#room?.takes.get(take);
    if (!this.#room || !found) return;
    const failure = await sendJob(this.env, this.#room, found, job, this.#store);
    if (failure === null) return;
    const report = { type: "failed", failure: { reason: "render-unreachable", message: failure, retry: true } } as const;
    this.#apply({ type: "job", take, job, report });
  }

  async #purgeDue(): Promise<void> {
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
      await purgePrefix(this.env.BUCKET, prefix);
    } catch (error) {
      // The bucket does not answer: later again.
      console.warn(`deleting from the bucket: ${error instanceof Error ? error.message : String(error)}`);
      done = false;
    }
    if (this.#room) this.#apply({ type: done ? "purged" : "purge-failed", prefix });
    else if (this.#grave) await this.#bury(this.#grave, done);
  }

  /** Like `purged` of a room, for what a deleted room has left. */
  async #bury(grave: PurgeRow, done: boolean): Promise<void> {
    if (done && !grave.again) {
      this.#grave = null;
      await this.ctx.storage.deleteAlarm();
      await this.ctx.storage.deleteAll();
      return;
    }
    const later = Date.now() + (done ? 15 : 1) * 60_000;
    this.#grave = { ...grave, dueMs: later, again: grave.again && !done };
    this.#store.setGrave(this.#grave);
  }

  async #arm(): Promise<void> {
    const room = this.#room ? nextDueMs(this.#room, retentionMs(this.env)) : (this.#grave?.dueMs ?? null);
    const due = [room, this.#sockets.nextHelloDueMs()].filter((one) => one !== null);
    if (due.length === 0) return;
    const dueMs = Math.min(...due);
    if (this.#armedMs === dueMs) return;
    this.#armedMs = dueMs;
    await this.ctx.storage.setAlarm(dueMs);
  }

  #noteOrigin(origin: string): void {
    const before = this.#room;
    if (!before || before.meta.origin === origin) return;
    const after = { ...before, meta: { ...before.meta, origin } };
    this.ctx.storage.transactionSync(() => this.#store.save(before, after));
    this.#room = after;
  }

  #as(member: Member): Outcome<RoomState> {
    if (!this.#room) return refused("not-found");
    return memberRow(this.#room, member) ? { ok: true, value: this.#room } : refused("token-refused");
  }

  #asHost(member: Member): Outcome<RoomState> {
    const known = this.#as(member);
    return known.ok && !mayHost(member) ? refused("not-host") : known;
  }

  #asReader(reader: Reader): Outcome<RoomState> {
    if (!this.#room) return refused("not-found");
    if (reader.as === "member") return this.#as(reader.member);
    if (reader.as === "editor") {
      const link = this.#room.links.get(reader.link);
      return link && link.expiresMs > Date.now() ? { ok: true, value: this.#room } : refused("token-refused");
    }
    const row = this.#room.participants.get(reader.participant);
    const holds = row && row.version === reader.version && mayHost(row);
    return holds ? { ok: true, value: this.#room } : refused("token-refused");
  }
}
