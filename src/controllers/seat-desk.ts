import type { LockPort } from "#core/ports/lock-port.ts";
import type { RoomApi } from "#core/ports/room-api.ts";
import type { TakeRepo } from "#core/ports/take-repo.ts";
import type { Clock } from "#core/ports/time.ts";
import { preferredSeat } from "#core/room/preferred-seat.ts";
import type { ParticipantId, RoomId } from "#protocol/ids.ts";
import { seatLock } from "#protocol/sw-messages.ts";
import type { SeatRow } from "#protocol/take-manifest.ts";
import type { TabMemory } from "./exports-access.ts";

/** A seat that has been taken: this window is a participant. */
export type TakenSeat = SeatRow & { readonly participant: ParticipantId };

export interface SeatDeskPorts {
  readonly repo: Pick<TakeRepo, "seats" | "putSeat">;
  readonly api: Pick<RoomApi, "join" | "renewToken">;
  readonly clock: Clock;
  readonly locks: LockPort;
  /** Remembers over a reload which seat is this window's. */
  readonly tab: TabMemory;
}

const tabKey = (room: RoomId): string => `tapesync-seat-${room}`;

function isTaken(seat: SeatRow): seat is TakenSeat {
  return seat.participant !== null;
}

/**
 * The seat that this window would sit down on: its own from before a reload; else a seat of this device that no other
 * window sits on; `undefined` for somebody new. Two windows of one browser are so two people.
 */
export async function findSeat(ports: SeatDeskPorts, room: RoomId): Promise<SeatRow | undefined> {
  const all = (await ports.repo.seats()).filter((seat) => seat.room === room);
  const own = all.find((seat) => seat.participant !== null && seat.participant === ports.tab.get(tabKey(room)));
  if (own !== undefined) return own;
  const isFree = async ({ participant }: SeatRow): Promise<boolean> =>
    participant === null || ports.locks.isFree(seatLock(participant));
  const free = await Promise.all(all.map(isFree));
  return preferredSeat(all.filter((_seat, at) => free[at]));
}

/**
 * Takes this window's seat, or sits down on it again: a reload, a second visit and a crash keep the same participant.
 * Consent has been given right before. The seat stays this window's until it is closed.
 *
 * @throws RoomApiError when the server cannot be reached or refuses (`room-full`, room gone).
 */
export async function takeSeat(ports: SeatDeskPorts, room: RoomId, name: string, title: string): Promise<TakenSeat> {
  const { repo, api, clock, locks, tab } = ports;
  const known = await findSeat(ports, room);
  const mine =
    known !== undefined && isTaken(known) && (await locks.tryHold(seatLock(known.participant))) !== undefined;
  if (mine && known.refreshSecret !== null) {
    const renewed = await api.renewToken(room, known.participant, { refreshSecret: known.refreshSecret, name });
    const seat = { ...known, ...renewed, participantName: name, title, usedMs: clock.wallMs() };
    await repo.putSeat(seat);
    tab.set(tabKey(room), seat.participant);
    return seat;
  }
  // somebody who sits on the host's seat in another window is the host; this window is a guest
  const hostSecret = known !== undefined && !isTaken(known) ? known.hostSecret : null;
  const joined = await api.join(room, { name, consent: true, ...(hostSecret === null ? {} : { hostSecret }) });
  const seat: TakenSeat = { ...joined, room, title, participantName: name, hostSecret, usedMs: clock.wallMs() };
  await repo.putSeat(seat);
  await locks.tryHold(seatLock(seat.participant));
  tab.set(tabKey(room), seat.participant);
  return seat;
}
