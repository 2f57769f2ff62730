/** What is captured; the same four words as on the wire. */
export type SourceName = "camera" | "microphone" | "screen" | "screen-audio";

/**
 * A problem, named by a closed reason with the figures that its sentence needs. The words belong to the page
 * (`src/ui/words/problem-words.ts`); controllers only say what is.
 *
 * `atMs` and `sinceMs` are ms since the start of the take, for "at 11:02". Durations are ms.
 */
export type Problem =
  // before joining
  | { readonly reason: "permission-refused"; readonly sources: "camera" | "microphone" | "both" }
  | { readonly reason: "no-camera" }
  | { readonly reason: "no-microphone" }
  /** The device exists but another program holds it (NotReadableError). */
  | { readonly reason: "device-in-use"; readonly source: "camera" | "microphone" }
  | { readonly reason: "mic-silent" }
  | { readonly reason: "mic-clips" }
  | { readonly reason: "bluetooth-band" }
  | { readonly reason: "browser-sound-only" }
  /** Nothing can be recorded here; `missing` are technical names, shown small. */
  | { readonly reason: "browser-cannot-record"; readonly missing: readonly string[] }
  /** No secure context: neither https nor localhost. */
  | { readonly reason: "insecure-page" }
  | { readonly reason: "private-window" }
  | { readonly reason: "room-not-found" }
  | { readonly reason: "invite-used" }
  /** The host said no to this person's knock. */
  | { readonly reason: "denied" }
  /** The host removed this person from the room. */
  | { readonly reason: "removed" }
  /** The host ended the session for everybody. */
  | { readonly reason: "ended-by-host" }
  | { readonly reason: "room-full"; readonly limit: number }
  | { readonly reason: "studio-key-needed" }
  | { readonly reason: "join-failed"; readonly detail: string }
  // while a take runs
  | {
      readonly reason: "mic-unplugged";
      readonly atMs: number;
      readonly missingMs: number;
      /** Label of the microphone that goes on; absent when none does. */
      readonly goesOnWith?: string;
    }
  | { readonly reason: "camera-stopped"; readonly atMs: number }
  | { readonly reason: "screen-stopped"; readonly atMs: number }
  | { readonly reason: "network-gone" }
  /** Host's view of a guest without a word since then. */
  | { readonly reason: "out-of-reach"; readonly who: string; readonly sinceMs: number }
  | { readonly reason: "not-recording"; readonly who: string; readonly sinceMs?: number; readonly why?: string }
  | { readonly reason: "space-short"; readonly minutesLeft: number }
  | { readonly reason: "disk-full"; readonly atMs: number }
  | { readonly reason: "device-slow"; readonly atMs: number }
  | { readonly reason: "gap"; readonly source: SourceName; readonly atMs: number; readonly missingMs: number }
  | { readonly reason: "encoder-failed"; readonly source: SourceName; readonly atMs: number }
  | { readonly reason: "start-failed"; readonly detail: string }
  // the call beside the recording: whatever happens to it, the take goes on
  /** The server has no SFU, or none that answers: nobody hears anybody. */
  | { readonly reason: "call-off" }
  /** The call broke off and is being set up again. */
  | { readonly reason: "call-lost" }
  // moving bytes
  | { readonly reason: "captive-portal" }
  | { readonly reason: "server-silent"; readonly retryInS: number }
  | { readonly reason: "upload-refused"; readonly detail: string }
  // anything that has no sentence yet
  | { readonly reason: "other"; readonly severity: ProblemSeverity; readonly title: string; readonly text: string };

/** info: nobody need act. degraded: something is or may get worse. lost: media is missing or being missed. */
export type ProblemSeverity = "info" | "degraded" | "lost";
