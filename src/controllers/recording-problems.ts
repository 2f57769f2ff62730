import type { SourceState } from "#core/take/take-state.ts";
import { EPOCH_MAX_US } from "#protocol/epoch-format.ts";
import type { DeviceStatus } from "#protocol/room-messages.ts";
import type { LocalMicros } from "#protocol/units.ts";
import type { Problem } from "./problem-view.ts";

/** A worker says it once an epoch for as long as it lasts: two words are at most two epochs apart. */
const BEHIND_US = 2 * EPOCH_MAX_US;

/** An encoder has skipped frames just now. */
export function isBehind(sources: readonly SourceState[], nowUs: LocalMicros): boolean {
  return sources.some(({ problem }) => problem?.problem === "encoder-slow" && nowUs - problem.atUs < BEHIND_US);
}

type Said = NonNullable<DeviceStatus["problem"]>;

/** A source's trouble in the words of the pages; times are ms since the take's zero. */
export function problemOfSource(state: SourceState, zeroUs: LocalMicros): Problem | undefined {
  if (state.problem === null) return undefined;
  const { source } = state;
  const { problem, atUs, detail } = state.problem;
  const atMs = Math.max(0, (atUs - zeroUs) / 1000);
  switch (problem) {
    case "storage-full":
      return { reason: "disk-full", atMs };
    case "encoder-slow":
      return { reason: "device-slow", atMs };
    case "device-lost":
      if (source === "camera") return { reason: "camera-stopped", atMs };
      if (source === "screen" || source === "screen-audio") return { reason: "screen-stopped", atMs };
      return { reason: "mic-unplugged", atMs, missingMs: 0 };
    case "silent-input":
      return source === "microphone" ? { reason: "mic-silent" } : { reason: "camera-stopped", atMs };
    case "encoder-failed":
    case "worker-died":
      return { reason: "encoder-failed", source, atMs };
    case "not-armed":
      return { reason: "start-failed", detail: `${SOURCE_WORDS[source]}: ${detail}` };
    case "storage-back":
      return undefined;
  }
}

const SOURCE_WORDS = {
  camera: "Camera",
  microphone: "Microphone",
  screen: "Screen",
  "screen-audio": "Sound of the screen",
} as const;

const SAID: Record<string, { readonly reason: Said["reason"]; readonly message: string }> = {
  "disk-full": { reason: "storage-full", message: "No space left for pictures." },
  "device-slow": { reason: "encoder-slow", message: "This device is busy, frames are missing." },
  "camera-stopped": { reason: "camera-stopped", message: "The camera stopped. Sound goes on." },
  "screen-stopped": { reason: "screen-stopped", message: "The shared screen stopped." },
  "mic-unplugged": { reason: "microphone-stopped", message: "The microphone stopped." },
  "mic-silent": { reason: "microphone-silent", message: "There is nothing to hear." },
  "encoder-failed": { reason: "encoder-failed", message: "The encoder failed and was started again." },
  "start-failed": { reason: "permission-refused", message: "A device could not be opened." },
  "permission-refused": { reason: "permission-refused", message: "Camera or microphone are blocked." },
  "upload-refused": { reason: "upload-refused", message: "The server refuses a piece." },
};

/** What the host is told of this device's worst problem; `null` for what only the person here can see or mend. */
export function saidOf(problem: Problem | undefined, sinceMs: number): DeviceStatus["problem"] {
  const said = problem === undefined ? undefined : SAID[problem.reason];
  return said === undefined ? null : { ...said, sinceMs };
}
