import { dexieTakes } from "#platform/dexie-takes.ts";
import { openManifest } from "#platform/dexie-schema.ts";
import { takeRepoContract } from "../../contracts/take-repo.contract.ts";

export type ContractOutcome = readonly { readonly rule: string; readonly error: string | null }[];

/** Runs a contract against the real thing: the journal in a worker (only there it can write), the manifest on the page. */
export function runContract(name: "epoch-store" | "take-repo"): Promise<ContractOutcome> {
  return name === "take-repo" ? takeRepoOutcome() : epochStoreOutcome();
}

async function takeRepoOutcome(): Promise<ContractOutcome> {
  const outcome: { rule: string; error: string | null }[] = [];
  for (const { rule, run } of takeRepoContract) {
    const database = openManifest(`contract-${crypto.randomUUID()}`);
    const repo = dexieTakes({ database });
    outcome.push({ rule, error: await errorOf(() => run(repo)) });
    repo.close();
    await database.delete();
  }
  return outcome;
}

/** What the journal does when the disk is full. */
export function fillDisk(): Promise<FullDisk> {
  return askWorker("fill");
}

export interface FullDisk {
  readonly refused: string | null;
  readonly written: number;
  readonly left: number;
}

function epochStoreOutcome(): Promise<ContractOutcome> {
  return askWorker("contract");
}

function askWorker<Answer>(question: string): Promise<Answer> {
  const worker = new Worker(new URL("./contract.worker.ts", import.meta.url), { type: "module" });
  return new Promise((resolve, reject) => {
    worker.addEventListener("message", (event: MessageEvent<Answer>) => resolve(event.data));
    worker.addEventListener("error", (event) => reject(new Error(event.message)));
    worker.postMessage(question);
  });
}

export async function errorOf(work: () => Promise<void>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}
