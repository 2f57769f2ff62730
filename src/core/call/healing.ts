/**
 * When a session of the call is given up for a new one: docs/spec/call.md, CA20–CA29. Pure: it is told what is seen and says
 * what to do; times are ms on one monotonic clock.
 */

/** 1.2 s: the SFU's reports come every 0.5 s while anything is sent, so two in a row are missing. */
export const SUSPECT_AFTER_MS = 1_200;

/**
 * A path of which nothing is heard for so long is dead though the server answers. Above the 2.5 s between two ICE checks of a
 * quiet connection, so that silence alone never ends one.
 */
export const DEAD_AFTER_MS = 3_500;

/** As long when ICE itself misses the answers to its checks: then it is no quiet connection. */
export const DOWN_AFTER_MS = 2_000;

/** The SFU drops tracks after 30 s without packets (CALL.md), and says so to nobody: a session that was away for so long is made anew. */
export const TRACKS_LOST_AFTER_MS = 25_000;

/** A server that answers again says that the network is back; ICE, which asks every 0.5 s by then, has this long to follow. */
export const RETURN_GRACE_MS = 1_000;

/** Between the starts of two probes: two a second of the 50 requests that a session may make. */
export const PROBE_EVERY_MS = 500;

/** From the session's id to a connected path, at first; doubles with every failure up to {@link JOIN_MOST_MS}. */
export const JOIN_FIRST_MS = 6_000;
const JOIN_MOST_MS = 20_000;

/** Waits between two attempts double from here… */
const REST_FIRST_MS = 250;
/** …to here: the goal is 5 s after a long blackout… */
const REST_MOST_MS = 1_000;
/** …and after two minutes to here: nobody waits in front of the screen any more. */
const REST_LONG_MS = 3_000;
const LONG_AFTER_MS = 120_000;

/** There is no call (no SFU configured, or not for us): asked again so often, in case there is one later. */
export const OFF_RETRY_MS = 30_000;

export type HealingPhase =
  /** Not started, or closed. */
  | "stopped"
  /** The server has no call for us. */
  | "off"
  /** A session is being made. */
  | "building"
  /** It is there, its path not yet. */
  | "joining"
  | "live"
  /** Waits for the next attempt. */
  | "resting";

export interface Healing {
  readonly phase: HealingPhase;
  /** Since when this phase. */
  readonly sinceMs: number;
  /** A call was connected once: from then on it reconnects. */
  readonly wasLive: boolean;
  /** `live`: when the path was last heard of. */
  readonly heardMs: number;
  /** `live` and silent: since when the server answers that the session lives; `null` while it does not. */
  readonly aliveMs: number | null;
  /** The server could not be reached during this silence. */
  readonly unreachable: boolean;
  readonly probing: boolean;
  readonly nextProbeMs: number;
  /** Attempts that failed in a row, and since when. */
  readonly failures: number;
  readonly failingMs: number;
  /** `resting`, `off`: when to try again. */
  readonly untilMs: number;
}

/** What became of a request to the server. */
export type Answer = "alive" | "gone" | "unreachable" | "no-call" | "forbidden";

export type HealingEvent =
  | { readonly type: "start" }
  | { readonly type: "stop" }
  | { readonly type: "nudge" }
  /** Several times a second. `heard`: something has arrived since the last one. */
  | { readonly type: "pulse"; readonly heard: boolean; readonly path: "new" | "up" | "down" | "failed" }
  | { readonly type: "probed"; readonly answer: Answer }
  | { readonly type: "built" }
  | { readonly type: "not-built"; readonly answer: Exclude<Answer, "alive"> }
  /** An operation found the session dead, or stuck for good. */
  | { readonly type: "broken" };

/** `build`: a new session now, whatever there is; `probe`: ask whether the session lives. */
export type HealingCommand = "build" | "probe" | "drop";

export interface HealingStep {
  readonly healing: Healing;
  readonly command: HealingCommand | null;
}

export const STOPPED: Healing = {
  phase: "stopped",
  sinceMs: 0,
  wasLive: false,
  heardMs: 0,
  aliveMs: null,
  unreachable: false,
  probing: false,
  nextProbeMs: 0,
  failures: 0,
  failingMs: 0,
  untilMs: 0,
};

/** @param unit 0 ≤ x < 1, for jitter. */
export function stepHealing(healing: Healing, event: HealingEvent, nowMs: number, unit: number): HealingStep {
  if (healing.phase === "stopped") return event.type === "start" ? build(healing, nowMs) : still(healing);
  switch (event.type) {
    case "start":
      return still(healing);
    case "stop":
      return { healing: STOPPED, command: "drop" };
    case "nudge":
      return nudged(healing, nowMs);
    case "pulse":
      return pulsed(healing, event, nowMs, unit);
    case "probed":
      return probed(healing, event.answer, nowMs);
    case "built":
      return healing.phase === "building" ? still(enter(healing, "joining", nowMs)) : still(healing);
    case "not-built":
      return healing.phase === "building" ? failed(healing, event.answer, nowMs, unit) : still(healing);
    case "broken":
      return broken(healing, nowMs, unit);
  }
}

