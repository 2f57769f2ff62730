import * as v from "valibot";
import { takeId, trackId } from "./ids.ts";

/** Web Lock that exactly one uploader of this origin holds while it drains. */
export const UPLOAD_LOCK = "tapesync-upload";

/** Web Lock that a page holds for as long as it records a take; a take in state `recording` without it was cut short. */
export const takeLock = (take: string): string => `tapesync-take-${take}`;

/** Web Lock that a page holds while it sits on a seat of a room, so that another window of this browser takes another seat. */
export const seatLock = (participant: string): string => `tapesync-seat-${participant}`;

/** Prefix of Background Sync tags. Re-registering the same tag during back-off does nothing, so each gets a fresh suffix. */
export const SYNC_TAG_PREFIX = "tapesync-upload-";

/** BroadcastChannel between page, workers and service worker. */
export const JOURNAL_CHANNEL = "tapesync-journal";

/** What is told on the journal channel. Hints only: the manifest is the truth. */
export const journalMessage = v.variant("type", [
  v.object({ type: v.literal("epoch-sealed"), take: takeId, track: trackId }),
  v.object({ type: v.literal("epoch-received"), take: takeId, track: trackId }),
  v.object({ type: v.literal("track-closed"), take: takeId, track: trackId }),
  v.object({ type: v.literal("take-changed"), take: takeId }),
]);
export type JournalMessage = v.InferOutput<typeof journalMessage>;

/** The page asks the waiting service worker to take over. Asked only when the person wants it. */
export const skipWaiting = v.object({ type: v.literal("SKIP_WAITING") });

/** Its answer, on the message's port. `recording`: some page of this origin records a take, so nothing is exchanged. */
export const skipWaitingReply = v.object({ taken: v.boolean(), why: v.nullable(v.literal("recording")) });
export type SkipWaitingReply = v.InferOutput<typeof skipWaitingReply>;
