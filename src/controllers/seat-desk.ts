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
