import * as v from "valibot";
import { type SkipWaitingReply, skipWaiting, takeLock } from "#protocol/sw-messages.ts";
import { worker } from "./scope.ts";

/** What the names of all take locks begin with. */
const TAKE_LOCKS = takeLock("");

/**
 * A new version waits until the page asks for it, since the person wants it; while any page of this origin records a
 * take, it goes on waiting even then. Rules SW4, SW5.
 */
export function updateWhenAsked(): void {
  worker.addEventListener("message", (event) => {
    if (!v.is(skipWaiting, event.data)) return;
    event.waitUntil(
      takeOver().then((reply) => {
        event.ports[0]?.postMessage(reply);
      }),
    );
  });
}

async function takeOver(): Promise<SkipWaitingReply> {
  const { held = [], pending = [] } = await worker.navigator.locks.query();
  const recording = [...held, ...pending].some((lock) => lock.name?.startsWith(TAKE_LOCKS));
  if (recording) return { taken: false, why: "recording" };
  await worker.skipWaiting();
  return { taken: true, why: null };
}