/** What people are told. */
export function callPhase(healing: Healing, nowMs: number): "off" | "connecting" | "connected" | "reconnecting" {
  if (healing.phase === "stopped" || healing.phase === "off") return "off";
  if (healing.phase !== "live") return healing.wasLive ? "reconnecting" : "connecting";
  const silentMs = nowMs - healing.heardMs;
  const lost = silentMs >= DEAD_AFTER_MS || (silentMs >= SUSPECT_AFTER_MS && healing.unreachable);
  return lost ? "reconnecting" : "connected";
}

const still = (healing: Healing): HealingStep => ({ healing, command: null });

function enter(healing: Healing, phase: HealingPhase, nowMs: number): Healing {
  return { ...healing, phase, sinceMs: nowMs };
}

function build(healing: Healing, nowMs: number): HealingStep {
  const building = { ...enter(healing, "building", nowMs), probing: false, aliveMs: null, unreachable: false };
  return { healing: building, command: "build" };
}

function nudged(healing: Healing, nowMs: number): HealingStep {
  if (healing.phase === "resting" || healing.phase === "off") return build(healing, nowMs);
  if (healing.phase === "live" && !healing.probing) return probe(healing, nowMs);
  return still(healing);
}

function probe(healing: Healing, nowMs: number): HealingStep {
  return { healing: { ...healing, probing: true, nextProbeMs: nowMs + PROBE_EVERY_MS }, command: "probe" };
}

type Pulse = Extract<HealingEvent, { type: "pulse" }>;

function pulsed(healing: Healing, pulse: Pulse, nowMs: number, unit: number): HealingStep {
  switch (healing.phase) {
    case "resting":
    case "off":
      return nowMs >= healing.untilMs ? build(healing, nowMs) : still(healing);
    case "joining":
      if (pulse.path === "up") return still(live(healing, nowMs));
      return pulse.path === "failed" || nowMs - healing.sinceMs >= joinMs(healing)
        ? failed(healing, "unreachable", nowMs, unit)
        : still(healing);
    case "live":
      return pulse.path === "failed" ? build(healing, nowMs) : listened(healing, pulse, nowMs);
    case "building":
    case "stopped":
      return still(healing);
  }
}

function joinMs({ failures }: Healing): number {
  return Math.min(JOIN_MOST_MS, JOIN_FIRST_MS * 2 ** Math.min(failures, 4));
}

function live(healing: Healing, nowMs: number): Healing {
  return {
    ...enter(healing, "live", nowMs),
    wasLive: true,
    heardMs: nowMs,
    failures: 0,
    aliveMs: null,
    probing: false,
  };
}

function listened(healing: Healing, { heard, path }: Pulse, nowMs: number): HealingStep {
  const silentMs = nowMs - healing.heardMs;
  if (heard && silentMs >= TRACKS_LOST_AFTER_MS) return build(healing, nowMs);
  if (heard) return still({ ...healing, heardMs: nowMs, aliveMs: null, unreachable: false });
  if (silentMs < SUSPECT_AFTER_MS) return still(healing);
  const graceMs = healing.aliveMs === null ? 0 : nowMs - healing.aliveMs;
  const deadMs = path === "down" ? DOWN_AFTER_MS : DEAD_AFTER_MS;
  if (silentMs >= deadMs && graceMs >= RETURN_GRACE_MS) return build(healing, nowMs);
  return healing.probing || nowMs < healing.nextProbeMs ? still(healing) : probe(healing, nowMs);
}

function probed(healing: Healing, answer: Answer, nowMs: number): HealingStep {
  if (healing.phase !== "live") return still(healing);
  const asked = { ...healing, probing: false };
  switch (answer) {
    case "alive":
      return still({ ...asked, aliveMs: healing.aliveMs ?? nowMs });
    case "unreachable":
      return still({ ...asked, aliveMs: null, unreachable: true });
    case "gone":
      return build(asked, nowMs);
    // The media may go on all the same; what is refused for good shows when the path is dead.
    case "no-call":
    case "forbidden":
      return still({ ...asked, aliveMs: healing.aliveMs ?? nowMs });
  }
}

function failed(healing: Healing, answer: Exclude<Answer, "alive">, nowMs: number, unit: number): HealingStep {
  if (answer === "no-call" || answer === "forbidden") {
    return { healing: { ...enter(healing, "off", nowMs), untilMs: nowMs + OFF_RETRY_MS }, command: "drop" };
  }
  const failures = healing.failures + 1;
  const failingMs = healing.failures === 0 ? nowMs : healing.failingMs;
  const most = nowMs - failingMs > LONG_AFTER_MS ? REST_LONG_MS : REST_MOST_MS;
  const restMs = Math.min(most, REST_FIRST_MS * 2 ** Math.min(failures - 1, 6)) * (1 - unit / 2);
  return still({ ...enter(healing, "resting", nowMs), failures, failingMs, untilMs: nowMs + restMs });
}

/** In the middle of a call at once; while joining after a rest, so that a server which refuses is not asked without end. */
function broken(healing: Healing, nowMs: number, unit: number): HealingStep {
  if (healing.phase === "live") return build(healing, nowMs);
  if (healing.phase === "joining") return failed(healing, "gone", nowMs, unit);
  return still(healing);
}
