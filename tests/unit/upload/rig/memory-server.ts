import type { Access, Answer, EpochAddress, TrackAddress, UploadTransport } from "#core/ports/upload-transport.ts";
import type {
  CreateRoom,
  DeclareTake,
  DeclareTrack,
  HaveList,
  Join,
  Joined,
  Receipt,
  RenewToken,
  RoomCreated,
  SealTrack,
  TakeDeclared,
  TokenRenewed,
  TrackDeclared,
} from "#protocol/http-api.ts";
import type { ParticipantId, RoomId, Secret, Sha256, TakeId, TrackId } from "#protocol/ids.ts";
import { hashOf, MemoryFile } from "./memory-device.ts";
import type { Scheduler } from "#core/ports/time.ts";

export type CallName = keyof UploadTransport;

export interface Call {
  readonly name: CallName;
  readonly nth: number;
  readonly seq: number | null;
  readonly track: TrackId | null;
}

/** What goes wrong with one request. `after`: the server has done it, and only the answer is lost. */
export type Fault =
  | { readonly kind: "drop"; readonly when: "before" | "after" }
  | { readonly kind: "hang"; readonly when: "before" | "after" }
  | { readonly kind: "busy"; readonly status: number; readonly retryAfterMs: number | null; readonly when?: "after" }
  | { readonly kind: "foreign"; readonly status: number }
  | { readonly kind: "refuse"; readonly status: number }
  | { readonly kind: "wrong-receipt" }
  | { readonly kind: "duplicate" }
  | { readonly kind: "slow"; readonly ms: number };

interface StoredTrack {
  readonly participant: ParticipantId;
  readonly epochs: Map<number, { sha256: Sha256; bytes: Uint8Array }>;
  seal: SealTrack | null;
}

interface StoredRoom {
  readonly hostSecret: Secret;
  readonly participants: Map<ParticipantId, { refreshSecret: Secret; tokens: Map<string, number> }>;
  readonly takes: Map<TakeId, { body: DeclareTake; tracks: Map<TrackId, StoredTrack> }>;
}

type Reply<Value> = Answer<Value>;

interface ServerTime extends Scheduler {
  readonly nowMs: number;
}

const refused = (
  status: number,
  reason: string,
): { kind: "refused"; status: number; reason: string; message: string } => ({
  kind: "refused",
  status,
  reason,
  message: reason,
});

/** The server in memory, as a transport. `faultFor` decides what goes wrong; everything else is as the API says. */
export class MemoryServer implements UploadTransport {
  readonly rooms = new Map<RoomId, StoredRoom>();
  readonly calls: Call[] = [];
  faultFor: (call: Call) => Fault | null = () => null;
  latencyMs = 20;
  underWay = 0;
  mostUnderWay = 0;
  readonly #time: ServerTime;
  #names = 0;

  constructor(time: ServerTime) {
    this.#time = time;
  }

  /** A name of the right shape. */
  name<Id extends string>(length = 22): Id {
    this.#names += 1;
    return `n${this.#names}`.padEnd(length, "_") as Id;
  }

  count(name: CallName): number {
    return this.calls.filter((call) => call.name === name).length;
  }

  track(id: TrackId): StoredTrack | undefined {
    for (const room of this.rooms.values()) {
      for (const take of room.takes.values()) if (take.tracks.has(id)) return take.tracks.get(id);
    }
    return undefined;
  }

  /** Tokens that were given out longer ago than this end now. */
  expireTokens(olderThanMs = 0): void {
    for (const room of this.rooms.values()) {
      for (const { tokens } of room.participants.values()) {
        for (const [token, givenMs] of tokens) if (this.#time.nowMs - givenMs >= olderThanMs) tokens.delete(token);
      }
    }
  }

  async #serve<Value>(
    name: CallName,
    at: { seq?: number; track?: TrackId },
    signal: AbortSignal,
    act: () => Reply<Value>,
    spoil: (value: Value) => Value = (value) => value,
  ): Promise<Reply<Value>> {
    const call = { name, nth: this.count(name), seq: at.seq ?? null, track: at.track ?? null };
    this.calls.push(call);
    this.underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    try {
      return await this.#answer(this.faultFor(call), signal, act, spoil);
    } finally {
      this.underWay -= 1;
    }
  }

