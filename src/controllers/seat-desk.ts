import type { RoomApi } from "#core/ports/room-api.ts";
import type { TakeRepo } from "#core/ports/take-repo.ts";
import type { Clock } from "#core/ports/time.ts";
import type { ParticipantId, RoomId } from "#protocol/ids.ts";
import type { SeatRow } from "#protocol/take-manifest.ts";

/** A seat that has been taken: this device is a participant. */
export type TakenSeat = SeatRow & { readonly participant: ParticipantId };

export interface SeatDeskPorts {
  readonly repo: TakeRepo;
  readonly api: RoomApi;
  readonly clock: Clock;
}

/** A token is renewed this long before its end, so that no request goes out with one that ends on the way. */
const RENEW_BEFORE_MS = 60_000;

export function isTaken(seat: SeatRow | undefined): seat is TakenSeat {
  return seat !== undefined && seat.participant !== null;
}

/**
 * Takes this device's seat in a room, or sits down on it again: a reload, a second visit and a crash keep the same
 * participant. Consent has been given right before.
 *
 * @throws RoomApiError when the server cannot be reached or refuses (`room-full`, room gone).
 */
export async function takeSeat(ports: SeatDeskPorts, room: RoomId, name: string, title: string): Promise<TakenSeat> {
  const { repo, api, clock } = ports;
  const known = await repo.seat(room);
  if (isTaken(known) && known.refreshSecret !== null) {
    const renewed = await api.renewToken(room, known.participant, { refreshSecret: known.refreshSecret, name });
    const seat = { ...known, ...renewed, participantName: name, title, usedMs: clock.wallMs() };
    await repo.putSeat(seat);
    return seat;
  }
  const hostSecret = known?.hostSecret ?? null;
  const joined = await api.join(room, { name, consent: true, ...(hostSecret === null ? {} : { hostSecret }) });
  const seat: TakenSeat = { ...joined, room, title, participantName: name, hostSecret, usedMs: clock.wallMs() };
  await repo.putSeat(seat);
  return seat;
}

/**
 * A token of this device's seat. The upload worker renews the same seat, so the manifest is asked each time.
 *
 * @param renew the last one was refused.
 * @throws RoomApiError; Error when this device has no seat in the room.
 */
export async function seatToken(ports: SeatDeskPorts, room: RoomId, renew: boolean): Promise<string> {
  const seat = await ports.repo.seat(room);
  if (!isTaken(seat) || seat.refreshSecret === null) throw new Error("this device has no seat in the room");
  const fresh = seat.token !== null && seat.tokenExpiresMs - ports.clock.wallMs() > RENEW_BEFORE_MS;
  if (seat.token !== null && fresh && !renew) return seat.token;
  const renewed = await ports.api.renewToken(room, seat.participant, { refreshSecret: seat.refreshSecret });
  await ports.repo.putSeat({ ...seat, ...renewed });
  return renewed.token;
}
