import type { ParticipantId } from "#protocol/ids.ts";

/** Levels are 0…1 over 60 dB: speech lies above this, breath and fans below. −30 dBFS. */
export const SPEAKS_ABOVE = 0.5;
/** Somebody who speaks is heard as speaking down to here: words have soft ends. −39 dBFS. */
export const SPEAKS_UNTIL = 0.35;
/** A cough is no speech: 200 ms of the last … */
const SPEECH_MS = 200;
/** … and a breath between two words is no end of it. */
const HOLD_MS = 600;

/** Silence of the scale: what a level of 0 stands for, dBFS. */
export const SILENT_DB = -60;

/** A linear amplitude (0…1) as a level: 0 at −60 dBFS and below, 1 at full scale. */
export function levelOf(amplitude: number): number {
  if (amplitude <= 0) return 0;
  return Math.min(1, Math.max(0, 1 - (20 * Math.log10(amplitude)) / SILENT_DB));
}

interface Voice {
  /** Above the threshold without a hold's pause since; `null`: quiet. */
  readonly loudSinceMs: number | null;
  readonly loudMs: number;
  readonly speaking: boolean;
  readonly spokeMs: number | null;
}

const QUIET: Voice = { loudSinceMs: null, loudMs: Number.NEGATIVE_INFINITY, speaking: false, spokeMs: null };

/** Who speaks, and who spoke when: what rings light up, and who is on the stage (CA50). Times: ms, monotonic. */
export class Speakers {
  readonly #voices = new Map<ParticipantId, Voice>();

  /** The newest levels, about ten times a second. Those who are not in them are quiet. */
  hear(levels: ReadonlyMap<ParticipantId, number>, atMs: number): void {
    for (const participant of levels.keys()) {
      if (!this.#voices.has(participant)) this.#voices.set(participant, QUIET);
    }
    for (const [participant, voice] of this.#voices) {
      this.#voices.set(participant, nextVoice(voice, levels.get(participant) ?? 0, atMs));
    }
  }

  forget(participant: ParticipantId): void {
    this.#voices.delete(participant);
  }

  speaks(participant: ParticipantId): boolean {
    return this.#voices.get(participant)?.speaking ?? false;
  }

  /** When they were last heard speaking, ms; `null`: never. */
  spokeMs(participant: ParticipantId): number | null {
    return this.#voices.get(participant)?.spokeMs ?? null;
  }

  /** Those who have spoken, the latest first; who speaks now is before who spoke just before, in the order in which they began. */
  latestFirst(): readonly ParticipantId[] {
    return [...this.#voices]
      .filter(([, { spokeMs }]) => spokeMs !== null)
      .sort(([, one], [, other]) => rankOf(one) - rankOf(other))
      .map(([participant]) => participant);
  }
}

function nextVoice(voice: Voice, level: number, atMs: number): Voice {
  const isLoud = level > (voice.speaking ? SPEAKS_UNTIL : SPEAKS_ABOVE);
  if (!isLoud) {
    const isOver = atMs - voice.loudMs > HOLD_MS;
    return isOver ? { ...voice, loudSinceMs: null, speaking: false } : voice;
  }
  const loudSinceMs = voice.loudSinceMs ?? atMs;
  const speaking = voice.speaking || atMs - loudSinceMs >= SPEECH_MS;
  return { loudSinceMs, loudMs: atMs, speaking, spokeMs: speaking ? atMs : voice.spokeMs };
}

/** Those who speak come first, by when they began, so that two who talk together do not change places ten times a second. */
function rankOf({ speaking, loudSinceMs, spokeMs }: Voice): number {
  return speaking ? (loudSinceMs ?? 0) - Number.MAX_SAFE_INTEGER / 2 : -(spokeMs ?? 0);
}
