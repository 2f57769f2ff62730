import * as v from "valibot";
import { participantId } from "./ids.ts";
import { count, wallMillis } from "./units.ts";

/** Letters of a chat message, before it is encrypted. */
export const MAX_CHAT_LETTERS = 2_000;

/** 4 bytes a letter, the name and the frame around it, the tag, as base64url. */
const MAX_CIPHERTEXT_CHARS = 12_000;

/** Messages that a room keeps for those who come later, as ciphertext. */
export const CHAT_KEPT = 200;

/**
 * An encrypted chat message, as the server relays it. Rules: docs/spec/chat.md. The sender's chain is named by `session`
 * (128 random bits, anew with every page load), the key by `session` and `seq`, and used once.
 */
export const chatEnvelope = v.strictObject({
  v: v.literal(1),
  session: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{22}$/, "not a chat session")),
  seq: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1_000_000)),
  /** AES-GCM ciphertext and tag, base64url. */
  data: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]+$/), v.maxLength(MAX_CIPHERTEXT_CHARS)),
});
export type ChatEnvelope = v.InferOutput<typeof chatEnvelope>;

/** What the room tells: who sent it by its seat, and when it arrived. */
export const chatMessage = v.object({
  from: participantId,
  /** As it was at that time; the sender may have gone since. */
  name: v.string(),
  atMs: wallMillis,
  /** Counts the room's messages; a message that was heard twice has the same. */
  number: count,
  envelope: chatEnvelope,
});
export type ChatMessage = v.InferOutput<typeof chatMessage>;
