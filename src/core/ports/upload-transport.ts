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
import type { ParticipantId, RoomId, Sha256, TakeId, TrackId } from "#protocol/ids.ts";

/**
 * What came back, as data. A transport never throws for what a network or server may do; it rejects only with the
 * reason of the signal that stopped it. Contract: tests/contracts/upload-transport.contract.ts, rules UT1….
 */
export type Answer<Value> =
  /** 200 or 201 with a body that the schema accepts. */
  | { readonly kind: "ok"; readonly status: number; readonly value: Value }
  /** 4xx with an error body of this API: it is our server that refuses. */
  | { readonly kind: "refused"; readonly status: number; readonly reason: string; readonly message: string }
  /** 429, or 5xx: by whomever on the way. `retryAfterMs` as asked for, not capped. */
  | { readonly kind: "busy"; readonly status: number; readonly retryAfterMs: number | null }
  /** Any other reply, a redirect included: it does not come from our server. */
  | { readonly kind: "foreign"; readonly status: number }
  /** No reply. */
  | { readonly kind: "unreachable"; readonly detail: string };

/** A seal may also name what the server misses. Closed ranges of seq. */
export type SealAnswer =
  | Answer<{ readonly track: TrackId }>
  | { readonly kind: "missing"; readonly ranges: readonly (readonly [number, number])[] };

export interface Access {
  readonly room: RoomId;
  readonly token: string;
}

/** How fast a body may go out, beside a live call. */
export interface BodyPace {
  /** Something limits it now. When nothing does, a body goes out whole. */
  readonly limits: boolean;
  /** Resolves when more of the body may go out, with how many bytes: 1 … `most`. @throws the signal's reason */
  slice(most: number, signal: AbortSignal): Promise<number>;
  /** The body goes out whole, at once. */
  whole(bytes: number): void;
}

export interface UploadTransport {
  createRoom(body: CreateRoom, signal: AbortSignal): Promise<Answer<RoomCreated>>;
  join(room: RoomId, body: Join, signal: AbortSignal): Promise<Answer<Joined>>;
  renewToken(
    room: RoomId,
    participant: ParticipantId,
    body: RenewToken,
    signal: AbortSignal,
  ): Promise<Answer<TokenRenewed>>;
  declareTake(access: Access, take: TakeId, body: DeclareTake, signal: AbortSignal): Promise<Answer<TakeDeclared>>;
  declareTrack(
    access: Access,
    at: TrackAddress,
    body: DeclareTrack,
    signal: AbortSignal,
  ): Promise<Answer<TrackDeclared>>;
  haveList(access: Access, at: TrackAddress, signal: AbortSignal): Promise<Answer<HaveList>>;
  /**
   * `body` is streamed from the disk; `sha256` goes with it as Content-Digest. `pace`: in slices, where this is possible. When it
   * turns out not to be, the answer is `unreachable` or `busy`, and the next try is whole.
   */
  putEpoch(
    access: Access,
    at: EpochAddress,
    body: Blob,
    sha256: Sha256,
    signal: AbortSignal,
    pace?: BodyPace,
  ): Promise<Answer<Receipt>>;
  seal(access: Access, at: TrackAddress, body: SealTrack, signal: AbortSignal): Promise<SealAnswer>;
}

export interface TrackAddress {
  readonly take: TakeId;
  readonly track: TrackId;
}

export interface EpochAddress extends TrackAddress {
  readonly seq: number;
}
