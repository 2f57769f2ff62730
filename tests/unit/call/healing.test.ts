import { describe, expect, it } from "vitest";
import {
  type Answer,
  callPhase,
  DEAD_AFTER_MS,
  type HealingCommand,
  type HealingEvent,
  OFF_RETRY_MS,
  STOPPED,
  stepHealing,
  SUSPECT_AFTER_MS,
} from "#core/call/healing.ts";

/** What the world is like at a moment of a story. */
interface World {
  /** Packets come through. */
  readonly media: boolean;
  readonly path: "new" | "up" | "down" | "failed";
  readonly server: Answer;
}

const FINE: World = { media: true, path: "up", server: "alive" };
const BLACKOUT: World = { media: false, path: "up", server: "unreachable" };

/** Numbers 0 ≤ x < 1 that are the same for a seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Plays the machine against a world that changes: a pulse every 200 ms, answers after 50 ms (1 s when there is none). */
class Story {
  healing = STOPPED;
  nowMs = 0;
  world: World = FINE;
  readonly commands: { readonly atMs: number; readonly command: HealingCommand }[] = [];
  readonly #due: { readonly atMs: number; readonly event: () => HealingEvent }[] = [];
  readonly #unit: () => number;

  constructor(seed = 1) {
    this.#unit = seeded(seed);
  }

  tell(event: HealingEvent): void {
    const { healing, command } = stepHealing(this.healing, event, this.nowMs, this.#unit());
    this.healing = healing;
    if (command === null) return;
    this.commands.push({ atMs: this.nowMs, command });
    const asked = this.world.server;
    const afterMs = asked === "unreachable" ? 1_000 : 50;
    if (command === "probe") this.#later(afterMs, () => ({ type: "probed", answer: asked }));
    if (command === "build") this.#later(afterMs, () => this.#made(asked));
  }

  /** @returns the phases that people were told, in order */
  run(ms: number): readonly string[] {
    const phases: string[] = [];
    const untilMs = this.nowMs + ms;
    while (this.nowMs < untilMs) {
      this.nowMs += 10;
      for (const due of this.#due.splice(0)) {
        if (due.atMs > this.nowMs) this.#due.push(due);
        else this.tell(due.event());
      }
      if (this.nowMs % 200 === 0) this.tell({ type: "pulse", heard: this.world.media, path: this.world.path });
      const phase = callPhase(this.healing, this.nowMs);
      if (phases.at(-1) !== phase) phases.push(phase);
    }
    return phases;
  }

  live(): Story {
    this.tell({ type: "start" });
    this.run(1_000);
    expect(callPhase(this.healing, this.nowMs)).toBe("connected");
    this.commands.length = 0;
    return this;
  }

  count(command: HealingCommand): number {
    return this.commands.filter((each) => each.command === command).length;
  }

  #later(ms: number, event: () => HealingEvent): void {
    this.#due.push({ atMs: this.nowMs + ms, event });
  }

  /** A session whose own path comes up when the network is there. */
  #made(asked: Answer): HealingEvent {
    if (asked === "unreachable" || asked === "no-call" || asked === "forbidden")
      return { type: "not-built", answer: asked };
    this.world = FINE;
    return { type: "built" };
  }
}

