import { describe, expect, it } from "vitest";
import { CallPace } from "#core/upload/call-pace.ts";
import { LEAST_SLICE_BYTES, MOST_SLICE_BYTES } from "#core/upload/limits.ts";
import { HandClock } from "../controllers/rig/hand-clock.ts";

interface Sent {
  readonly atMs: number;
  readonly bytes: number;
}

function rig() {
  const clock = new HandClock();
  const pace = new CallPace(clock, clock);
  const begunUs = clock.nowUs();
  const nowMs = () => (clock.nowUs() - begunUs) / 1000;
  const started: number[] = [];
  const leaving = new AbortController();
  const failed: unknown[] = [];
  /** An epoch that wants to start, and goes out whole; `started` has when it did, ms. */
  const ask = (bytes: number): void => {
    pace.turn(leaving.signal).then(
      (turn) => {
        started.push(nowMs());
        turn.whole(bytes);
        turn.over();
      },
      (error: unknown) => void failed.push(error),
    );
  };
  /** One that goes out in slices. */
  const stream = (bytes: number): Sent[] => {
    const sent: Sent[] = [];
    const send = async (): Promise<void> => {
      const turn = await pace.turn(leaving.signal);
      for (let left = bytes; left > 0; ) {
        const slice = await turn.slice(left, leaving.signal);
        sent.push({ atMs: nowMs(), bytes: slice });
        left -= slice;
      }
      turn.over();
    };
    send().catch((error: unknown) => void failed.push(error));
    return sent;
  };
  return { clock, pace, started, ask, stream, leaving, failed, nowMs };
}

const sum = (sent: readonly Sent[]): number => sent.reduce((total, { bytes }) => total + bytes, 0);

/** The most that goes out in any stretch of so many ms. */
const burst = (sent: readonly Sent[], ms: number): number =>
  Math.max(...sent.map(({ atMs }) => sum(sent.filter((each) => each.atMs >= atMs && each.atMs < atMs + ms))));

describe("upload beside a call", () => {
  it("[UP50] starts no more bytes over time than the call leaves it", async () => {
    const { clock, pace, started, ask } = rig();
    pace.set(100_000);
    for (const bytes of [200_000, 100_000, 50_000]) ask(bytes);
    await clock.pass(10_000);
    expect(started).toEqual([0, 2_000, 3_000]);
  });

  it("[UP50] without a call nothing waits", async () => {
    const { clock, started, ask, stream } = rig();
    for (const bytes of [2_000_000, 2_000_000]) ask(bytes);
    const sent = stream(2_000_000);
    await clock.pass(0);
    expect(started).toEqual([0, 0]);
    expect([sum(sent), sent.at(-1)?.atMs]).toEqual([2_000_000, 0]);
  });

  it("[UP51] the end of the call lets everything go at once", async () => {
    const { clock, pace, started, ask, stream } = rig();
    pace.set(1_000);
    for (const bytes of [2_000_000, 1, 1]) ask(bytes);
    const sent = stream(10_000);
    await clock.pass(5_000);
    expect(started).toEqual([0]);
    pace.set(null);
    await clock.pass(0);
    expect(started).toEqual([0, 5_000, 5_000]);
    expect(sum(sent)).toBe(10_000);
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
    ask(1);
    await clock.pass(0);
    leaving.abort(new Error("stopped"));
    await clock.pass(0);
    expect(failed).toEqual([new Error("stopped"), new Error("stopped")]);
  });
});

describe("slices beside a call", () => {
  it.each([64_000, 300_000, 1_000_000])(
    "[UP52] at %i bytes/s a body goes out evenly: no 100 ms hold more than their share and a slice",
    async (rate) => {
      const { clock, pace, stream } = rig();
      pace.set(rate);
      const sent = stream(rate);
      await clock.pass(1_100);
      expect(sum(sent)).toBe(rate);
      expect(sent.at(-1)?.atMs).toBeGreaterThan(900);
      const slice = Math.max(LEAST_SLICE_BYTES, rate / 100);
      expect(Math.max(...sent.map(({ bytes }) => bytes))).toBeLessThanOrEqual(slice);
      expect(burst(sent, 100)).toBeLessThanOrEqual(rate / 10 + 2 * slice);
    },
  );

  it("[UP52] a slice is at least a packet and at most what is read at once", async () => {
    const { clock, pace, stream } = rig();
    pace.set(5_000);
    const slow = stream(5_000);
    await clock.pass(1_000);
    expect(slow[0]?.bytes).toBe(LEAST_SLICE_BYTES);
    pace.set(100_000_000);
    const fast = stream(1_000_000);
    await clock.pass(1_000);
    expect(Math.max(...fast.map(({ bytes }) => bytes))).toBe(MOST_SLICE_BYTES);
  });

  it("[UP50] one epoch at a time goes out, and all share one pace", async () => {
    const { clock, pace, stream, ask, started } = rig();
    pace.set(100_000);
    const [first, second] = [stream(100_000), stream(50_000)];
    ask(10_000);
    await clock.pass(3_000);
    const firstOver = first.at(-1)?.atMs ?? 0;
    expect(second[0]?.atMs).toBeGreaterThanOrEqual(firstOver);
    expect(burst([...first, ...second], 100)).toBeLessThanOrEqual(12_000);
    expect(started).toEqual([expect.closeTo(1_500, -2)]);
  });

  it("[UP50] the next epoch starts when the one before is answered or given up, though its debt is long paid", async () => {
    const { clock, pace, started, ask, leaving } = rig();
    pace.set(100_000);
    const turn = await pace.turn(leaving.signal);
    await turn.slice(1_000, leaving.signal);
    ask(1_000);
    await clock.pass(1_000);
    expect(started).toEqual([]);
    turn.over();
    await clock.pass(0);
    expect(started).toEqual([1_000]);
  });

  it("[UP52] a worker that stood still does not make up for it in one burst", async () => {
    const { clock, pace, leaving } = rig();
    pace.set(200_000);
    const turn = await pace.turn(leaving.signal);
    await turn.slice(1_000, leaving.signal);
    await clock.pass(5_000);
    const sent: number[] = [];
    const send = async (): Promise<void> => {
      for (;;) sent.push(await turn.slice(100_000, leaving.signal));
    };
    const sending = expect(send()).rejects.toThrow("over");
    await clock.pass(0);
    expect(sent.reduce((all, bytes) => all + bytes, 0)).toBeLessThanOrEqual(4_000);
    leaving.abort(new Error("over"));
    await sending;
  });

  it("[UP51] a slice that waits goes on at the new rate, and tells that it waits", async () => {
    const { clock, pace, leaving, nowMs } = rig();
    pace.set(200_000);
    const turn = await pace.turn(leaving.signal);
    await turn.slice(10_000, leaving.signal);
    pace.set(0);
    const came: number[] = [];
    const next = turn.slice(10_000, leaving.signal).then(() => came.push(nowMs()));
    await clock.pass(120_000);
    expect([turn.isWaiting, turn.taken, came]).toEqual([true, 2_000, []]);
    pace.set(200_000);
    await clock.pass(10);
    await next;
    expect([turn.isWaiting, turn.taken, came]).toEqual([false, 4_000, [120_010]]);
  });
});
