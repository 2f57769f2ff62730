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
import type { SfuSessionId } from "#protocol/call.ts";
import type { EditorLinkId, JobId, Role, Sha256, TakeId, TrackId } from "#protocol/ids.ts";
import { MAX_REALTIME_REQUESTS_PER_S } from "#protocol/realtime-api.ts";
import { type Env, retentionMs } from "../env.ts";
import { RateLimiter } from "../http/rate-limit.ts";
import { type Outcome, refused } from "../refusals.ts";
import { isPublished, type PulledTrack } from "./call-access.ts";
import { RoomShell } from "./room-shell.ts";
import type { LinkRow, NewRoom, RoomState, TrackSeal } from "./room-state.ts";
import { RoomSockets } from "./room-sockets.ts";
import { type LedgerRow, missingOf, RoomStore } from "./room-store.ts";
import { takeSummary } from "./room-views.ts";
import { SocketTalk } from "./socket-talk.ts";
import { isRunning, type JobEvent } from "./step-jobs.ts";
import { isFull, isWaiting, type Member, mayHost, memberRow } from "./seats.ts";
import type { JoinEvent, RenewEvent } from "./step-members.ts";
import { absent, ownTrack } from "./step-takes.ts";

/** Of one participant, hence of each of its sessions too. */
const CALL_REQUESTS = { size: MAX_REALTIME_REQUESTS_PER_S, perSecond: MAX_REALTIME_REQUESTS_PER_S } as const;

/** Who reads exports: see `exportsClaims`. */
export type Reader =
  | { readonly as: "member"; readonly member: Member }
  | { readonly as: "host"; readonly participant: Member["participant"]; readonly version: number }
  | { readonly as: "editor"; readonly link: EditorLinkId };

/** What a seat is good for now. */
interface SeatInfo {
  readonly role: Role;
  readonly version: number;
  readonly admission: "admitted" | "waiting";
}

/** A request to the call's server. */
export interface CallAsked {
  /** Sessions that must be this participant's own. */
  readonly own: readonly string[];
  readonly pulls: readonly PulledTrack[];
}

