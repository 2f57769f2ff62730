import type { RoomSessionState } from "#core/room/room-session-state.ts";
import type { Scheduler } from "#core/ports/time.ts";
import type { ParticipantId } from "#protocol/ids.ts";

/** A device that is not ready by then is recorded from the moment that it is. Measured: 0.7 s, up to 1.5 s on a page that shows nothing. */
const ARM_PATIENCE_MS = 4_000;

export interface TakeStarterPorts {
  readonly session: () => RoomSessionState;
  readonly self: ParticipantId;
  /** Whether this device could record at once. */
  readonly ready: () => boolean;
  /** Asks the room for a take. */
  readonly start: () => void;
  /** The room cannot be asked. */
  readonly unreachable: () => void;
  readonly changed: () => void;
  readonly scheduler: Scheduler;
  readonly report: (error: unknown) => void;
}

export interface Readiness {
  readonly ready: number;
  readonly total: number;
}

/**
 * Record as it was pressed here. The room starts everybody at the same moment, and a device that is still trying its codecs
 * then would begin late: so the room is asked once everybody in it has said to be ready, and at the latest after
 * {@link ARM_PATIENCE_MS}.
 */
export class TakeStarter {
  readonly #ports: TakeStarterPorts;
  #pressed: AbortController | null = null;

  constructor(ports: TakeStarterPorts) {
    this.#ports = ports;
  }

  /** It was pressed, and devices are waited for. */
  get waits(): boolean {
    return this.#pressed !== null;
  }

  press(): void {
    if (this.#pressed !== null) return;
    const { connection } = this.#ports.session();
    if (connection !== "open" && connection !== "connecting") return this.#ports.unreachable();
    if (this.#isReady()) return this.#ports.start();
    const pressed = new AbortController();
    this.#pressed = pressed;
    this.#ports.scheduler.delay(ARM_PATIENCE_MS, pressed.signal).then(
      () => this.#go(),
      (error: unknown) => {
        if (!pressed.signal.aborted) this.#ports.report(error);
      },
    );
    this.#ports.changed();
  }

  /** Something is ready, or somebody came or went. */
  look(): void {
    if (this.#pressed === null) return;
    if (this.#ports.session().room?.take?.state === "rolling") this.cancel();
    else if (this.#isReady()) this.#go();
  }

  cancel(): void {
    if (this.#pressed === null) return;
    this.#pressed.abort();
    this.#pressed = null;
    this.#ports.changed();
  }

  #go(): void {
    this.cancel();
    if (this.#ports.session().connection === "open") this.#ports.start();
    else this.#ports.unreachable();
  }

  #isReady(): boolean {
    const { session, self, ready: isReady } = this.#ports;
    const { connection } = session();
    const { ready, total } = readinessOf(session(), self, isReady());
    return connection === "open" && ready === total;
  }
}

/** Who in the room could record at once. Of oneself only this page knows; who has said nothing yet has only just come in. */
export function readinessOf({ room }: RoomSessionState, self: ParticipantId, selfReady: boolean): Readiness {
  const others = (room?.participants ?? []).filter(
    ({ participant, connected, role }) => participant !== self && connected && role !== "viewer",
  );
  const ready = others.filter(({ status }) => status !== null && status.ready !== false).length;
  return { ready: ready + (selfReady ? 1 : 0), total: others.length + 1 };
}
