import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { tellCaptureTimes, type WatchedVideo } from "#devices/capture-times.ts";

type Callback = Parameters<WatchedVideo["requestVideoFrameCallback"]>[0];

/** Shows frames when it is told to, as a page does that renders; one that does not shows none. */
class FakeVideo implements WatchedVideo {
  srcObject: MediaProvider | null = null;
  playing = false;
  #callback: Callback | undefined;
  #atMs = 1_000;

  play(): Promise<void> {
    this.playing = true;
    return Promise.resolve();
  }

  pause(): void {
    this.playing = false;
  }

  requestVideoFrameCallback(callback: Callback): number {
    this.#callback = callback;
    return 1;
  }

  cancelVideoFrameCallback(): void {
    this.#callback = undefined;
  }

  get isWatched(): boolean {
    return this.#callback !== undefined;
  }

  async show(frames: number, saysWhen = true): Promise<void> {
    for (let frame = 0; frame < frames && this.playing; frame++) {
      const callback = this.#callback;
      this.#callback = undefined;
      this.#atMs += 33;
      callback?.(this.#atMs, saysWhen ? { captureTime: this.#atMs - 5 } : {});
      await Promise.resolve();
    }
  }
}

describe("capture times", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("[CP3] they are told a dozen at once, again and again, until the worker says that it is enough", async () => {
    const video = new FakeVideo();
    const batches: (readonly number[])[] = [];
    tellCaptureTimes(video, (times) => {
      batches.push(times);
      return Promise.resolve(batches.length === 4);
    });
    await video.show(100);
    expect(batches.map((batch) => batch.length)).toEqual([12, 12, 12, 12]);
    expect(batches.flat().slice(0, 2)).toEqual([1_028_000, 1_061_000]);
    expect(new Set(batches.flat()).size).toBe(48);
    expect(video.playing).toBe(false);
    expect(video.isWatched).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("[CP3] a worker that cannot place its frames is told for as long as it wants, a part of the time", async () => {
    const video = new FakeVideo();
    let told = 0;
    const stop = tellCaptureTimes(video, () => {
      told += 1;
      return Promise.resolve(false);
    });
    await video.show(1_000);
    expect(told).toBe(10);
    expect(video.playing).toBe(false);
    for (let more = 1; more <= 20; more++) {
      await vi.advanceTimersByTimeAsync(5_000);
      await video.show(1_000);
      expect(told).toBe(10 + more);
    }
    stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(video.playing).toBe(false);
    expect(told).toBe(30);
  });

  it("[CP3] a page that shows nothing for a minute tells them once it is seen", async () => {
    const video = new FakeVideo();
    const report = vi.fn(() => Promise.resolve(true));
    tellCaptureTimes(video, report);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(report).not.toHaveBeenCalled();
    await video.show(12);
    expect(report).toHaveBeenCalledTimes(1);
  });

  it("[CP3] a browser that does not say when a frame was captured is let be", async () => {
    const video = new FakeVideo();
    const report = vi.fn(() => Promise.resolve(false));
    tellCaptureTimes(video, report);
    await video.show(100, false);
    expect(video.playing).toBe(false);
    expect(report).not.toHaveBeenCalled();
  });
});
