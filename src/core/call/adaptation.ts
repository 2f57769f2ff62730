import { bitsOfStep, LAST_STEP } from "./send-shape.ts";

/** What is seen of the way out, once a second. */
export interface OutboundSample {
  /** What libwebrtc believes to fit, bits/s; `null`: not known. */
  readonly availableBits: number | null;
  readonly limitation: "none" | "cpu" | "bandwidth" | "other";
  /** Of what was sent, 0…1, as the SFU reports it; `null`: not known. */
  readonly loss: number | null;
  readonly roundTripMs: number | null;
  /** The recording has fallen behind: it goes first. */
  readonly recorderSlow: boolean;
}

/** Reactive, not proactive (CALL.md): so many congested seconds in a row before less is sent. */
const DOWN_AFTER = 4;
/** So many quiet seconds before more is tried; twice as many each time it was in vain, up to two minutes. */
const UP_AFTER = 12;
const UP_MOST = 120;
/** A step up that had to be taken back within so many seconds was in vain. */
const IN_VAIN_WITHIN = 20;

const LOSS_TOO_MUCH = 0.08;
/** Less than this share of what the step needs, and libwebrtc says that the network limits it. */
const TOO_LITTLE = 0.7;
/** The step above must fit with room. */
const ROOM = 1.1;

export interface Adaptation {
  /** Index into `SEND_STEPS`. */
  readonly step: number;
  readonly congested: number;
  readonly quiet: number;
  readonly upAfter: number;
  /** Seconds since the last step up; infinite when there was none, or it was taken back. */
  readonly sinceUp: number;
}

export const FULL: Adaptation = {
  step: 0,
  congested: 0,
  quiet: 0,
  upAfter: UP_AFTER,
  sinceUp: Number.POSITIVE_INFINITY,
};

/** One second later (CA30–CA33): down after {@link DOWN_AFTER} bad seconds, up after quiet ones; sound is never part of it. */
export function stepAdaptation(before: Adaptation, sample: OutboundSample): Adaptation {
  const sinceUp = before.sinceUp + 1;
  if (isCongested(before.step, sample)) {
    const congested = before.congested + 1;
    if (congested < DOWN_AFTER || before.step >= LAST_STEP) return { ...before, congested, quiet: 0, sinceUp };
    const upAfter = sinceUp <= IN_VAIN_WITHIN ? Math.min(UP_MOST, before.upAfter * 2) : before.upAfter;
    return { step: before.step + 1, congested: 0, quiet: 0, upAfter, sinceUp: Number.POSITIVE_INFINITY };
  }
  const quiet = before.quiet + 1;
  const held = Number.isFinite(sinceUp) && sinceUp > UP_MOST;
  const calm = { ...before, congested: 0, quiet, sinceUp, upAfter: held ? UP_AFTER : before.upAfter };
  if (before.step === 0 || quiet < calm.upAfter || !fitsAbove(before.step, sample)) return calm;
  return { ...calm, step: before.step - 1, quiet: 0, sinceUp: 0 };
}

function isCongested(step: number, { availableBits, limitation, loss, recorderSlow }: OutboundSample): boolean {
  if (recorderSlow || limitation === "cpu") return true;
  if (loss !== null && loss > LOSS_TOO_MUCH) return true;
  return limitation === "bandwidth" && availableBits !== null && availableBits < bitsOfStep(step) * TOO_LITTLE;
}

/** While little is sent libwebrtc sees no more than that: the quiet has to do when it does not know better. */
function fitsAbove(step: number, { availableBits, limitation }: OutboundSample): boolean {
  if (availableBits === null || limitation === "none") return true;
  return availableBits >= bitsOfStep(step - 1) * TOO_LITTLE * ROOM;
}
