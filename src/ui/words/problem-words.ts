import type { Problem, ProblemSeverity, SourceName } from "#controllers/view-models.ts";
import { clock, firstName, span, spaceTime } from "./format.ts";

export type ProblemSign =
  | "info"
  | "triangle-alert"
  | "octagon-x"
  | "usb"
  | "hard-drive"
  | "cloud-off"
  | "mic-off"
  | "video-off";

/** A problem in plain words: what is, then what the person can do. */
export interface ProblemWords {
  readonly severity: ProblemSeverity;
  readonly sign: ProblemSign;
  readonly title: string;
  readonly text: string;
  /** Technical words, shown small. */
  readonly fine?: string;
}

type Words = { readonly [R in Problem["reason"]]: (problem: Extract<Problem, { reason: R }>) => ProblemWords };

const SOURCE: Record<SourceName, string> = {
  camera: "camera",
  microphone: "microphone",
  screen: "screen",
  "screen-audio": "screen’s sound",
};

function make(severity: ProblemSeverity, sign: ProblemSign, title: string, text: string, fine?: string): ProblemWords {
  return { severity, sign, title, text, ...(fine === undefined ? {} : { fine }) };
}

const BLOCKED = { camera: "The camera is", microphone: "The microphone is", both: "Camera and microphone are" };

