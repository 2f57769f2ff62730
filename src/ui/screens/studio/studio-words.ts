import type { AfterStopView, ParticipantView, StudioView, TallyView } from "#controllers/view-models.ts";
import type { Tone } from "../../page-head.ts";
import { about, bytes, clock, firstName, names, roughly, span } from "../../words/format.ts";

/** The look of the whole window; `data-state` of the studio. */
export type Light = "idle" | "recording" | "draining" | "safe";

export function light(tally: TallyView): Light {
  switch (tally.phase) {
    case "recording":
      return "recording";
    case "stopping":
    case "draining":
      return "draining";
    case "safe":
      return "safe";
    default:
      return "idle";
  }
}

export const TONE: Record<Light, Tone> = { idle: "plain", recording: "recording", draining: "moving", safe: "safe" };

export interface TallyWords {
  /** The one line that is announced. */
  readonly state: string;
  /** Changes often, is not announced. */
  readonly sub?: string;
}

function recordingWords(tally: Extract<TallyView, { phase: "recording" }>): string {
  const count = `Recording ${tally.recording} of ${tally.total}`;
  return tally.outOfReach.length > 0 ? `${count}, ${names(tally.outOfReach.map(firstName))} out of reach` : count;
}

function leftWords(bytesLeft: number, etaMs: number | undefined): string {
  return etaMs === undefined ? `${bytes(bytesLeft)} left` : `${bytes(bytesLeft)} left, ${about(etaMs)}`;
}

/** What the tally says. */
export function tallyWords(tally: TallyView): TallyWords {
  switch (tally.phase) {
    case "idle":
      return { state: "Not recording", sub: tally.ready ? "Everyone is ready" : "Waiting for devices" };
    case "starting":
      return { state: "Starting", sub: `${tally.ready} of ${tally.total} devices are ready` };
    case "recording":
      return { state: recordingWords(tally) };
    case "stopping":
      return { state: "Stopping", sub: "The last pieces are being closed" };
    case "draining":
      return { state: "Keep this page open", sub: leftWords(tally.bytesLeft, tally.etaMs) };
    case "waiting":
      return { state: "Kept on this device", sub: `${bytes(tally.bytesLeft)} wait for a network` };
    case "safe":
      return { state: "Safe to leave" };
  }
}

/** The window's title: what matters first. */
export function studioTitle(title: string, tally: TallyView, elapsedMs: number): string {
  switch (tally.phase) {
    case "recording":
      return `● ${clock(elapsedMs)} ${title}`;
    case "draining":
    case "waiting":
    case "safe":
      return `${tallyWords(tally).state} · ${title}`;
    default:
      return `${title} · Tapesync`;
  }
}

/** "take 2 · 41:52" below the room's name. */
export function takeLine(view: StudioView): string {
  if (view.takeNumber === undefined) return "";
  const length = view.tally.phase === "recording" ? undefined : view.afterStop?.lengthMs;
  return `take ${view.takeNumber}${length === undefined ? "" : ` · ${clock(length)}`}`;
}

const ROLES: Record<ParticipantView["role"], string> = {
  host: "Host",
  cohost: "Co-host",
  guest: "Guest",
  viewer: "Viewer",
};

export function roleWords(person: ParticipantView): string {
  return person.self ? `${ROLES[person.role]}, you` : ROLES[person.role];
}

/** The sentence of the panel after Stop, when this device is safe. */
export function safeSentence(after: AfterStopView, host: boolean, ownName: string): string {
  if (!host) {
    return `Thank you, ${firstName(ownName)}. All that you recorded has arrived. You can close this page.`;
  }
  const [first, ...more] = after.othersLeft;
  if (!first) return "All that was recorded has arrived, and every piece is checked.";
  const who = names(after.othersLeft.map((other) => firstName(other.name)));
  if (more.length > 0) return `Your take has arrived. ${who} still upload; they need not stay in the call.`;
  const time = first.etaMs === undefined ? "still uploads" : `needs ${about(first.etaMs)} more`;
  return `Your take has arrived. ${who} ${time}, and need not stay in the call.`;
}

/** "3.1 s at 11:02, noted" */
export function missingWords(after: AfterStopView): string {
  const [only] = after.missing;
  if (!only) return "Nothing";
  if (after.missing.length === 1) return `${span(only.lengthMs)} at ${clock(only.atMs)}, noted`;
  const total = after.missing.reduce((sum, gap) => sum + gap.lengthMs, 0);
  return `${span(total)} in ${after.missing.length} places, noted`;
}

/** What stands under a participant's tape: left and right. */
export function figures(person: ParticipantView): { left: string; right: string } | undefined {
  const { tape, bytes: size } = person;
  if (!tape || person.safe) return undefined;
  if (tape.live || !size) {
    const left = tape.keptMs - tape.arrivedMs;
    return {
      left: `${clock(tape.arrivedMs)} on the server`,
      right: left < 1000 ? "Nothing left" : left < 60_000 ? `${Math.round(left / 1000)} s left` : `${clock(left)} left`,
    };
  }
  return {
    left: `${bytes(size.arrived)} of ${bytes(size.total)}`,
    right: person.etaMs === undefined ? "" : roughly(person.etaMs),
  };
}
