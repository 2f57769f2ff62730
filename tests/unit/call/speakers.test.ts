import { describe, expect, it } from "vitest";
import { levelOf, Speakers } from "#core/call/speakers.ts";
import type { ParticipantId } from "#protocol/ids.ts";

const ANNA = "anna__________________" as ParticipantId;
const BEN = "ben___________________" as ParticipantId;
const CARA = "cara__________________" as ParticipantId;

const LOUD = 0.7;
const QUIET = 0.1;

/** Ten levels a second. */
function say(speakers: Speakers, fromMs: number, ms: number, levels: ReadonlyMap<ParticipantId, number>): number {
  let atMs = fromMs;
  for (; atMs < fromMs + ms; atMs += 100) speakers.hear(levels, atMs);
  return atMs;
}

const only = (who: ParticipantId, level = LOUD) => new Map([[who, level]]);

describe("levels", () => {
  it("[CA51] 0 at −60 dBFS and below, 1 at full scale, even steps in dB", () => {
    expect(levelOf(0)).toBe(0);
    expect(levelOf(0.000_1)).toBe(0);
    expect(levelOf(1)).toBe(1);
    expect(levelOf(2)).toBe(1);
    expect(levelOf(10 ** (-30 / 20))).toBeCloseTo(0.5, 6);
  });
});

describe("who speaks", () => {
  it("[CA50] somebody who speaks for 200 ms; a cough is no speech", () => {
    const speakers = new Speakers();
    say(speakers, 0, 100, only(ANNA));
    say(speakers, 100, 2_000, only(ANNA, QUIET));
    expect(speakers.spokeMs(ANNA)).toBeNull();
    say(speakers, 3_000, 300, only(ANNA));
    expect(speakers.speaks(ANNA)).toBe(true);
    expect(speakers.spokeMs(ANNA)).toBe(3_200);
  });

  it("[CA50] a breath between two words ends nothing, a pause does", () => {
    const speakers = new Speakers();
    let atMs = say(speakers, 0, 1_000, only(ANNA));
    atMs = say(speakers, atMs, 500, only(ANNA, QUIET));
    expect(speakers.speaks(ANNA)).toBe(true);
    atMs = say(speakers, atMs, 300, only(ANNA, QUIET));
    expect(speakers.speaks(ANNA)).toBe(false);
  });

  it("[CA50] who speaks goes on doing so at a level that would not begin it", () => {
    const speakers = new Speakers();
    say(speakers, 0, 3_000, only(BEN, 0.45));
    expect(speakers.speaks(BEN)).toBe(false);
    const atMs = say(speakers, 3_000, 500, only(BEN));
    say(speakers, atMs, 3_000, only(BEN, 0.45));
    expect(speakers.speaks(BEN)).toBe(true);
  });

  it("[CA50] the latest first; two who talk together keep their places", () => {
    const speakers = new Speakers();
    let atMs = say(speakers, 0, 500, only(CARA));
    atMs = say(speakers, atMs, 2_000, only(ANNA));
    expect(speakers.latestFirst()).toEqual([ANNA, CARA]);
    const orders = new Set<string>();
    for (let time = 0; time < 30; time++) {
      const both = new Map([
        [ANNA, time % 2 === 0 ? LOUD : 0.9],
        [BEN, time % 2 === 0 ? 0.9 : LOUD],
      ]);
      atMs = say(speakers, atMs, 100, both);
      if (speakers.speaks(BEN)) orders.add(speakers.latestFirst().join(" "));
    }
    expect([...orders]).toEqual([[ANNA, BEN, CARA].join(" ")]);
  });

  it("[CA50] who has gone is forgotten", () => {
    const speakers = new Speakers();
    say(speakers, 0, 1_000, only(ANNA));
    speakers.forget(ANNA);
    expect(speakers.latestFirst()).toEqual([]);
    expect(speakers.speaks(ANNA)).toBe(false);
  });
});