describe("when a session of the call is given up", () => {
  it("[CA22] a call that is well is left alone, and nobody is asked anything", () => {
    const story = new Story().live();
    expect(story.run(60_000)).toEqual(["connected"]);
    expect(story.commands).toEqual([]);
  });

  it("[CA22] short silences and quiet seconds of a living session end nothing", () => {
    const story = new Story().live();
    for (let time = 0; time < 20; time++) {
      story.world = { ...FINE, media: false };
      expect(story.run(DEAD_AFTER_MS - 300)).toEqual(["connected"]);
      story.world = FINE;
      expect(story.run(1_000)).toEqual(["connected"]);
    }
    expect(story.count("build")).toBe(0);
  });

  it("[CA20] a restarted SFU is noticed within 2 s of silence and a session made at once", () => {
    const story = new Story().live();
    story.world = { media: false, path: "up", server: "unreachable" };
    const killedMs = story.nowMs;
    expect(story.run(3_000).at(-1)).toBe("reconnecting");
    expect(story.commands[0]?.atMs).toBeLessThanOrEqual(killedMs + SUSPECT_AFTER_MS + 200);
    story.world = { ...story.world, server: "gone" };
    const backMs = story.nowMs;
    story.run(2_000);
    const built = story.commands.find(({ command }) => command === "build");
    expect((built?.atMs ?? Number.POSITIVE_INFINITY) - backMs).toBeLessThanOrEqual(1_800);
    expect(callPhase(story.healing, story.nowMs)).toBe("connected");
  });

  it("[CA21] a blackout that the session survives makes no new one", () => {
    const story = new Story().live();
    story.world = BLACKOUT;
    expect(story.run(10_000)).toEqual(["connected", "reconnecting"]);
    story.world = FINE;
    expect(story.run(2_000).at(-1)).toBe("connected");
    expect(story.count("build")).toBe(0);
  });

  it("[CA21] a long blackout: within 2.5 s of the network's return there is a session, and never more than 3 requests a second", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const story = new Story(seed).live();
      story.world = BLACKOUT;
      story.run(20_000);
      story.world = { media: false, path: "failed", server: "unreachable" };
      story.run(25_000);
      expect(story.commands.length, `seed ${seed}`).toBeLessThan(45 * 3);
      story.world = { ...story.world, server: "alive" };
      const backMs = story.nowMs;
      while (callPhase(story.healing, story.nowMs) !== "connected" && story.nowMs < backMs + 10_000) story.run(10);
      expect(story.nowMs - backMs, `seed ${seed}`).toBeLessThanOrEqual(2_500);
    }
  });

  it("[CA18] a session that was away for 25 s is made anew though it lives: the SFU may have dropped its tracks", () => {
    for (const [awayMs, builds] of [
      [20_000, 0],
      [26_000, 1],
    ] as const) {
      const story = new Story().live();
      story.world = BLACKOUT;
      story.run(awayMs);
      story.world = FINE;
      expect(story.run(3_000).at(-1)).toBe("connected");
      expect(story.count("build"), `${awayMs} ms`).toBe(builds);
    }
  });

  it("[CA23] a path that stays silent though the session lives is given up", () => {
    const story = new Story().live();
    story.world = { ...FINE, media: false, path: "down" };
    story.run(DEAD_AFTER_MS + 1_000);
    expect(story.count("build")).toBe(1);
  });

  it("[CA24] the network's return: ICE has a second before the session is given up", () => {
    const story = new Story().live();
    story.world = BLACKOUT;
    story.run(8_000);
    story.world = { ...BLACKOUT, server: "alive" };
    story.run(900);
    expect(story.count("build")).toBe(0);
    story.run(2_000);
    expect(story.count("build")).toBe(1);
  });

  it("[CA25] no SFU: off, asked again every half minute, and at once when told to", () => {
    const story = new Story();
    story.world = { media: false, path: "new", server: "no-call" };
    story.tell({ type: "start" });
    expect(story.run(1_000)).toEqual(["connecting", "off"]);
    story.run(OFF_RETRY_MS);
    expect(story.count("build")).toBe(2);
    story.tell({ type: "nudge" });
    expect(story.count("build")).toBe(3);
  });

  it("[CA26] a session whose path never comes up is given up, later each time", () => {
    const story = new Story();
    story.tell({ type: "start" });
    story.run(60);
    const joins: number[] = [];
    for (let time = 0; time < 3; time++) {
      const fromMs = story.nowMs;
      const made = story.count("build");
      while (story.count("build") === made) {
        story.world = { media: false, path: "new", server: "alive" };
        story.run(10);
      }
      joins.push(story.nowMs - fromMs);
    }
    expect(joins[1]).toBeGreaterThan((joins[0] ?? 0) * 1.5);
    expect(joins[2]).toBeGreaterThan((joins[1] ?? 0) * 1.2);
  });

  it("[CA27] told that the network is back: tries at once instead of later", () => {
    const story = new Story().live();
    story.world = { media: false, path: "failed", server: "unreachable" };
    story.run(6_000);
    while (story.healing.phase !== "resting") story.run(10);
    const made = story.count("build");
    story.tell({ type: "nudge" });
    expect(story.count("build")).toBe(made + 1);
  });

  it("[CA28] a session that an operation found broken is given up at once in a call, after a rest while joining", () => {
    const story = new Story().live();
    story.tell({ type: "broken" });
    expect(story.count("build")).toBe(1);
    story.run(60);
    story.world = { media: false, path: "new", server: "alive" };
    story.tell({ type: "broken" });
    expect(story.healing.phase).toBe("resting");
    expect(story.count("build")).toBe(1);
  });

  it("[CA29] stopped is stopped, whatever comes after", () => {
    const story = new Story().live();
    story.tell({ type: "stop" });
    expect(story.commands).toEqual([{ atMs: story.nowMs, command: "drop" }]);
    for (const type of ["nudge", "broken", "built"] as const) story.tell({ type });
    expect(story.run(60_000)).toEqual(["off"]);
    expect(story.commands).toHaveLength(1);
  });

  it("[CA20-CA29] in any weather: never more than 4 commands a second, and well again within 5 s of good weather", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const unit = seeded(seed * 7919);
      const story = new Story(seed).live();
      for (let spell = 0; spell < 8; spell++) {
        const server = (["alive", "gone", "unreachable"] as const)[Math.floor(unit() * 3)] ?? "alive";
        const path = (["up", "down", "failed"] as const)[Math.floor(unit() * 3)] ?? "up";
        story.world = { media: unit() < 0.3, path, server };
        const before = story.commands.length;
        const ms = 200 + Math.floor(unit() * 6_000);
        story.run(ms);
        expect(story.commands.length - before, `seed ${seed}`).toBeLessThanOrEqual(4 + (ms / 1_000) * 4);
      }
      story.world = { media: story.world.media, path: story.world.path, server: "alive" };
      const goodMs = story.nowMs;
      story.run(5_000 + (story.healing.phase === "joining" ? 20_000 : 0));
      expect(callPhase(story.healing, story.nowMs), `seed ${seed}, from ${goodMs}`).toBe("connected");
    }
  });
});
