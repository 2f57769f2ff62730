import type { ParticipantId, RoomId } from "#protocol/ids.ts";
import type { SeatRow, TakeRow } from "#protocol/take-manifest.ts";
import type { Access } from "../ports/upload-transport.ts";
import { RENEW_BEFORE_MS, RENEW_EVERY_MS, REPLY_STALL_MS } from "./limits.ts";
import { type BodyProgress, guarded, type Judged, refusal } from "./request-guard.ts";
import { stored, UploadSetback } from "./setback.ts";
import { SingleFlight } from "./single-flight.ts";
import type { UploadPorts } from "./upload-ports.ts";

type SeatPorts = Pick<UploadPorts, "repo" | "transport" | "clock" | "scheduler">;
type SeatedRow = SeatRow & { readonly participant: NonNullable<SeatRow["participant"]> };

/** Who speaks, and where. */
export interface SeatRef {
  readonly room: RoomId;
  readonly participant: ParticipantId;
}

interface GoodToken {
  readonly token: string;
  /** Renewed just now; otherwise found in the manifest. */
  readonly isNew: boolean;
}

/** Speaks for the participant: keeps tokens fresh, one renewal at a time per seat, and joins for takes recorded alone. */
export class Seats {
  readonly #ports: SeatPorts;
  readonly #renewals = new SingleFlight<ParticipantId, GoodToken>();
  readonly #renewedUs = new Map<ParticipantId, number>();

  constructor(ports: SeatPorts) {
    this.#ports = ports;
  }

  /**
   * Asks with the seat's token. When the server says 401 it asks again, with the token that another context has renewed
   * meanwhile, if there is one, and at last with one that was renewed for it. A 401 to that means that the seat itself is
   * no longer good.
   */
  async authorised<Reply extends { readonly kind: string }>(
    seat: SeatRef,
    allowanceMs: number,
    signal: AbortSignal,
    call: (access: Access, signal: AbortSignal) => Promise<Reply>,
    progress?: BodyProgress,
  ): Promise<Judged<Reply>> {
    const { scheduler, clock } = this.#ports;
    let good = await this.#freshToken(seat, signal);
    let renewedUs = Number.NEGATIVE_INFINITY;
    for (;;) {
      const access = { room: seat.room, token: good.token };
      const answer = await guarded(scheduler, allowanceMs, signal, (inner) => call(access, inner), progress);
      if (!isUnauthorised(answer) || clock.nowUs() - renewedUs < RENEW_EVERY_MS * 1000) return answer;
      good = await this.#renew(seat, good.token, signal);
      if (good.isNew) renewedUs = clock.nowUs();
    }
  }

