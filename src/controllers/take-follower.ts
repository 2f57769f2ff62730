import type { ClockSync } from "#core/clock-sync/clock-sync.ts";
import type { RoomSession } from "#core/room/room-session.ts";
import type { Clock } from "#core/ports/time.ts";
import type { TakeId } from "#protocol/ids.ts";
import type { TakeView } from "#protocol/room-messages.ts";
import type { SeatRow } from "#protocol/take-manifest.ts";
import { asLocal, type LocalMicros } from "#protocol/units.ts";
import type { RecordingDesk } from "./recording-desk.ts";

export interface FollowerPorts {
  readonly desk: RecordingDesk;
  readonly clock: Clock;
  readonly clockSync: ClockSync;
  readonly seat: () => SeatRow;
  readonly consentMs: () => number;
  readonly session: () => Pick<RoomSession, "stopTake" | "notRecording">;
  /** Whether anything is open that could be recorded; "off": nothing is, and something is only switched off. */
  readonly hasDevices: () => boolean | "off";
  readonly report: (error: unknown) => void;
}

/**
 * Lets this device's recorder follow the room's newest take: starts at its zero by the room's clock, stops at its end.
 * Only an explicit Stop of the same take (or a newer take) ends a recording; silence never does.
 */
export class TakeFollower {
  readonly #ports: FollowerPorts;
  /** A rolling take that waits for the first clock sample. */
  #waiting: TakeView | null = null;
  /** Stopped here while the room could not be told. */
  #untold: TakeId | null = null;

  constructor(ports: FollowerPorts) {
    this.#ports = ports;
  }

  follow(take: TakeView): void {
    const own = this.#ports.desk.own.get();
    const mine = own !== null && own.take === take.take;
    const records = own !== null && (own.phase === "recording" || own.phase === "starting" || own.phase === "failed");
    if (take.state === "stopped") {
      this.#waiting = null;
      this.#untold = null;
      if (mine && records) this.#stop(this.#localOf(take.stopRoomUs) ?? this.#ports.clock.nowUs());
      return;
    }
    if (this.#untold === take.take) {
      this.#ports.session().stopTake(take.take);
      return;
    }
    if (mine) return;
    // another take began, so the one that is recorded here has ended without this device hearing of it
    if (records) this.#stop(this.#localOf(take.zeroRoomUs) ?? this.#ports.clock.nowUs());
    if (this.#ports.clockSync.sample === null) {
      this.#waiting = take;
      return;
    }
    this.#start(take);
  }

  /** A clock sample is there: what waited for the first one can begin. */
  clockKnown(): void {
    const take = this.#waiting;
    this.#waiting = null;
    if (take !== null) this.follow(take);
  }

  /** The host pressed Stop: this device stops now, whether or not the room can be told yet. */
  stopHere(take: TakeId): void {
    this.#untold = take;
    this.#ports.session().stopTake(take);
  }

  /** As `stopHere`, with no room in reach: the others go on until it can be told. */
  stopOffline(take: TakeId): void {
    this.#untold = take;
    this.#stop(this.#ports.clock.nowUs());
  }

  #start(take: TakeView): void {
    const seat = this.#ports.seat();
    const has = this.#ports.hasDevices();
    if (has === false) {
      this.#ports.session().notRecording(take.take, "no-devices");
      return;
    }
    // nobody need wait for it; what is switched on later is declared then
    if (has === "off") this.#ports.session().notRecording(take.take, "muted");
    const nowUs = this.#ports.clock.nowUs();
    const zeroUs = this.#localOf(take.zeroRoomUs) ?? nowUs;
    this.#ports.desk.start({
      take: take.take,
      room: seat.room,
      participant: seat.participant,
      participantName: seat.participantName,
      title: take.title || seat.title,
      consentMs: this.#ports.consentMs(),
      zeroUs,
      zeroRoomUs: take.zeroRoomUs,
    });
  }

  #stop(atUs: LocalMicros): void {
    this.#ports.desk.stop(atUs).catch(this.#ports.report);
  }

  #localOf(room: TakeView["stopRoomUs"]): LocalMicros | undefined {
    if (room === null) return undefined;
    const local = this.#ports.clockSync.localOf(room);
    return local === undefined ? undefined : asLocal(local);
  }
}
