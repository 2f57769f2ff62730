import { DurableObject } from "cloudflare:workers";
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
import type { EditorLinkId, JobId, Role, TakeId, TrackId } from "#protocol/ids.ts";
import { type Env, retentionMs } from "../env.ts";
import { type Outcome, refused } from "../refusals.ts";
import { RoomShell } from "./room-shell.ts";
import type { LinkRow, NewRoom, RoomState, TrackSeal } from "./room-state.ts";
import { RoomSockets } from "./room-sockets.ts";
import { type LedgerRow, missingOf, RoomStore } from "./room-store.ts";
import { takeSummary } from "./room-views.ts";
import { SocketTalk } from "./socket-talk.ts";
import { isRunning, type JobEvent } from "./step-jobs.ts";
import { isFull, type JoinEvent, type Member, memberRow, type RenewEvent } from "./step-members.ts";
import { absent, mayHost, ownTrack } from "./step-takes.ts";

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
  readonly #shell: RoomShell;
  readonly #talk: SocketTalk;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new RoomStore(ctx.storage.sql);
    this.#sockets = new RoomSockets(ctx.getWebSockets());
    this.#shell = new RoomShell(ctx, env, this.#store, this.#sockets);
    this.#talk = new SocketTalk(env, this.#sockets, this.#shell);
  }

  get #room(): RoomState | null {
    return this.#shell.room();
  }

  // ---- rooms and participants

  create(room: NewRoom): Outcome<true> {
    return this.#shell.create(room);
  }

  lobby(): Outcome<{ readonly title: string; readonly full: boolean }> {
    if (!this.#room) return refused("not-found");
    return { ok: true, value: { title: this.#room.meta.title, full: isFull(this.#room, Date.now()) } };
  }

  join(event: JoinEvent): Outcome<{ readonly role: Role; readonly version: number }> {
    return this.#seatOf(this.#shell.apply(event), event.participant);
  }

  renew(event: RenewEvent): Outcome<{ readonly role: Role; readonly version: number }> {
    return this.#seatOf(this.#shell.apply(event), event.participant);
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
    const done = this.#shell.apply({ type: "declare-take", take, member, body });
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
    const done = this.#shell.apply({ type: "declare-track", take, track, member, body });
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
  commitEpoch(member: Member, take: TakeId, track: TrackId, epoch: LedgerRow): Outcome<true> {
    const allowed = this.mayUpload(member, take, track, epoch.seq);
    if (!allowed.ok) return allowed;
    const stored = this.#store.epoch(take, track, epoch.seq);
    if (stored !== null) return stored === epoch.sha256 ? allowed : refused("other-bytes");
    const done = this.#shell.apply({ type: "epoch-committed", take, track, bytes: epoch.bytes }, () =>
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
    const done = this.#shell.apply({ type: "seal", take, track, member, body, ledger });
    return done.ok ? { ok: true, value: true } : done;
  }

  // ---- reading, delivering, deleting

  takes(reader: Reader): Outcome<TakeList> {
    const known = this.#asReader(reader);
    if (!known.ok) return known;
    const { meta, takes } = known.value;
    const newestFirst = [...takes.values()].sort((a, b) => b.row.startedMs - a.row.startedMs);
    const nowMs = Date.now();
    const summaries = newestFirst.map((take) => takeSummary(known.value, take, retentionMs(this.env), nowMs));
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
    this.#shell.noteOrigin(origin);
    const done = this.#shell.apply({ type: "demux", take, deliver });
    const job = done.ok ? done.value.takes.get(take)?.row.job?.job : undefined;
    if (!done.ok) return done;
    return job ? { ok: true, value: { job } } : refused("nothing-to-deliver");
  }

  async deleteTake(member: Member, take: TakeId): Promise<Outcome<true>> {
    const known = this.#asHost(member);
    if (!known.ok) return known;
    const done = this.#shell.apply({ type: "delete-take", take });
    await this.#shell.purgeDue();
    return done.ok ? { ok: true, value: true } : done;
  }

  async deleteRoom(member: Member): Promise<Outcome<true>> {
    const known = this.#asHost(member);
    if (!known.ok) return known;
    await this.#shell.erase();
    return { ok: true, value: true };
  }

  // ---- editor links

  addLink(member: Member, link: LinkRow): Outcome<true> {
    const known = this.#asHost(member);
    if (!known.ok) return known;
    const done = this.#shell.apply({ type: "add-link", link });
    return done.ok ? { ok: true, value: true } : done;
  }

  links(member: Member): Outcome<readonly EditorLink[]> {
    const known = this.#asHost(member);
    return known.ok ? { ok: true, value: [...known.value.links.values()] } : known;
  }

  revokeLink(member: Member, link: EditorLinkId): Outcome<true> {
    const known = this.#asHost(member);
    if (!known.ok) return known;
    const done = this.#shell.apply({ type: "revoke-link", link });
    return done.ok ? { ok: true, value: true } : done;
  }

  // ---- the render service

  /** A job token is good only while its job is the running one of its take. */
  jobOpen(take: TakeId, job: JobId): Outcome<true> {
    if (!this.#room) return refused("not-found");
    return isRunning(this.#room, take, job) ? { ok: true, value: true } : refused("job-over");
  }

  jobReport(event: JobEvent): Outcome<true> {
    const done = this.#shell.apply(event);
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
    if (!this.#sockets.makeRoom()) return new Response(null, { status: 429, headers: { "Retry-After": "5" } });
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    this.#sockets.add(server, Date.now());
    await this.#shell.arm();
    return new Response(null, { status: 101, webSocket: client });
  }

  override async webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    await this.#talk.hear(socket, data);
  }

  override webSocketClose(socket: WebSocket): void {
    const participant = this.#sockets.drop(socket);
    if (participant) this.#shell.apply({ type: "disconnected", participant });
  }

  override webSocketError(socket: WebSocket): void {
    this.webSocketClose(socket);
  }

  /** Running it twice does no harm. */
  override async alarm(): Promise<void> {
    await this.#shell.ring();
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
