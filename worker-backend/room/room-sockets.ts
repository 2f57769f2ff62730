import * as v from "valibot";
import { type ParticipantId, participantId, role } from "#protocol/ids.ts";
import { CLOSE, deviceStatus, type ServerMessage } from "#protocol/room-messages.ts";
import { count, wallMillis } from "#protocol/units.ts";
import { type Bucket, takeTokens } from "../http/rate-limit.ts";
import type { Online } from "./room-state.ts";
import type { Member } from "./step-members.ts";

/** The first message must come within this time. */
export const HELLO_WITHIN_MS = 5_000;

/** Sockets of one room, said hello or not: three per person. */
const MAX_SOCKETS = 64;

/** 30 messages a second, 60 at once. A malformed one costs ten. */
const MESSAGES = { size: 60, perSecond: 30 } as const;
export const BAD_MESSAGE_COST = 10;

/** So many refused messages without one that passes, and the socket is closed. */
const MAX_REFUSED = 30;

/** What a socket carries through hibernation. */
const attachment = v.object({
  sinceMs: wallMillis,
  member: v.nullable(v.object({ participant: participantId, role, version: count })),
  online: v.nullable(v.object({ seenMs: wallMillis, status: v.nullable(deviceStatus) })),
});

interface Seat {
  readonly sinceMs: number;
  readonly member: Member | null;
  bucket: Bucket | undefined;
  refused: number;
  /** When it last said anything; the time of waking, after the object has slept. */
  heardMs: number;
}

/** The room's sockets: who is behind each, limits, and sending. Survives hibernation through attachments. */
export class RoomSockets {
  readonly #seats = new Map<WebSocket, Seat>();

  constructor(sockets: readonly WebSocket[]) {
    for (const socket of sockets) {
      const known = v.safeParse(attachment, socket.deserializeAttachment());
      if (!known.success || socket.readyState !== WebSocket.OPEN) continue;
      const { sinceMs, member } = known.output;
      this.#seats.set(socket, { sinceMs, member, bucket: undefined, refused: 0, heardMs: Date.now() });
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
    for (const [socket, { member }] of this.#seats) {
      const known = v.safeParse(attachment, socket.deserializeAttachment());
      if (member && known.success && known.output.online) found.set(member.participant, known.output.online);
    }
    return found;
  }

  add(socket: WebSocket, nowMs: number): void {
    this.#seats.set(socket, { sinceMs: nowMs, member: null, bucket: undefined, refused: 0, heardMs: nowMs });
    socket.serializeAttachment({ sinceMs: nowMs, member: null, online: null });
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
    for (const [other, { member: held }] of this.#seats) {
      if (other === socket || held?.participant !== member.participant) continue;
      this.close(other, CLOSE.replaced, "another socket of this participant took over");
    }
    this.#seats.set(socket, { ...seat, member });
  }

  /** Keeps what a participant last said with the socket. Without the list of gaps: an attachment holds about 2 KB. */
  keep(participant: ParticipantId, { seenMs, status }: Online): void {
    const online: Online = { seenMs, status: status && { ...status, newestGaps: [] } };
    for (const [socket, { sinceMs, member }] of this.#seats) {
      if (member?.participant === participant) socket.serializeAttachment({ sinceMs, member, online });
    }
  }

  /** Forgets the socket. @returns who is no longer connected by it */
  drop(socket: WebSocket): ParticipantId | null {
    const seat = this.#seats.get(socket);
    this.#seats.delete(socket);
    return seat?.member?.participant ?? null;
  }

  close(socket: WebSocket, code: number, why: string): ParticipantId | null {
    if (socket.readyState === WebSocket.OPEN) socket.close(code, why);
    return this.drop(socket);
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

  send(socket: WebSocket, message: ServerMessage): void {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  }

  sendTo(participant: ParticipantId, message: ServerMessage): void {
    for (const [socket, { member }] of this.#seats) {
      if (member?.participant === participant) this.send(socket, message);
    }
  }

  broadcast(message: ServerMessage, except?: ParticipantId): void {
    const text = JSON.stringify(message);
    for (const [socket, { member }] of this.#seats) {
      if (member && member.participant !== except && socket.readyState === WebSocket.OPEN) socket.send(text);
    }
  }
}
