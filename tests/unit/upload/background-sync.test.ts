import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type BackgroundSync, startBackgroundSync } from "#platform/background-sync.ts";
import { SYNC_TAG_PREFIX } from "#protocol/sw-messages.ts";

/** As much of a page as the sync listens to. */
class FakePage extends EventTarget {
  visibilityState = "visible";
}

class FakeWindow extends EventTarget {
  setInterval = (tick: () => void, ms: number): number => Number(setInterval(tick, ms));
  clearInterval = (timer: number): void => clearInterval(timer);
}

describe("background sync", () => {
  const page = new FakePage();
  const window = new FakeWindow();
  let tags: string[] = [];
  let notes: string[] = [];
  let refuse: Error | null = null;
  let sync: BackgroundSync;

  const start = (registration: unknown): BackgroundSync =>
    startBackgroundSync({
      page: page as unknown as Document,
      window: window as unknown as Window,
      ready: async () => registration as ServiceWorkerRegistration,
      note: (what) => void notes.push(what),
    });

  beforeEach(async () => {
    vi.useFakeTimers();
    [tags, notes, refuse] = [[], [], null];
    page.visibilityState = "visible";
    sync = start({
      sync: {
        register: async (tag: string) => {
          if (refuse) throw refuse;
          tags.push(tag);
        },
      },
    });
    await vi.advanceTimersByTimeAsync(0);
  });

  afterEach(() => {
    sync.stop();
    vi.useRealTimers();
  });

  const hide = (): void => {
    page.visibilityState = "hidden";
    page.dispatchEvent(new Event("visibilitychange"));
  };

  it("[SW7] asks when bytes become pending, when hidden, when left, and every 90 s, each time with a fresh tag", async () => {
    sync.pending(true);
    hide();
    window.dispatchEvent(new Event("pagehide"));
    await vi.advanceTimersByTimeAsync(181_000);
    expect(tags).toHaveLength(5);
    expect(new Set(tags).size).toBe(5);
    expect(tags.every((tag) => tag.startsWith(SYNC_TAG_PREFIX))).toBe(true);
  });

  it("[SW7] asks for nothing while nothing is pending", async () => {
    hide();
    window.dispatchEvent(new Event("pagehide"));
    await vi.advanceTimersByTimeAsync(300_000);
    expect(tags).toEqual([]);
  });

  it("[SW7] a take whose bytes come and go every second asks no more often", async () => {
    for (let second = 0; second < 180; second++) {
      sync.pending(second % 2 === 0);
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(tags.length).toBeGreaterThanOrEqual(2);
    expect(tags.length).toBeLessThanOrEqual(4);
  });

  it("[SW7] bytes that were pending since the last tag get one when the page goes", async () => {
    sync.pending(true);
    sync.pending(false);
    sync.pending(true);
    window.dispatchEvent(new Event("pagehide"));
    await vi.advanceTimersByTimeAsync(0);
    expect(tags).toHaveLength(2);
  });

  it("[SW7] a refusal, and a browser without it, are noted and nothing is thrown", async () => {
    refuse = new DOMException("Permission denied.", "NotAllowedError");
    sync.pending(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(notes).toEqual([expect.stringContaining("NotAllowedError")]);
    const without = start({});
    without.pending(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(notes.at(-1)).toBe("this browser has no background sync");
    without.stop();
  });
});
