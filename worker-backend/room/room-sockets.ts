import type { ParticipantId } from "#protocol/ids.ts";
import { CLOSE, type ServerMessage } from "#protocol/room-messages.ts";
import { type Bucket, type BucketSize, takeTokens } from "../http/rate-limit.ts";
import type { Online } from "./room-state.ts";
import { Outbox } from "./outbox.ts";
import type { Member } from "./seats.ts";
import { pack, unpack } from "./socket-attachment.ts";

/** The first message must come within this time. */
export const HELLO_WITHIN_MS = 5_000;

/** Sockets of one room, said hello or not: everybody, everybody who may wait, and as many that have said nothing yet. */
export const MAX_SOCKETS = 128;

/** 40 messages a second, 80 at once: twice what a lively page sends. A malformed one costs ten. */
export const MESSAGES = { size: 80, perSecond: 40 } as const satisfies BucketSize;
export const BAD_MESSAGE_COST = 10;

/** What reaches everybody's eyes or is stored has less, beside the limit of all. */
const OF_TYPE: Readonly<Record<string, BucketSize>> = {
  react: { size: 5, perSecond: 5 },
  chat: { size: 10, perSecond: 3 },
  "add-marker": { size: 10, perSecond: 3 },
};

/** So many refused messages without one that passes, and the socket is closed. */
const MAX_REFUSED = 30;

interface Seat {
  readonly sinceMs: number;
  readonly member: Member | null;
  bucket: Bucket | undefined;
  readonly ofType: Map<string, Bucket>;
  refused: number;
  /** When it last said anything; the time of waking, after the object has slept. */
  heardMs: number;
}

/** The room's sockets: who is behind each, limits, and sending. Survives hibernation through attachments. */
export class RoomSockets {
  readonly #seats = new Map<WebSocket, Seat>();
  /** The one socket of each participant. */
  readonly #ofMember = new Map<ParticipantId, WebSocket>();
  readonly #outbox = new Outbox();

  constructor(sockets: readonly WebSocket[]) {
    for (const socket of sockets) {
      const known = unpack(socket.deserializeAttachment());
      if (!known || socket.readyState !== WebSocket.OPEN) continue;
      this.#seats.set(socket, freshSeat(known.sinceMs, known.member, Date.now()));
      if (known.member) this.#ofMember.set(known.member.participant, socket);
    }
  }

