import type { HaveList } from "#protocol/http-api.ts";
import type { ParticipantId, RoomId, TakeId, TrackId } from "#protocol/ids.ts";
import type { EpochRow, TakeRow, TrackRow } from "#protocol/take-manifest.ts";
import { epochKey } from "./epoch-key.ts";
import { REPLY_STALL_MS } from "./limits.ts";
import { refusal } from "./request-guard.ts";
import type { SeatRef, Seats } from "./seats.ts";
import { stored, UploadSetback } from "./setback.ts";
import { SingleFlight } from "./single-flight.ts";
import type { UploadPorts } from "./upload-ports.ts";

type PreparationPorts = Pick<UploadPorts, "repo" | "transport">;

/** A take that the server has been told of, and those of its tracks that it has been told of too. */
export interface DeclaredTake {
  readonly take: TakeId;
  readonly room: RoomId;
  /** Who speaks for it, and for those of its tracks that do not say whose they are. */
  readonly participant: ParticipantId;
  readonly speakers: Map<TrackId, ParticipantId>;
  /** How often in this launch. */
  readonly times: number;
  readonly tracks: Set<TrackId>;
  /** Those that it refuses. Their take is not sealed: it would count as complete without them. */
  readonly refused: Map<TrackId, UploadSetback>;
}

/** The seat that may send a track: its own participant's. */
export function speakerOf(declared: DeclaredTake, track: TrackId): SeatRef {
  return { room: declared.room, participant: declared.speakers.get(track) ?? declared.participant };
}

/**
 * What comes before the epochs: the seat, `PUT take`, `PUT track` for every track of the take, and the have-list once
 * per track. All of it is idempotent and remembered for this launch only.
 */
export class TakePreparation {
  readonly #ports: PreparationPorts;
  readonly #seats: Seats;
  readonly #declared = new Map<TakeId, DeclaredTake>();
  readonly #timesDeclared = new Map<TakeId, number>();
  readonly #listed = new Set<TrackId>();
  readonly #lost = new Map<string, EpochRow>();
  readonly #takeFlights = new SingleFlight<TakeId, DeclaredTake>();
  readonly #listFlights = new SingleFlight<TrackId, void>();

  constructor(ports: PreparationPorts, seats: Seats) {
    this.#ports = ports;
    this.#seats = seats;
  }

