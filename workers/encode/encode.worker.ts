import { expose } from "comlink";
import { performanceClock } from "#platform/clock.ts";
import { dexieTakes } from "#platform/dexie-takes.ts";
import { broadcastJournal } from "#platform/journal-channel.ts";
import { opfsEpochStore } from "#platform/opfs-epochs.ts";
import { webCryptoHasher } from "#platform/sha256.ts";
import { freeReserve, keepReserve } from "#platform/storage-space.ts";
import { createEncodeService } from "./encode-service.ts";

// A fault that nobody waits for ends in the page as an error of this worker, which is then made anew.
self.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  reportError(event.reason);
});

expose(
  createEncodeService({
    store: opfsEpochStore(),
    repo: dexieTakes(),
    hasher: webCryptoHasher(),
    channel: broadcastJournal(),
    clockFor: performanceClock,
    timeOriginMs: performance.timeOrigin,
    every: (ms, tick) => {
      const timer = setInterval(tick, ms);
      return () => clearInterval(timer);
    },
    keepReserve,
    freeReserve,
  }),
);
