import type { LockPort } from "#core/ports/lock-port.ts";
import { isRoomApiError, type RoomApi } from "#core/ports/room-api.ts";
import type { TakeRepo } from "#core/ports/take-repo.ts";
import type { Clock } from "#core/ports/time.ts";
import { preferredSeat } from "#core/room/preferred-seat.ts";
import type { ParticipantId, RoomId, Secret } from "#protocol/ids.ts";
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

/** Who sits down, and with which rights. */
export interface Sitting {
  readonly name: string;
  readonly title: string;
  /** Of a one-time link; only somebody new uses it up. */
  readonly invite: Secret | undefined;
}

/**
 * Takes this window's seat, or sits down on it again: a reload, a second visit and a crash keep the same participant.
 * A seat that was taken away is not: whoever sat on it asks anew to be let in.
 * Consent has been given right before. The seat stays this window's until it is closed.
 *
 * @throws RoomApiError when the server cannot be reached or refuses (`room-full`, `invite-used`, room gone).
 */
export async function takeSeat(ports: SeatDeskPorts, room: RoomId, sitting: Sitting): Promise<TakenSeat> {
  const { locks } = ports;
  const known = await findSeat(ports, room);
  const mine =
    known !== undefined && isTaken(known) && (await locks.tryHold(seatLock(known.participant))) !== undefined;
  const again = mine ? await sitAgain(ports, known, sitting) : undefined;
  if (again !== undefined) return again;
  // somebody who sits on the host's seat in another window is the host; this window is a guest
  const hostSecret = known !== undefined && (mine || !isTaken(known)) ? known.hostSecret : null;
  return sitNew(ports, room, sitting, hostSecret);
}

/** `undefined` when there is nothing to sit on any more. */
async function sitAgain(ports: SeatDeskPorts, known: TakenSeat, sitting: Sitting): Promise<TakenSeat | undefined> {
  const { room, participant, refreshSecret } = known;
  const { name, title } = sitting;
  if (refreshSecret === null) return undefined;
  try {
    const renewed = await ports.api.renewToken(room, participant, { refreshSecret, name });
    const seat = { ...known, ...renewed, participantName: name, title, usedMs: ports.clock.wallMs() };
    await ports.repo.putSeat(seat);
    ports.tab.set(tabKey(room), participant);
    return seat;
  } catch (error) {
    if (!isRoomApiError(error) || error.reason !== "unauthorized") throw error;
    return undefined;
  }
}

async function sitNew(
  ports: SeatDeskPorts,
  room: RoomId,
  { name, title, invite }: Sitting,
  hostSecret: Secret | null,
): Promise<TakenSeat> {
  const joined = await ports.api.join(room, {
    name,
    consent: true,
    ...(hostSecret === null ? {} : { hostSecret }),
    ...(invite === undefined ? {} : { invite }),
  });
  const usedMs = ports.clock.wallMs();
  const seat: TakenSeat = { ...joined, room, title, participantName: name, hostSecret, usedMs };
  await ports.repo.putSeat(seat);
  await ports.locks.tryHold(seatLock(seat.participant));
  ports.tab.set(tabKey(room), seat.participant);
  return seat;
}

/** The room has let this seat in: it knocks no more. */
export async function seatAdmitted(ports: Pick<SeatDeskPorts, "repo">, seat: TakenSeat): Promise<void> {
  if (seat.admission !== "waiting") return;
  const newest = (await ports.repo.seats()).find((each) => each.participant === seat.participant);
  await ports.repo.putSeat({ ...(newest ?? seat), admission: "admitted" });
}
