import type { HaveList } from "#protocol/http-api.ts";
import type { RoomId, TakeId, TrackId } from "#protocol/ids.ts";
import type { EpochRow, TakeRow, TrackRow } from "#protocol/take-manifest.ts";
import { epochKey } from "./epoch-key.ts";
import { REPLY_STALL_MS } from "./limits.ts";
import { refusal } from "./request-guard.ts";
import type { Seats } from "./seats.ts";
import { stored, UploadSetback } from "./setback.ts";
import { SingleFlight } from "./single-flight.ts";
import type { UploadPorts } from "./upload-ports.ts";

type PreparationPorts = Pick<UploadPorts, "repo" | "transport">;

/**
 * What comes before the epochs: the seat, `PUT take`, `PUT track` for every track of the take, and the have-list once
 * per track. All of it is idempotent and remembered for this launch only.
 */
export class TakePreparation {
  readonly #ports: PreparationPorts;
  readonly #seats: Seats;
  readonly #declaredTakes = new Map<TakeId, RoomId>();
  readonly #declaredTracks = new Set<TrackId>();
  readonly #listed = new Set<TrackId>();
  readonly #declaredAnew = new Set<TakeId>();
  readonly #lost = new Map<string, EpochRow>();
  readonly #takeFlights = new SingleFlight<TakeId, RoomId>();
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

  isDeclared(track: TrackId): boolean {
    return this.#declaredTracks.has(track);
  }

  /** After the server was out of reach it may have come back with less than it had: every have-list is asked anew. */
  forgetHaveLists(): void {
    this.#listed.clear();
  }

  /**
   * The server knows nothing of a take that was declared (404). Once per launch it is declared anew.
   * @returns false when that has been tried: then the take is gone.
   */
  mayDeclareAnew(take: TakeId, tracks: readonly TrackId[]): boolean {
    if (this.#declaredAnew.has(take)) return false;
    this.#declaredAnew.add(take);
    this.#declaredTakes.delete(take);
    for (const track of tracks) {
      this.#declaredTracks.delete(track);
      this.#listed.delete(track);
    }
    return true;
  }

  /** Seat, take, and all tracks that the manifest has now. */
  async declared(take: TakeRow, signal: AbortSignal): Promise<RoomId> {
    return this.#takeFlights.run(take.take, async () => {
      const room = this.#declaredTakes.get(take.take) ?? (await this.#declareTake(take, signal));
      const tracks = await stored(() => this.#ports.repo.tracks(take.take));
      for (const track of tracks) if (!this.isDeclared(track.track)) await this.#declareTrack(room, track, signal);
      return room;
    });
  }

  async #declareTake(take: TakeRow, signal: AbortSignal): Promise<RoomId> {
    const room = await this.#seats.roomFor(take, signal);
    // A take recorded alone never had a room's clock, and keeps saying so once it has a room.
    const body = { startedMs: take.startedMs, title: take.title, alone: take.zeroRoomUs === null };
    const answer = await this.#seats.authorised(room, REPLY_STALL_MS, signal, (access, inner) =>
      this.#ports.transport.declareTake(access, take.take, body, inner),
    );
    if (answer.kind === "refused") throw refusal(answer, "take");
    this.#declaredTakes.set(take.take, room);
    return room;
  }

  async #declareTrack(room: RoomId, track: TrackRow, signal: AbortSignal): Promise<void> {
    const body = { source: track.source, label: track.label.slice(0, 200) };
    const answer = await this.#seats.authorised(room, REPLY_STALL_MS, signal, (access, inner) =>
      this.#ports.transport.declareTrack(access, track, body, inner),
    );
    if (answer.kind === "refused") throw this.refused(answer, track.take, [track.track], "track");
    this.#declaredTracks.add(track.track);
  }

  /** A refusal of something inside a declared take; a first 404 may only mean that the take must be declared anew. */
  refused(
    answer: { readonly status: number; readonly reason: string; readonly message: string },
    take: TakeId,
    tracks: readonly TrackId[],
    scope: "track" | "epoch",
  ): UploadSetback {
    if (answer.status === 404 && this.mayDeclareAnew(take, tracks)) {
      return UploadSetback.epoch("server-error", "the server does not know the take any more; it is declared anew");
    }
    return refusal(answer, scope);
  }

  /** Asks once per track what the server has, and finds what it lost. */
  async listed(room: RoomId, at: { take: TakeId; track: TrackId }, signal: AbortSignal): Promise<void> {
    if (this.#listed.has(at.track)) return;
    await this.#listFlights.run(at.track, async () => {
      // Read before asking: what gets its receipt meanwhile must not look lost.
      const rows = await stored(() => this.#ports.repo.epochs(at.track));
      const answer = await this.#seats.authorised(room, REPLY_STALL_MS, signal, (access, inner) =>
        this.#ports.transport.haveList(access, at, inner),
      );
      if (answer.kind === "refused") throw this.refused(answer, at.take, [at.track], "track");
      for (const row of rows) {
        if (row.receiptMs !== null && !has(answer.value, row.seq)) this.#lost.set(epochKey(row), row);
      }
      this.#listed.add(at.track);
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
