import { isRoomApiError, type RoomApi, RoomApiError } from "#core/ports/room-api.ts";
import type { TakeRepo } from "#core/ports/take-repo.ts";
import type { Clock } from "#core/ports/time.ts";
import { TOKEN_LIFETIME_S } from "#protocol/http-api.ts";
import type { ParticipantId, RoomId } from "#protocol/ids.ts";
import type { SeatRow } from "#protocol/take-manifest.ts";

export interface SeatTokenPorts {
  readonly repo: Pick<TakeRepo, "seat" | "putSeat">;
  readonly roomApi: Pick<RoomApi, "renewToken">;
  readonly clock: Clock;
}

/** Tokens of this device's seats. */
export interface SeatTokens {
  /**
   * A token that should be valid; a new one when `renew` is set (the server has just refused the last one).
   * @param participant whose; by default the preferred seat of this device in the room
   * @throws RoomApiError `unauthorized` when this device has no such seat, or the seat was taken away.
   */
  token(room: RoomId, renew?: boolean, participant?: ParticipantId): Promise<string>;
  /** Runs `call` with a token, and once more with a new one when the server refuses the first. */
  withToken<Value>(room: RoomId, call: (token: string) => Promise<Value>): Promise<Value>;
}

/** A token is not used in its last minute: a call may take a while. */
const SPARE_MS = 60_000;

export function createSeatTokens(ports: SeatTokenPorts): SeatTokens {
  const renewing = new Map<string, Promise<string>>();
  // by this page's own clock: the wall clock of a device may be a day off
  const freshUntilUs = new Map<string, number>();
  const isFresh = (seat: SeatRow): boolean =>
    ports.clock.nowUs() < (freshUntilUs.get(keyOf(seat)) ?? Number.NEGATIVE_INFINITY) ||
    (!freshUntilUs.has(keyOf(seat)) && seat.tokenExpiresMs - SPARE_MS > ports.clock.wallMs());
  const renewed = (seat: SeatRow): Promise<string> => {
    const running = renewing.get(keyOf(seat));
    if (running !== undefined) return running;
    const now = renewSeat(ports, seat).then((token) => {
      freshUntilUs.set(keyOf(seat), ports.clock.nowUs() + (TOKEN_LIFETIME_S * 1000 - SPARE_MS) * 1000);
      return token;
    });
    const ending = now.finally(() => renewing.delete(keyOf(seat)));
    renewing.set(keyOf(seat), ending);
    return ending;
  };
  const token = async (room: RoomId, renew = false, participant?: ParticipantId): Promise<string> => {
    const seat = await ports.repo.seat(room, participant);
    if (seat === undefined) throw new RoomApiError("unauthorized", "this device has no seat in the room");
    return !renew && seat.token !== null && isFresh(seat) ? seat.token : renewed(seat);
  };
  return {
    token,
    async withToken(room, call) {
      try {
        return await call(await token(room));
      } catch (error) {
        if (!isRoomApiError(error) || error.reason !== "unauthorized") throw error;
        return await call(await token(room, true));
      }
    },
  };
}

function keyOf(seat: SeatRow): string {
  return `${seat.room}/${seat.participant ?? ""}`;
}

async function renewSeat(ports: SeatTokenPorts, seat: SeatRow): Promise<string> {
  const { room, participant, refreshSecret } = seat;
  if (participant === null || refreshSecret === null) {
    throw new RoomApiError("unauthorized", "this device has not joined the room");
  }
  const renewed = await ports.roomApi.renewToken(room, participant, { refreshSecret });
  // read again: the uploader may have written the seat meanwhile
  const newest = (await ports.repo.seat(room, participant)) ?? seat;
  await ports.repo.putSeat({ ...newest, ...renewed });
  return renewed.token;
}
