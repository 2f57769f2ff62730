import type { EpochStore } from "../ports/epoch-store.ts";
import type { Hasher } from "../ports/hasher.ts";
import type { JournalChannel } from "../ports/journal-channel.ts";
import type { TakeRepo } from "../ports/take-repo.ts";
import type { Clock, Random, Scheduler } from "../ports/time.ts";
import type { BodyPace, UploadTransport } from "../ports/upload-transport.ts";
import type { BodyProgress } from "./request-guard.ts";

/** The lock that makes one uploader of all tabs, workers and the service worker of this origin. */
export interface UploadLock {
  /**
   * Runs `work` while holding the lock, and gives it back however `work` ends. `waiting` is called when somebody else
   * holds it. Rejects with the signal's reason when that fires before the lock was had.
   */
  hold<Value>(work: () => Promise<Value>, signal: AbortSignal, waiting: () => void): Promise<Value>;
}

/** An epoch's place in the line beside a live call. */
export interface PacedTurn extends BodyPace, BodyProgress {
  /** Answered, or given up: the next may start. */
  over(): void;
}

/** Lets uploads give way to a live call: resolves when another epoch may start. @throws the signal's reason */
export type UploadPace = (signal: AbortSignal) => Promise<PacedTurn>;

/** All that the engine needs of the world. */
export interface UploadPorts {
  readonly repo: TakeRepo;
  readonly store: EpochStore;
  readonly transport: UploadTransport;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly lock: UploadLock;
  readonly hasher: Hasher;
  readonly journal: Pick<JournalChannel, "tell">;
  readonly pace?: UploadPace;
}