/** The table of LOOK.md ("Words"), one entry per reason. */
const WORDS: Words = {
  "permission-refused": (p) =>
    make(
      "degraded",
      "video-off",
      `${BLOCKED[p.sources]} blocked`,
      "Press the sign beside the address, choose Allow, then Try again.",
    ),
  "no-camera": () =>
    make("info", "video-off", "No camera found", "Join with sound alone. A camera that you plug in appears by itself."),
  "no-microphone": () =>
    make("degraded", "mic-off", "No microphone found", "Plug one in: it appears by itself. Then choose it here."),
  "device-in-use": (p) =>
    make(
      "degraded",
      p.source === "camera" ? "video-off" : "mic-off",
      `The ${p.source} is in use`,
      "Another program holds it. Close that program, then Try again.",
    ),
  "mic-silent": () => make("degraded", "mic-off", "Nothing to hear", "Is it switched on? Choose another microphone."),
  "mic-clips": () => make("degraded", "triangle-alert", "Too loud", "Move back a little, or turn the microphone down."),
  "bluetooth-band": () =>
    make(
      "degraded",
      "triangle-alert",
      "Sounds like a telephone",
      "This headset cuts off high tones. Choose another microphone; keep listening with it.",
    ),
  "browser-sound-only": () =>
    make(
      "degraded",
      "video-off",
      "This browser records sound only",
      "For pictures too, open the link in Chrome, Edge or Safari 17.",
    ),
  "browser-cannot-record": (p) =>
    make(
      "lost",
      "octagon-x",
      "This browser can’t record",
      "Looking at recordings and exports works here. To record, open the link in Chrome or Edge.",
      p.missing.length > 0 ? `It lacks ${p.missing.join(", ")}.` : undefined,
    ),
  "insecure-page": () =>
    make(
      "lost",
      "octagon-x",
      "This address can’t use camera and microphone",
      "Browsers allow it over https only. Open the address that begins with https.",
    ),
  "private-window": () =>
    make(
      "degraded",
      "triangle-alert",
      "This window forgets",
      "Takes vanish when it closes. Open the link in an ordinary window.",
    ),
  "room-not-found": () =>
    make("lost", "octagon-x", "There is no such room", "Check the link, or ask the host to send it again."),
  "invite-used": () =>
    make(
      "lost",
      "octagon-x",
      "You can’t come in with this link",
      "It has been used, or the host said no. Ask for a new one.",
    ),
  denied: () => make("lost", "octagon-x", "You can’t come in with this link", "The host said no. Ask for a new one."),
  removed: () =>
    make(
      "info",
      "info",
      "The host has removed you from the room",
      "The server takes nothing more from you. What has not arrived by now stays on this device: export it in Recordings.",
    ),
  "ended-by-host": () =>
    make("info", "info", "The host has ended the session", "What you recorded is kept on this device and uploaded."),
  "room-full": (p) =>
    make("lost", "octagon-x", "The room is full", `${p.limit} people are in. Ask the host to make space.`),
  "studio-key-needed": () =>
    make(
      "degraded",
      "triangle-alert",
      "This studio wants its key",
      "Write the studio key, then press New room again. Whoever runs the server has it.",
    ),
  "join-failed": (p) =>
    make("degraded", "triangle-alert", "Joining did not work", "Press Join again in a moment.", p.detail),
  "mic-unplugged": (p) => {
    const title = `Microphone unplugged at ${clock(p.atMs)}`;
    const missing = `${span(p.missingMs)} are missing. Plug it in to change back.`;
    return p.goesOnWith === undefined
      ? make("lost", "usb", title, "The sound is missing since then. Plug it in, or choose another microphone.")
      : make("degraded", "usb", title, `Recording goes on with ${p.goesOnWith}. ${missing}`);
  },
  "camera-stopped": (p) =>
    make(
      "degraded",
      "video-off",
      `The camera stopped at ${clock(p.atMs)}`,
      "Sound goes on. The picture comes back by itself when the camera does.",
    ),
  "screen-stopped": (p) =>
    make("info", "info", `The screen ended at ${clock(p.atMs)}`, "Everything up to then is kept."),
  "network-gone": () =>
    make("info", "cloud-off", "No network", "Your take goes on, on this device. Wait here, or keep talking."),
  "out-of-reach": (p) =>
    make(
      "degraded",
      "cloud-off",
      `No word from ${firstName(p.who)} since ${clock(p.sinceMs)}`,
      "That device goes on recording without a network. It reports when it is back.",
    ),
  "not-recording": (p) =>
    make(
      "lost",
      "octagon-x",
      `${firstName(p.who)} is not recording`,
      `${p.why ?? "The browser there lost its devices"}${p.sinceMs === undefined ? "" : ` at ${clock(p.sinceMs)}`}. Ask ${firstName(p.who)} to press Allow.`,
    ),
  "space-short": (p) =>
    make(
      "degraded",
      "hard-drive",
      `${spaceTime(p.minutesLeft)} of space left`,
      "Free some space, or switch the camera off: sound alone fits far longer.",
    ),
  "disk-full": () =>
    make(
      "lost",
      "hard-drive",
      "No space left for pictures",
      "Sound goes on. Everything so far is kept. Free some space and the picture comes back.",
    ),
  "device-slow": (p) =>
    make(
      "degraded",
      "triangle-alert",
      "This device is busy",
      `Frames are missing since ${clock(p.atMs)}. Close other programs.`,
    ),
  gap: (p) =>
    make(
      "degraded",
      "triangle-alert",
      `A gap in the ${SOURCE[p.source]} at ${clock(p.atMs)}`,
      `${span(p.missingMs)} are missing. Recording goes on.`,
    ),
  "encoder-failed": (p) =>
    make(
      "lost",
      "octagon-x",
      `The ${SOURCE[p.source]} is not being recorded`,
      `It failed at ${clock(p.atMs)}. Everything up to then is kept. Stop and record again.`,
    ),
  "start-failed": (p) =>
    make("lost", "octagon-x", "The take did not start", "Nothing was recorded. Press Record again.", p.detail),
  "call-off": () =>
    make(
      "info",
      "info",
      "There is no call in this room",
      "The server offers none. Recording works as always; talk to each other in another program.",
    ),
  "call-lost": () =>
    make("degraded", "cloud-off", "The call broke off", "It comes back by itself. Your take is not affected."),
  "captive-portal": () =>
    make(
      "degraded",
      "cloud-off",
      "This Wi-Fi wants a sign-in",
      "Open its sign-in page. The upload goes on afterwards.",
    ),
  "server-silent": (p) =>
    make(
      "info",
      "cloud-off",
      "The server does not answer",
      `Your take is on this device. Next try in ${Math.max(1, Math.round(p.retryInS))} s.`,
    ),
  "upload-refused": (p) =>
    make(
      "degraded",
      "triangle-alert",
      "The server refuses the upload",
      "Your take is on this device; Export saves it. Tell whoever runs the server.",
      p.detail,
    ),
  other: (p) => make(p.severity, p.severity === "info" ? "info" : "triangle-alert", p.title, p.text),
};

/** The words of a problem. */
export function problemWords(problem: Problem): ProblemWords {
  const say = WORDS[problem.reason] as (problem: Problem) => ProblemWords;
  return say(problem);
}

const RANK: Record<ProblemSeverity, number> = { lost: 0, degraded: 1, info: 2 };

/** Worst first, order kept within a severity. */
export function worstFirst(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => RANK[problemWords(a).severity] - RANK[problemWords(b).severity]);
}
