import { expose } from "comlink";
import { performanceClock } from "#platform/clock.ts";
import { dexieTakes } from "#platform/dexie-takes.ts";
import { broadcastJournal } from "#platform/journal-channel.ts";
import { opfsEpochStore } from "#platform/opfs-epochs.ts";
import { webCryptoHasher } from "#platform/sha256.ts";
import { freeReserve, keepReserve } from "#platform/storage-space.ts";
import { createEncodeService } from "./encode-service.ts";

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