  /** Epochs with a receipt that the server no longer has: they are sent again, and until then nobody is safe. */
  lost(): readonly EpochRow[] {
    return [...this.#lost.values()];
  }

  found(epoch: EpochRow): void {
    this.#lost.delete(epochKey(epoch));
  }

  forgetLost(take: TakeId): void {
    for (const [key, epoch] of this.#lost) if (epoch.take === take) this.#lost.delete(key);
  }

  /** Whether the server has been asked to know the track, and has answered. */
  isTold(track: TrackRow): boolean {
    const declared = this.#declared.get(track.take);
    return declared !== undefined && (declared.tracks.has(track.track) || declared.refused.has(track.track));
  }

  maySeal(take: TakeId): boolean {
    return (this.#declared.get(take)?.refused.size ?? 0) === 0;
  }

  /** The person wants everything tried again: what was refused is declared anew. */
  forgive(): void {
    for (const { refused } of this.#declared.values()) refused.clear();
  }

  /** After the server was out of reach it may have come back with less than it had: every have-list is asked anew. */
  forgetHaveLists(): void {
    this.#listed.clear();
  }

  /** Seat, take, and all tracks that the manifest has now. */
  async declared(take: TakeRow, signal: AbortSignal): Promise<DeclaredTake> {
    return this.#takeFlights.run(take.take, async () => {
      const declared = this.#declared.get(take.take) ?? (await this.#declareTake(take, signal));
      const tracks = await stored(() => this.#ports.repo.tracks(take.take));
      for (const track of tracks) {
        const isTold = declared.tracks.has(track.track) || declared.refused.has(track.track);
        if (!isTold) await this.#declareTrack(declared, track, signal);
      }
      return declared;
    });
  }

  async #declareTake(take: TakeRow, signal: AbortSignal): Promise<DeclaredTake> {
    const seat = await this.#seats.seatFor(take, signal);
    // A take recorded alone never had a room's clock, and keeps saying so once it has a room.
    const body = { startedMs: take.startedMs, title: take.title, alone: take.zeroRoomUs === null };
    const answer = await this.#seats.authorised(seat, REPLY_STALL_MS, signal, (access, inner) =>
      this.#ports.transport.declareTake(access, take.take, body, inner),
    );
    if (answer.kind === "refused") throw refusal(answer, "take");
    const times = (this.#timesDeclared.get(take.take) ?? 0) + 1;
    this.#timesDeclared.set(take.take, times);
    const declared = {
      take: take.take,
      ...seat,
      speakers: new Map<TrackId, ParticipantId>(),
      times,
      tracks: new Set<TrackId>(),
      refused: new Map<TrackId, UploadSetback>(),
    };
    this.#declared.set(take.take, declared);
    return declared;
  }

  async #declareTrack(declared: DeclaredTake, track: TrackRow, signal: AbortSignal): Promise<void> {
    const body = { source: track.source, label: track.label.slice(0, 200) };
    if (track.participant !== undefined) declared.speakers.set(track.track, track.participant);
    const answer = await this.#seats.authorised(
      speakerOf(declared, track.track),
      REPLY_STALL_MS,
      signal,
      (access, inner) => this.#ports.transport.declareTrack(access, track, body, inner),
    );
    if (answer.kind !== "refused") {
      declared.tracks.add(track.track);
      return;
    }
    const refused = this.refused(answer, declared, "track").about(track.track);
    if (refused.scope === "track") declared.refused.set(track.track, refused);
    throw refused;
  }

  /**
   * A refusal of something inside a declared take. A server that does not know the take any more (404) is told of it
   * anew, once per launch; then the take is gone. Requests that were under way meanwhile just come again.
   */
  refused(
    answer: { readonly status: number; readonly reason: string; readonly message: string },
    declared: DeclaredTake,
    scope: "track" | "epoch",
  ): UploadSetback {
    const isCurrent = this.#declared.get(declared.take) === declared;
    if (answer.status !== 404 || (isCurrent && declared.times > 1)) return refusal(answer, scope);
    if (isCurrent) this.#declared.delete(declared.take);
    return UploadSetback.epoch("server-error", "the server does not know the take any more; it is declared anew");
  }

  /** Asks once per track what the server has, and finds what it lost. */
  async listed(declared: DeclaredTake, track: TrackId, signal: AbortSignal): Promise<void> {
    if (this.#listed.has(track)) return;
    await this.#listFlights.run(track, async () => {
      // Read before asking: what gets its receipt meanwhile must not look lost.
      const rows = await stored(() => this.#ports.repo.epochs(track));
      const at = { take: declared.take, track };
      const answer = await this.#seats.authorised(speakerOf(declared, track), REPLY_STALL_MS, signal, (access, inner) =>
        this.#ports.transport.haveList(access, at, inner),
      );
      if (answer.kind === "refused") throw this.refused(answer, declared, "track");
      for (const row of rows) {
        if (row.receiptMs !== null && !has(answer.value, row.seq)) this.#lost.set(epochKey(row), row);
      }
      this.#listed.add(track);
    });
  }

  /** The server refused the seal and named these as missing. */
  async missing(track: TrackId, ranges: readonly (readonly [number, number])[]): Promise<void> {
    const rows = await stored(() => this.#ports.repo.epochs(track));
    for (const row of rows) {
      if (ranges.some(([first, last]) => row.seq >= first && row.seq <= last)) this.#lost.set(epochKey(row), row);
    }
  }
}

function has(list: HaveList, seq: number): boolean {
  return list.ranges.some(([first, last]) => seq >= first && seq <= last);
}
