import type { JournalMessage } from "#protocol/sw-messages.ts";

/** Hints between page, workers and service worker; the manifest is the truth. */
export interface JournalChannel {
  tell(message: JournalMessage): void;
  /** Messages of others, never one's own. Returns the way out. */
  listen(listener: (message: JournalMessage) => void): () => void;
}