  /**
   * Makes room for one more socket: when there are too many, the oldest that has not said hello must go, so that silent ones
   * cannot keep people out. @returns whether there is room
   */
  makeRoom(): boolean {
    if (this.#seats.size < MAX_SOCKETS) return true;
    const silent = [...this.#seats].find(([, seat]) => !seat.member);
    if (silent) this.close(silent[0], CLOSE.tooFast, "too many sockets");
    return silent !== undefined;
  }

  /** Who was connected before the object slept. */
  online(): ReadonlyMap<ParticipantId, Online> {
    const found = new Map<ParticipantId, Online>();
    for (const [participant, socket] of this.#ofMember) {
      const online = unpack(socket.deserializeAttachment())?.online;
      if (online) found.set(participant, online);
    }
    return found;
  }

  add(socket: WebSocket, nowMs: number): void {
    this.#seats.set(socket, freshSeat(nowMs, null, nowMs));
    socket.serializeAttachment(pack({ sinceMs: nowMs, member: null, online: null }));
  }

  isConnected(participant: ParticipantId): boolean {
    return this.#ofMember.has(participant);
  }

  has(socket: WebSocket): boolean {
    return this.#seats.has(socket);
  }

  memberOf(socket: WebSocket): Member | null {
    return this.#seats.get(socket)?.member ?? null;
  }

  /** This socket speaks for the member from now on; another one of the same participant is closed. */
  seat(socket: WebSocket, member: Member): void {
    const seat = this.#seats.get(socket);
    if (!seat) return;
    this.closeOf(member.participant, CLOSE.replaced, "another socket of this participant took over");
    this.#seats.set(socket, { ...seat, member });
    this.#ofMember.set(member.participant, socket);
    socket.serializeAttachment(pack({ sinceMs: seat.sinceMs, member, online: null }));
  }

  /** Keeps with the socket what the room would not know after a sleep. */
  keep(participant: ParticipantId, online: Online): void {
    const socket = this.#ofMember.get(participant);
    const seat = socket && this.#seats.get(socket);
    if (seat) socket.serializeAttachment(pack({ sinceMs: seat.sinceMs, member: seat.member, online }));
  }

  /** Forgets the socket. @returns who is no longer connected by it */
  drop(socket: WebSocket): ParticipantId | null {
    const participant = this.#seats.get(socket)?.member?.participant ?? null;
    this.#seats.delete(socket);
    if (participant === null || this.#ofMember.get(participant) !== socket) return null;
    this.#ofMember.delete(participant);
    return participant;
  }

  close(socket: WebSocket, code: number, why: string): ParticipantId | null {
    this.#outbox.flush(socket, Date.now());
    if (socket.readyState === WebSocket.OPEN) socket.close(code, why);
    return this.drop(socket);
  }

  /** Closes the socket of a participant, if there is one. The room has been told before, or is told by whoever asks. */
  closeOf(participant: ParticipantId, code: number, why: string): void {
    const socket = this.#ofMember.get(participant);
    if (socket) this.close(socket, code, why);
  }

  closeAll(code: number, why: string): void {
    for (const socket of [...this.#seats.keys()]) this.close(socket, code, why);
  }

  /** Sockets that have not said hello in time. */
  late(nowMs: number): readonly WebSocket[] {
    return [...this.#seats].flatMap(([socket, seat]) =>
      !seat.member && seat.sinceMs + HELLO_WITHIN_MS <= nowMs ? [socket] : [],
    );
  }

  nextHelloDueMs(): number | null {
    const due = [...this.#seats.values()].flatMap((seat) => (seat.member ? [] : [seat.sinceMs + HELLO_WITHIN_MS]));
    return due.length === 0 ? null : Math.min(...due);
  }

  heard(socket: WebSocket, nowMs: number): void {
    const seat = this.#seats.get(socket);
    if (seat) seat.heardMs = nowMs;
  }

  /** Sockets of members that have said nothing for longer than `allowedMs` gives each. */
  silent(nowMs: number, allowedMs: (participant: ParticipantId) => number): readonly WebSocket[] {
    return [...this.#seats].flatMap(([socket, { member, heardMs }]) =>
      member && nowMs - heardMs > allowedMs(member.participant) ? [socket] : [],
    );
  }

  /** `refuse`: too many messages, say so once. `drop`: say nothing. `close`: enough. */
  admit(socket: WebSocket, nowMs: number, cost = 1): "pass" | "refuse" | "drop" | "close" {
    const seat = this.#seats.get(socket);
    if (!seat) return "drop";
    const { taken, bucket } = takeTokens(seat.bucket, MESSAGES, nowMs, cost);
    seat.bucket = bucket;
    if (taken) {
      if (cost === 1) seat.refused = 0;
      return "pass";
    }
    seat.refused += 1;
    if (seat.refused > MAX_REFUSED) return "close";
    return seat.refused === 1 ? "refuse" : "drop";
  }

  /** Whether one more message of this type is within its own limit. */
  admitType(socket: WebSocket, type: string, nowMs: number): boolean {
    const seat = this.#seats.get(socket);
    const size = OF_TYPE[type];
    if (!seat || !size) return true;
    const { taken, bucket } = takeTokens(seat.ofType.get(type), size, nowMs);
    seat.ofType.set(type, bucket);
    return taken;
  }

  send(socket: WebSocket, message: ServerMessage): void {
    this.#outbox.send(socket, JSON.stringify(message), Date.now());
  }

  /** As `send`, and not a moment later: the time in it is now. */
  sendNow(socket: WebSocket, message: ServerMessage): void {
    this.send(socket, message);
    this.#outbox.flush(socket, Date.now());
  }

  sendTo(participant: ParticipantId, message: ServerMessage): void {
    const socket = this.#ofMember.get(participant);
    if (socket) this.send(socket, message);
  }

  /** To these, and to nobody else. */
  tell(participants: Iterable<ParticipantId>, message: ServerMessage, except?: ParticipantId): void {
    const text = JSON.stringify(message);
    const nowMs = Date.now();
    for (const participant of participants) {
      const socket = participant === except ? undefined : this.#ofMember.get(participant);
      if (socket) this.#outbox.send(socket, text, nowMs);
    }
  }
}

const freshSeat = (sinceMs: number, member: Member | null, heardMs: number): Seat => ({
  sinceMs,
  member,
  bucket: undefined,
  ofType: new Map(),
  refused: 0,
  heardMs,
});