  async #freshToken(ref: SeatRef, signal: AbortSignal): Promise<GoodToken> {
    const seat = await this.#seat(ref);
    if (seat.token === null) return this.#renew(ref, null, signal);
    const endsSoon = seat.tokenExpiresMs - this.#ports.clock.wallMs() < RENEW_BEFORE_MS;
    const renewedUs = this.#renewedUs.get(ref.participant) ?? Number.NEGATIVE_INFINITY;
    const mayRenew = this.#ports.clock.nowUs() - renewedUs >= RENEW_EVERY_MS * 1000;
    if (!endsSoon || !mayRenew) return { token: seat.token, isNew: false };
    return this.#renew(ref, seat.token, signal);
  }

  async #seat({ room, participant }: SeatRef): Promise<SeatedRow> {
    const seat = await stored(() => this.#ports.repo.seat(room, participant));
    if (!seat || !isSeated(seat)) {
      throw UploadSetback.givenUp("take", "no-seat", "this device no longer knows its seat in the room");
    }
    return seat;
  }

  /** `used`: the token that was refused or ends soon; when the manifest has another by now, that one is taken. */
  #renew(ref: SeatRef, used: string | null, signal: AbortSignal): Promise<GoodToken> {
    return this.#renewals.run(ref.participant, async () => {
      const seat = await this.#seat(ref);
      if (seat.token !== null && seat.token !== used) return { token: seat.token, isNew: false };
      const { refreshSecret } = seat;
      if (refreshSecret === null) {
        throw UploadSetback.givenUp("take", "no-seat", "this device has no secret to renew its token with");
      }
      const { transport, scheduler, repo, clock } = this.#ports;
      const answer = await guarded(scheduler, REPLY_STALL_MS, signal, (inner) =>
        transport.renewToken(ref.room, ref.participant, { refreshSecret }, inner),
      );
      if (answer.kind === "refused") throw refusal(answer, "take");
      this.#renewedUs.set(ref.participant, clock.nowUs());
      const renewed = { ...(await this.#seat(ref)), ...answer.value };
      await stored(() => repo.putSeat(renewed));
      return { token: answer.value.token, isNew: true };
    });
  }

  /**
   * Who speaks for a take, and in which room. One recorded alone gets its own: each step is noted before the next is sent, so that a crash
   * goes on where it was and makes no second room.
   */
  async seatFor(take: TakeRow, signal: AbortSignal): Promise<SeatRef> {
    if (take.room !== null) {
      if (take.participant !== null) return { room: take.room, participant: take.participant };
      throw UploadSetback.givenUp("take", "no-seat", "the take does not say whose it is");
    }
    if (take.consentMs === 0) {
      throw UploadSetback.givenUp("take", "no-consent", "nobody agreed to this take being recorded");
    }
    const seats = await stored(() => this.#ports.repo.seats());
    const noted = seats.find((seat) => seat.forTake === take.take);
    const seat = noted && (await this.#joined(noted, take, signal));
    const seated = seat ?? (await this.#joined(await this.#newRoom(take, signal), take, signal));
    if (!seated) throw UploadSetback.givenUp("take", "gone", "the room that was just made is gone");
    await stored(() => this.#ports.repo.assignRoom(take.take, seated.room, seated.participant));
    return { room: seated.room, participant: seated.participant };
  }

  async #newRoom(take: TakeRow, signal: AbortSignal): Promise<SeatRow> {
    const { transport, scheduler, repo, clock } = this.#ports;
    const answer = await guarded(scheduler, REPLY_STALL_MS, signal, (inner) =>
      transport.createRoom({ title: take.title }, inner),
    );
    if (answer.kind === "refused") {
      const keyed = answer.status === 401 || answer.status === 403;
      const reason = keyed ? "studio-key-needed" : "refused";
      throw UploadSetback.givenUp("take", reason, `${answer.status} ${answer.reason}: ${answer.message}`);
    }
    const seat: SeatRow = {
      room: answer.value.room,
      title: take.title,
      participant: null,
      participantName: take.participantName.trim() || "Recorded alone",
      role: "host",
      hostSecret: answer.value.hostSecret,
      refreshSecret: null,
      token: null,
      tokenExpiresMs: 0,
      usedMs: clock.wallMs(),
      forTake: take.take,
    };
    await stored(() => repo.putSeat(seat));
    return seat;
  }

  /** `null`: the noted room is gone from the server; nothing was ever sent into it, so another may be made. */
  async #joined(seat: SeatRow, take: TakeRow, signal: AbortSignal): Promise<SeatedRow | null> {
    if (isSeated(seat)) return seat;
    const { transport, scheduler, repo } = this.#ports;
    const answer = await guarded(scheduler, REPLY_STALL_MS, signal, (inner) =>
      transport.join(
        seat.room,
        { name: seat.participantName, consent: true, ...(seat.hostSecret && { hostSecret: seat.hostSecret }) },
        inner,
      ),
    );
    if (answer.kind === "refused") {
      if (answer.status !== 404 && answer.status !== 410) throw refusal(answer, "take");
      const { forTake: _, ...forgotten } = seat;
      await stored(() => repo.putSeat(forgotten));
      return null;
    }
    const { participant, role, token, tokenExpiresMs, refreshSecret } = answer.value;
    const seated = { ...seat, participant, role, token, tokenExpiresMs, refreshSecret, title: take.title };
    await stored(() => repo.putSeat(seated));
    return seated;
  }
}

function isSeated(seat: SeatRow): seat is SeatedRow {
  return seat.participant !== null;
}

function isUnauthorised(answer: { readonly kind: string; readonly status?: unknown }): boolean {
  return answer.kind === "refused" && answer.status === 401;
}