/** A member whose seat holds, in its room. */
interface Known {
  readonly state: RoomState;
  /** With the role that the seat has now, whatever the token says. */
  readonly member: Member;
  readonly sessions: readonly SfuSessionId[];
}

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
  readonly #callLimiter = new RateLimiter();

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

  join(event: JoinEvent): Outcome<SeatInfo> {
    return this.#seatOf(this.#shell.apply(event), event.participant);
  }

  renew(event: RenewEvent): Outcome<SeatInfo> {
    return this.#seatOf(this.#shell.apply(event), event.participant);
  }

  #seatOf(done: Outcome<RoomState>, participant: Member["participant"]): Outcome<SeatInfo> {
    if (!done.ok) return done;
    const row = done.value.participants.get(participant);
    if (!row) return refused("refresh-refused");
    const { role, version, admission } = row;
    return { ok: true, value: { role, version, admission } };
  }

  /** A one-time link; the room is told its hash only. */
  addInvite(member: Member, hash: Sha256): Outcome<{ readonly expiresMs: number }> {
    const known = this.#asHost(member);
    if (!known.ok) return known;
    const done = this.#shell.apply({ type: "add-invite", member, hash });
    if (!done.ok) return done;
    return { ok: true, value: { expiresMs: done.value.invites.get(hash)?.expiresMs ?? 0 } };
  }

  // ---- the live call

  /** Whether a request may go on to the call's server. */
  mayCall(asked: Member, { own, pulls }: CallAsked): Outcome<true> {
    const known = this.#as(asked);
    if (!known.ok) return known;
    const { state, member, sessions } = known.value;
    if (member.role === "viewer") return refused("not-allowed");
    if (this.#callLimiter.waitSeconds(member.participant, CALL_REQUESTS, Date.now()) > 0) return refused("too-fast");
    if (!own.every((session) => sessions.some((mine) => mine === session))) return refused("not-yours");
    return pulls.every((track) => isPublished(state, track)) ? { ok: true, value: true } : refused("not-yours");
  }

  /** The call's server has made a session for this participant. */
  sessionMade(member: Member, session: SfuSessionId): Outcome<true> {
    const known = this.#as(member);
    if (!known.ok) return known;
    const done = this.#shell.apply({ type: "session-made", member, session });
    return done.ok ? { ok: true, value: true } : done;
  }

  // ---- takes, tracks, epochs

  declareTake(asked: Member, take: TakeId, body: Required<DeclareTake>): Outcome<TakeDeclared & { created: boolean }> {
    const known = this.#as(asked);
    if (!known.ok) return known;
    const { member } = known.value;
    const created = !known.value.state.takes.has(take);
    const done = this.#shell.apply({ type: "declare-take", take, member, body });
    if (!done.ok) return done;
    const state = done.value.takes.get(take)?.row.state ?? "stopped";
    return { ok: true, value: { take, state, created } };
  }

  declareTrack(
    asked: Member,
    take: TakeId,
    track: TrackId,
    body: DeclareTrack,
  ): Outcome<TrackDeclared & { created: boolean }> {
    const known = this.#as(asked);
    if (!known.ok) return known;
    const { member } = known.value;
    const created = !known.value.state.takes.get(take)?.tracks.has(track);
    const done = this.#shell.apply({ type: "declare-track", take, track, member, body });
    if (!done.ok) return done;
    const sealed = done.value.takes.get(take)?.tracks.get(track)?.row.seal !== null;
    return { ok: true, value: { track, sealed, created } };
  }

  /** Whether an epoch may be stored; asked before any byte is. */
  mayUpload(member: Member, take: TakeId, track: TrackId, seq: number): Outcome<true> {
    const known = this.#as(member);
    if (!known.ok) return known;
    const found = ownTrack(known.value.state, take, track, member);
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
    const found = ownTrack(known.value.state, take, track, member);
    if (typeof found === "string") return refused(found);
    const sealed = found.track.row.seal !== null;
    return { ok: true, value: { ranges: this.#store.ranges(take, track), count: found.track.epochs, sealed } };
  }

  seal(member: Member, take: TakeId, track: TrackId, body: TrackSeal): Outcome<true> {
    const known = this.#as(member);
    if (!known.ok) return known;
    const found = ownTrack(known.value.state, take, track, member);
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
    if (reader.as === "member" && !this.#asHost(reader.member).ok) return refused("not-host");
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
    const known = this.#asOwner(member);
    if (!known.ok) return known;
    const done = this.#shell.apply({ type: "delete-take", take });
    await this.#shell.purgeDue();
    return done.ok ? { ok: true, value: true } : done;
  }

  async deleteRoom(member: Member): Promise<Outcome<true>> {
    const known = this.#asOwner(member);
    if (!known.ok) return known;
    await this.#shell.erase();
    return { ok: true, value: true };
  }

  // ---- editor links

  addLink(member: Member, link: LinkRow): Outcome<true> {
    const known = this.#asOwner(member);
    if (!known.ok) return known;
    const done = this.#shell.apply({ type: "add-link", link });
    return done.ok ? { ok: true, value: true } : done;
  }

  links(member: Member): Outcome<readonly EditorLink[]> {
    const known = this.#asOwner(member);
    return known.ok ? { ok: true, value: [...known.value.state.links.values()] } : known;
  }

  revokeLink(member: Member, link: EditorLinkId): Outcome<true> {
    const known = this.#asOwner(member);
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

  /** The room, and the member as its seat is now. Whoever waits has no part in it. */
  #as(asked: Member): Outcome<Known> {
    if (!this.#room) return refused("not-found");
    const row = memberRow(this.#room, asked);
    if (!row) return refused("token-refused");
    if (isWaiting(row)) return refused("waiting");
    const member = { participant: row.participant, role: row.role, version: row.version };
    return { ok: true, value: { state: this.#room, member, sessions: row.sessions } };
  }

  #asHost(asked: Member): Outcome<Known> {
    const known = this.#as(asked);
    return known.ok && !mayHost(known.value.member) ? refused("not-host") : known;
  }

  /** What cannot be taken back, and who else may read: the host's alone. */
  #asOwner(asked: Member): Outcome<Known> {
    const known = this.#as(asked);
    return known.ok && known.value.member.role !== "host" ? refused("not-host") : known;
  }

  #asReader(reader: Reader): Outcome<RoomState> {
    if (!this.#room) return refused("not-found");
    if (reader.as === "member") {
      const known = this.#as(reader.member);
      return known.ok ? { ok: true, value: known.value.state } : known;
    }
    if (reader.as === "editor") {
      const link = this.#room.links.get(reader.link);
      return link && link.expiresMs > Date.now() ? { ok: true, value: this.#room } : refused("token-refused");
    }
    const row = this.#room.participants.get(reader.participant);
    const holds = row && !row.removed && row.version === reader.version && mayHost(row);
    return holds ? { ok: true, value: this.#room } : refused("token-refused");
  }
}
