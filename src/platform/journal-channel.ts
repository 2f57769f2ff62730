import type { JournalChannel } from "#core/ports/journal-channel.ts";
import { JOURNAL_CHANNEL, journalMessage } from "#protocol/sw-messages.ts";
import * as v from "valibot";

/** The journal channel over BroadcastChannel. A message of another version of the page is not understood and left out. */
export function broadcastJournal(name: string = JOURNAL_CHANNEL): JournalChannel & { close(): void } {
  const channel = new BroadcastChannel(name);
  return {
    tell: (message) => channel.postMessage(message),
    listen: (listener) => {
      const hear = (event: MessageEvent<unknown>): void => {
        const parsed = v.safeParse(journalMessage, event.data);
        if (parsed.success) listener(parsed.output);
      };
      channel.addEventListener("message", hear);
      return () => channel.removeEventListener("message", hear);
    },
    close: () => channel.close(),
  };
}
