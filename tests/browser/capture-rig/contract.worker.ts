import * as v from "valibot";
import { StorageError } from "#core/ports/storage-error.ts";
import { takeId, trackId } from "#protocol/ids.ts";
import { opfsEpochStore } from "#platform/opfs-epochs.ts";
import { epochStoreContract } from "../../contracts/epoch-store.contract.ts";
import { errorOf } from "./rig-contracts.ts";

self.addEventListener("message", (event: MessageEvent<unknown>) => {
  const work = event.data === "fill" ? fillDisk() : runAll();
  void work.then((outcome) => self.postMessage(outcome));
});

const MEBIBYTE = new Uint8Array(1024 * 1024).fill(7);

/** Writes until the disk refuses: with which reason, and how many epochs are there then. */
async function fillDisk() {
  const store = opfsEpochStore(`full-${crypto.randomUUID()}`);
  const take = v.parse(takeId, "take-a________________");
  const track = v.parse(trackId, "camera________________");
  for (let seq = 0; seq < 1_000; seq++) {
    const refused = await store.write({ take, track, seq }, MEBIBYTE).then(
      () => null,
      (error: unknown) => (error instanceof StorageError ? error.reason : String(error)),
    );
    if (refused !== null) {
      const left = await store.list();
      await store.discardTake(take);
      return { refused, written: seq, left: left.length };
    }
  }
  return { refused: null, written: 1_000, left: 0 };
}

async function runAll() {
  const outcome: { rule: string; error: string | null }[] = [];
  for (const { rule, run } of epochStoreContract) {
    const folder = `contract-${crypto.randomUUID()}`;
    const reopen = () => opfsEpochStore(folder);
    outcome.push({ rule, error: await errorOf(() => run({ store: reopen(), reopen })) });
  }
  return outcome;
}
