import type { EpochStore } from "#core/ports/epoch-store.ts";
import type { JournalChannel } from "#core/ports/journal-channel.ts";
import type { TakeRepo } from "#core/ports/take-repo.ts";
import type { UploadPorts } from "#core/upload/upload-ports.ts";
import type { BodyStreaming } from "./body-streaming.ts";
import { performanceClock, timerScheduler } from "./clock.ts";
import { httpUpload } from "./http-upload.ts";
import { webCryptoHasher } from "./sha256.ts";
import { webUploadLock } from "./upload-lock.ts";

export interface UploadAdapters {
  readonly repo: TakeRepo;
  readonly store: EpochStore;
  readonly journal: JournalChannel;
  readonly studioKey: () => string | null;
  /** Of those that know of a call. */
  readonly streaming?: BodyStreaming;
}

/** The engine's ports as every browser context has them: the upload worker and the service worker run the same. */
export function browserUploadPorts<Adapters extends UploadAdapters>(adapters: Adapters): UploadPorts & Adapters {
  return {
    ...adapters,
    transport: httpUpload({ ...adapters, fetch: fetch.bind(globalThis), origin: "" }),
    clock: performanceClock(),
    scheduler: timerScheduler(),
    random: { unit: Math.random },
    lock: webUploadLock(),
    hasher: webCryptoHasher(),
  };
}
