import { describe, expect, it } from "vitest";
import { BackgroundDrain, EVENT_LIFE_MS, LOOK_FOR_PAGES_MS } from "#core/upload/background-drain.ts";
import { VirtualTime } from "./rig/virtual-time.ts";

type Ended = "resolved" | "rejected";

/** Epochs that are left, pages that are open, and a drain that sends one epoch a second unless a page holds the lock. */
class Background {
  readonly time = new VirtualTime();
  pages = 0;
  left = 0;
  isLocked = false;
  drains = 0;
  readonly ended: (Ended | null)[] = [];
  readonly #drain = new BackgroundDrain({
    scheduler: this.time,
    hasPages: async () => this.pages > 0,
    drain: async (signal) => {
      this.drains += 1;
      try {
        while (this.left > 0 || this.isLocked) {
          await this.time.delay(1_000, signal);
          if (!this.isLocked) this.left -= 1;
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      }
      return { settled: this.left === 0, epochsLeft: this.left, tracksLeft: 0 };
    },
  });

  /** The browser wakes the worker. */
  wake(): number {
    const event = this.ended.push(null) - 1;
    const end = (how: Ended) => () => {
      this.ended[event] = how;
    };
    this.#drain.serve().then(end("resolved"), end("rejected"));
    return event;
  }
}

describe("the service worker's upload", () => {
  it("[SW6] ends with the last epoch when no page is open", async () => {
    const background = new Background();
    background.left = 5;
    const event = background.wake();
    await background.time.until(() => background.ended[event] === "resolved");
    expect(background.left).toBe(0);
    expect(background.time.nowMs).toBeLessThan(6_000);
  });

  it("[SW6] what a page has recorded since the drain is sent when the page goes without having asked again", async () => {
    const background = new Background();
    background.pages = 1;
    const event = background.wake();
    await background.time.pass(40_000);
    expect(background.ended[event]).toBeNull();
    expect(background.drains).toBe(1);
    background.left = 8;
    background.pages = 0;
    await background.time.until(() => background.ended[event] === "resolved", 8_000 + 2 * LOOK_FOR_PAGES_MS);
    expect(background.left).toBe(0);
  });

  it("[SW6] an old event does not end the drain that a younger one keeps alive", async () => {
    const background = new Background();
    background.pages = 1;
    background.isLocked = true;
    background.left = 60;
    const old = background.wake();
    await background.time.pass(EVENT_LIFE_MS - 10_000);
    const young = background.wake();
    background.pages = 0;
    background.isLocked = false;
    await background.time.until(() => background.ended[old] !== null);
    expect(background.left).toBeGreaterThan(40);
    await background.time.until(() => background.ended[young] !== null, 60_000);
    expect(background.ended).toEqual(["resolved", "resolved"]);
    expect(background.left).toBe(0);
  });

  it("[SW6] stops in order at the end of its life, and rejects when something is left", async () => {
    const background = new Background();
    background.left = 1_000;
    const event = background.wake();
    await background.time.until(() => background.ended[event] !== null, EVENT_LIFE_MS);
    expect(background.ended[event]).toBe("rejected");
    expect(background.time.nowMs).toBe(EVENT_LIFE_MS);
    const left = background.left;
    await background.time.pass(10_000);
    expect(background.left).toBe(left);
    const again = background.wake();
    await background.time.until(() => background.ended[again] !== null, EVENT_LIFE_MS);
    expect(background.left).toBeLessThan(left);
  });

  it("[SW6] nothing is left when a page outlives the event: the browser need not try again", async () => {
    const background = new Background();
    background.pages = 1;
    const event = background.wake();
    await background.time.until(() => background.ended[event] !== null, EVENT_LIFE_MS);
    expect(background.ended[event]).toBe("resolved");
  });
});
