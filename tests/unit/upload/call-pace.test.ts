import { CallPace } from "#core/upload/call-pace.ts";
import { describe, expect, it } from "vitest";
import { HandClock } from "../controllers/rig/hand-clock.ts";

function rig() {
  const clock = new HandClock();
  const pace = new CallPace(clock, clock);
  const begunUs = clock.nowUs();
  const started: number[] = [];
  const leaving = new AbortController();
  const failed: unknown[] = [];
  /** An epoch that wants to start; `started` has when it did, ms. */
  const ask = (bytes: number): void => {
    pace.wait(bytes, leaving.signal).then(
      () => void started.push((clock.nowUs() - begunUs) / 1000),
      (error: unknown) => void failed.push(error),
    );
  };
  return { clock, pace, started, ask, leaving, failed };
}

describe("upload beside a call", () => {
  it("[UP50] starts no more bytes over time than the call leaves it", async () => {
    const { clock, pace, started, ask } = rig();
    pace.set(100_000);
    for (const bytes of [200_000, 100_000, 50_000]) ask(bytes);
    await clock.pass(10_000);
    expect(started).toEqual([0, 2_000, 3_000]);
  });

  it("[UP50] without a call nothing waits", async () => {
    const { clock, started, ask } = rig();
    for (const bytes of [2_000_000, 2_000_000]) ask(bytes);
    await clock.pass(0);
    expect(started).toEqual([0, 0]);
  });

  it("[UP51] the end of the call lets everything go at once", async () => {
    const { clock, pace, started, ask } = rig();
    pace.set(1_000);
    for (const bytes of [2_000_000, 1, 1]) ask(bytes);
    await clock.pass(5_000);
    expect(started).toEqual([0]);
    pace.set(null);
    await clock.pass(0);
    expect(started).toEqual([0, 5_000, 5_000]);
  });

  it("[UP51] a new rate counts from when it was said", async () => {
    const { clock, pace, started, ask } = rig();
    pace.set(0);
    ask(100_000);
    await clock.pass(90_000);
    expect(started).toEqual([]);
    pace.set(10_000);
    ask(1);
    await clock.pass(4_000);
    expect(started).toEqual([90_000]);
    pace.set(60_000);
    await clock.pass(1_000);
    expect(started).toEqual([90_000, 95_000]);
  });

  it("[UP51] waiting ends with the upload", async () => {
    const { clock, pace, failed, ask, leaving } = rig();
    pace.set(0);
    ask(1);
    await clock.pass(0);
    leaving.abort(new Error("stopped"));
    await clock.pass(0);
    expect(failed).toEqual([new Error("stopped")]);
  });
});
