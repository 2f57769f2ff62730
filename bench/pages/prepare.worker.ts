/** Puts a prepared take into this origin's journal and manifest with the studio's own adapters. */
import { dexieTakes } from "#platform/dexie-takes.ts";
import { opfsEpochStore } from "#platform/opfs-epochs.ts";
import { webCryptoHasher } from "#platform/sha256.ts";
import { type PreparedTake, preparedEpochs, takeRowOf, trackRowOf } from "../parts/prepared-take.ts";

/** What the worker answers: bytes that lie in the journal, or what went wrong. */
export type Prepared = { readonly ok: true; readonly bytes: number } | { readonly ok: false; readonly message: string };

addEventListener("message", (event: MessageEvent<PreparedTake>) => {
  prepare(event.data).then(
    (bytes) => answer({ ok: true, bytes }),
    (error: unknown) => answer({ ok: false, message: String(error) }),
  );
});

function answer(prepared: Prepared): void {
  postMessage(prepared);
}

async function prepare(prepared: PreparedTake): Promise<number> {
  const store = opfsEpochStore();
  const repo = dexieTakes();
  const hasher = webCryptoHasher();
  let total = 0;
  for (const track of prepared.tracks) {
    for await (const { row, bytes } of preparedEpochs(prepared, track, (data) => hasher.sha256(data))) {
      await store.write({ take: row.take, track: row.track, seq: row.seq }, bytes);
      await repo.addEpoch(row);
      total += bytes.byteLength;
    }
    await repo.putTrack(trackRowOf(prepared, track));
  }
  // Last: an uploader that came by would find the take whole.
  await repo.putTake(takeRowOf(prepared));
  repo.close();
  return total;
}