  async #answer<Value>(
    fault: Fault | null,
    signal: AbortSignal,
    act: () => Reply<Value>,
    spoil: (value: Value) => Value,
  ): Promise<Reply<Value>> {
    await this.#time.delay(this.latencyMs + (fault?.kind === "slow" ? fault.ms : 0), signal);
    switch (fault?.kind) {
      case "drop":
        if (fault.when === "after") act();
        return { kind: "unreachable", detail: "dropped" };
      case "hang":
        if (fault.when === "after") act();
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      case "busy":
        if (fault.when === "after") act();
        return { kind: "busy", status: fault.status, retryAfterMs: fault.retryAfterMs };
      case "foreign":
        return { kind: "foreign", status: fault.status };
      case "refuse":
        return refused(fault.status, "told-to");
      case "duplicate":
        act();
        return act();
      case "wrong-receipt": {
        const answer = act();
        return answer.kind === "ok" ? { ...answer, value: spoil(answer.value) } : answer;
      }
      default:
        return act();
    }
  }

  createRoom(_: CreateRoom, signal: AbortSignal): Promise<Reply<RoomCreated>> {
    return this.#serve("createRoom", {}, signal, () => {
      const room = this.name<RoomId>();
      const hostSecret = this.name<Secret>(43);
      this.rooms.set(room, { hostSecret, participants: new Map(), takes: new Map() });
      return { kind: "ok", status: 201, value: { room, hostSecret } };
    });
  }

  join(room: RoomId, body: Join, signal: AbortSignal): Promise<Reply<Joined>> {
    return this.#serve("join", {}, signal, () => {
      const stored = this.rooms.get(room);
      if (!stored) return refused(404, "no-such-room");
      const participant = this.name<ParticipantId>();
      const [refreshSecret, token] = [this.name<Secret>(43), this.name<string>()];
      stored.participants.set(participant, { refreshSecret, tokens: new Map([[token, this.#time.nowMs]]) });
      const role = body.hostSecret === stored.hostSecret ? "host" : "guest";
      const admission = "admitted";
      const value = { participant, role, refreshSecret, token, tokenExpiresMs: this.#tokenEnd(), admission } as const;
      return { kind: "ok", status: 201, value };
    });
  }

  renewToken(
    room: RoomId,
    participant: ParticipantId,
    body: RenewToken,
    signal: AbortSignal,
  ): Promise<Reply<TokenRenewed>> {
    return this.#serve("renewToken", {}, signal, () => {
      const seat = this.rooms.get(room)?.participants.get(participant);
      if (!seat) return refused(404, "no-such-participant");
      if (seat.refreshSecret !== body.refreshSecret) return refused(403, "bad-secret");
      const token = this.name<string>();
      seat.tokens.set(token, this.#time.nowMs);
      return { kind: "ok", status: 200, value: { role: "guest", token, tokenExpiresMs: this.#tokenEnd() } };
    });
  }

  #tokenEnd(): number {
    return Date.UTC(2026, 10, 20) + Math.round(this.#time.nowMs) + 15 * 60_000;
  }

  #take(
    access: Access,
    take: TakeId,
  ): StoredRoom["takes"] extends Map<TakeId, infer Take> ? Take | ReturnType<typeof refused> : never {
    const room = this.rooms.get(access.room);
    if (!room) return refused(404, "no-such-room");
    if (![...room.participants.values()].some((seat) => seat.tokens.has(access.token)))
      return refused(401, "bad-token");
    return room.takes.get(take) ?? refused(404, "no-such-take");
  }

  #track(access: Access, at: TrackAddress): StoredTrack | ReturnType<typeof refused> {
    const take = this.#take(access, at.take);
    if ("kind" in take) return take;
    return take.tracks.get(at.track) ?? refused(404, "no-such-track");
  }

  declareTake(access: Access, take: TakeId, body: DeclareTake, signal: AbortSignal): Promise<Reply<TakeDeclared>> {
    return this.#serve("declareTake", {}, signal, () => {
      const found = this.#take(access, take);
      if ("kind" in found && found.reason !== "no-such-take") return found;
      if ("kind" in found) this.rooms.get(access.room)?.takes.set(take, { body, tracks: new Map() });
      return { kind: "ok", status: 201, value: { take, state: "rolling" } };
    });
  }

  declareTrack(access: Access, at: TrackAddress, _: DeclareTrack, signal: AbortSignal): Promise<Reply<TrackDeclared>> {
    return this.#serve("declareTrack", at, signal, () => {
      const take = this.#take(access, at.take);
      if ("kind" in take) return take;
      const participant = [...(this.rooms.get(access.room)?.participants ?? [])].find(([, seat]) =>
        seat.tokens.has(access.token),
      )?.[0] as ParticipantId;
      const track = take.tracks.get(at.track) ?? { participant, epochs: new Map(), seal: null };
      take.tracks.set(at.track, track);
      return { kind: "ok", status: 201, value: { track: at.track, sealed: track.seal !== null } };
    });
  }

  haveList(access: Access, at: TrackAddress, signal: AbortSignal): Promise<Reply<HaveList>> {
    return this.#serve("haveList", at, signal, () => {
      const track = this.#track(access, at);
      if ("kind" in track) return track;
      const ranges = [...track.epochs.keys()].sort((a, b) => a - b).map((seq): [number, number] => [seq, seq]);
      return { kind: "ok", status: 200, value: { ranges, count: ranges.length, sealed: track.seal !== null } };
    });
  }

  putEpoch(access: Access, at: EpochAddress, body: Blob, sha256: Sha256, signal: AbortSignal): Promise<Reply<Receipt>> {
    const act = (): Reply<Receipt> => {
      const track = this.#track(access, at);
      if ("kind" in track) return track;
      if (!(body instanceof MemoryFile)) throw new Error("an epoch's body is a file of the journal");
      if (hashOf(body.content) !== sha256) return refused(422, "digest-wrong");
      const before = track.epochs.get(at.seq);
      if (before && before.sha256 !== sha256) return refused(409, "other-bytes");
      if (!before && track.seal) return refused(409, "sealed");
      if (!before) track.epochs.set(at.seq, { sha256, bytes: body.content });
      const value: Receipt = {
        receipt: 1,
        room: access.room,
        take: at.take,
        track: at.track,
        seq: at.seq,
        bytes: body.size,
        sha256,
      };
      return { kind: "ok", status: before ? 200 : 201, value };
    };
    const other = (value: Receipt): Receipt => ({ ...value, sha256: hashOf(new Uint8Array([1])) });
    return this.#serve("putEpoch", at, signal, act, other);
  }

  async seal(
    access: Access,
    at: TrackAddress,
    body: SealTrack,
    signal: AbortSignal,
  ): Promise<Reply<{ track: TrackId }> | { kind: "missing"; ranges: [number, number][] }> {
    let missing: [number, number][] = [];
    const answer = await this.#serve("seal", at, signal, (): Reply<{ track: TrackId }> => {
      const track = this.#track(access, at);
      if ("kind" in track) return track;
      missing = Array.from({ length: body.epochs }, (_, seq): [number, number] => [seq, seq]).filter(
        ([seq]) => !track.epochs.has(seq),
      );
      if (missing.length > 0) return refused(409, "epochs-missing");
      track.seal ??= body;
      return { kind: "ok", status: 200, value: { track: at.track } };
    });
    return answer.kind === "refused" && answer.reason === "epochs-missing"
      ? { kind: "missing", ranges: missing }
      : answer;
  }
}
