import { opfsEpochStore } from "#platform/opfs-epochs.ts";
import { epochStoreContract } from "../../contracts/epoch-store.contract.ts";
import { errorOf } from "./rig-contracts.ts";

self.addEventListener("message", () => {
  void runAll().then((outcome) => self.postMessage(outcome));
});

async function runAll() {
  const outcome: { rule: string; error: string | null }[] = [];
  for (const { rule, run } of epochStoreContract) {
    const folder = `contract-${crypto.randomUUID()}`;
    const reopen = () => opfsEpochStore(folder);
    outcome.push({ rule, error: await errorOf(() => run({ store: reopen(), reopen })) });
  }
  return outcome;
}
