import type { Clock, Random, Scheduler } from "#core/ports/time.ts";
import type { ParticipantId } from "#protocol/ids.ts";

/** What the call needs of the page. */
export interface LiveCallPorts {
  /** `/api/rooms/ROOM/realtime`, no slash at the end. */
  readonly prefix: string;
  /** A token of this participant; a new one when `renew` is set, since the server has just refused the last. */
  readonly token: (renew: boolean) => Promise<string>;
  readonly self: ParticipantId;
  /** GET generate-ice-servers; what it throws counts as no network. */
  readonly iceServers: () => Promise<readonly RTCIceServer[]>;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** The recording has fallen behind (its encoders drop frames): the call then sends less. */
  readonly recorderSlow: () => boolean;
}

/** ms on the page's monotonic clock. */
export const nowMs = (ports: Pick<LiveCallPorts, "clock">): number => ports.clock.nowUs() / 1000;
