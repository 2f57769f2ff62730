import { MAX_PARTICIPANTS } from "#protocol/http-api.ts";
import type { ParticipantId, Role } from "#protocol/ids.ts";
import type { ParticipantRow, RoomState } from "./room-state.ts";

/** A seat that was taken or last used this recently counts as taken, connected or not: 10 minutes. */
export const SEAT_HELD_MS = 10 * 60_000;

/** Seats that a room remembers at all. */
const MAX_SEATS = 1000;

/** Who says something, from a verified token. */
export interface Member {
  readonly participant: ParticipantId;
  /** As the token has it; what counts is the seat's. */
  readonly role: Role;
  readonly version: number;
}

export const mayHost = ({ role }: { readonly role: Role }): boolean => role === "host" || role === "cohost";

export const isWaiting = (row: ParticipantRow): boolean => row.admission === "waiting";

/** The role of a seat changes between these, and no other way: no token of a guest is ever good for a host's seat. */
const isPromotable = (role: Role): boolean => role === "guest" || role === "cohost";

/** The seat that a token was made for, if it still holds. What its owner may do is in the row, not in the token. */
export function memberRow(state: RoomState, member: Member): ParticipantRow | null {
  const row = state.participants.get(member.participant);
  if (!row || row.removed || row.version !== member.version) return null;
  return row.role === member.role || (isPromotable(row.role) && isPromotable(member.role)) ? row : null;
}

/** Whether there is no seat for one more guest. The waiting room does not count. */
export function isFull(state: RoomState, nowMs: number): boolean {
  const seats = [...state.participants.values()].filter((row) => !isWaiting(row));
  const held = seats.filter(
    (row) => state.online.has(row.participant) || (!row.left && nowMs - row.seenMs < SEAT_HELD_MS),
  );
  return held.length >= MAX_PARTICIPANTS || seats.length >= MAX_SEATS;
}
