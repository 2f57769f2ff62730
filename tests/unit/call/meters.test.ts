import { describe, expect, it } from "vitest";
import { type InboundCounters, InboundMeter } from "#core/call/inbound-meter.ts";
import { type ConnectionQuality, qualityOf } from "#core/call/quality.ts";
import { RequestPace } from "#core/call/request-pace.ts";
import {
  FIRST_PACE,
  LEAST_BYTES_PER_SECOND,
  type PaceSample,
  stepUploadPace,
  type UploadPaceState,
} from "#core/call/upload-pace.ts";
import type { ParticipantId } from "#protocol/ids.ts";

const ANNA = "anna__________________" as ParticipantId;
const everybody = new Set([ANNA]);

describe("how a participant arrives", () => {
  const counters = (packetsReceived: number, packetsLost: number, stream = "a"): InboundCounters => {
    return { participant: ANNA, stream, packetsReceived, packetsLost, jitterMs: 12 };
  };

  it("[CA40] loss is that of the last five seconds, of all tracks together", () => {
    const meter = new InboundMeter();
    let quality = meter.read([counters(0, 0), counters(0, 0, "b")], everybody, 0).get(ANNA);
    for (let second = 1; second <= 5; second++) {
      const read = [counters(second * 90, second * 10), counters(second * 100, 0, "b")];
      quality = meter.read(read, everybody, second * 1_000).get(ANNA);
    }
    expect(quality?.loss).toBeCloseTo(0.05, 6);
    for (let second = 6; second <= 12; second++) {
      quality = meter
        .read([counters(450 + second * 100, 50), counters(second * 100, 0, "b")], everybody, second * 1_000)
        .get(ANNA);
    }
    expect(quality).toEqual({ loss: 0, jitterMs: 12, silent: false });
  });

  it("[CA40] a count that goes down, and a stream that begins anew, are no loss", () => {
    const meter = new InboundMeter();
    meter.read([counters(1_000, 20)], everybody, 0);
    expect(meter.read([counters(1_100, 5)], everybody, 1_000).get(ANNA)?.loss).toBe(0);
    expect(meter.read([counters(10, 0, "again")], everybody, 2_000).get(ANNA)?.loss).toBe(0);
  });

  it("[CA40] silent after two seconds without a packet of any track, and not before", () => {
    const meter = new InboundMeter();
    meter.read([counters(100, 0), counters(50, 0, "b")], everybody, 0);
    meter.read([counters(100, 0), counters(60, 0, "b")], everybody, 1_000);
    expect(meter.read([counters(100, 0), counters(60, 0, "b")], everybody, 3_000).get(ANNA)?.silent).toBe(false);
    expect(meter.read([counters(100, 0), counters(60, 0, "b")], everybody, 3_100).get(ANNA)?.silent).toBe(true);
    expect(meter.read([counters(101, 0), counters(60, 0, "b")], everybody, 4_000).get(ANNA)?.silent).toBe(false);
  });
});

describe("what is said of a connection", () => {
  const fine = { loss: 0, jitterMs: 10, silent: false };

  it("[CA41] loss above 5 %, jitter above 100 ms, round trips above 400 ms and silence are named, the worst one", () => {
    expect(qualityOf(fine, 50)).toEqual({ bars: 3, why: null });
    expect(qualityOf({ ...fine, loss: 0.06 }, 50)).toEqual({ bars: 2, why: "loss" });
    expect(qualityOf({ ...fine, jitterMs: 120 }, null)).toEqual({ bars: 2, why: "jitter" });
    expect(qualityOf(fine, 450)).toEqual({ bars: 2, why: "round-trip" });
    expect(qualityOf({ ...fine, loss: 0.06, jitterMs: 300 }, 450)).toEqual({ bars: 1, why: "jitter" });
    expect(qualityOf({ loss: 0.5, jitterMs: 500, silent: true }, 900)).toEqual({ bars: 0, why: "silent" });
  });

  it("[CA41] what was called poor is fine again only well below its limit", () => {
    let said: ConnectionQuality | null = null;
    const bars: number[] = [];
    for (const loss of [0.04, 0.051, 0.049, 0.051, 0.04, 0.034, 0.049]) {
      said = qualityOf({ ...fine, loss }, 50, said);
      bars.push(said.bars);
    }
    expect(bars).toEqual([3, 2, 2, 2, 2, 3, 3]);
  });
});

describe("what an upload may take", () => {
  const calm: PaceSample = { roundTripMs: 30, loss: 0, bandwidthLimited: false };
  const after = (from: UploadPaceState, sample: PaceSample, count: number): UploadPaceState => {
    let state = from;
    for (let second = 0; second < count; second++) state = stepUploadPace(state, sample);
    return state;
  };

  it("[CA60] grows while the call is well, until nothing limits", () => {
    expect(after(FIRST_PACE, calm, 5).bytesPerSecond).toBeGreaterThan(700_000);
    expect(after(FIRST_PACE, calm, 30).bytesPerSecond).toBeNull();
  });

  it("[CA61] 20 ms more than the least round trip, loss, or a picture that is held back: less, at once", () => {
    const well = after(FIRST_PACE, calm, 10);
    for (const bad of [{ roundTripMs: 55 }, { loss: 0.05 }, { bandwidthLimited: true }]) {
      const less = after(well, { ...calm, ...bad }, 2).bytesPerSecond ?? Number.POSITIVE_INFINITY;
      expect(less).toBeLessThan((well.bytesPerSecond ?? 0) * 0.8);
    }
  });

  it("[CA61] one late report is no queue", () => {
    const well = after(FIRST_PACE, calm, 10);
    const late = after(after(well, { ...calm, roundTripMs: 90 }, 1), calm, 1);
    expect(late.bytesPerSecond).toBeGreaterThanOrEqual(well.bytesPerSecond ?? 0);
  });

  it("[CA62] never stops, and a far server is no queue", () => {
    expect(after(FIRST_PACE, { ...calm, loss: 0.3 }, 200).bytesPerSecond).toBe(LEAST_BYTES_PER_SECOND);
    expect(after(FIRST_PACE, { ...calm, roundTripMs: 280 }, 30).bytesPerSecond).toBeNull();
  });

  it("[CA60] a link of 2 Mbit/s with a deep buffer: kept busy, and the queue within reason", () => {
    const linkBytes = 250_000;
    let state = FIRST_PACE;
    let queued = 0;
    const delays: number[] = [];
    const used: number[] = [];
    for (let second = 0; second < 300; second++) {
      const wish = state.bytesPerSecond ?? 20_000_000;
      queued = Math.max(0, queued + wish - linkBytes * 0.6);
      const delayMs = (queued / linkBytes) * 1_000;
      if (second >= 60) delays.push(delayMs);
      if (second >= 60) used.push(Math.min(wish, linkBytes * 0.6) / (linkBytes * 0.6));
      state = stepUploadPace(state, { ...calm, roundTripMs: 30 + delayMs });
    }
    const mean = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / values.length;
    expect(mean(used)).toBeGreaterThan(0.5);
    expect(delays.toSorted((a, b) => a - b)[Math.floor(delays.length / 2)]).toBeLessThan(20);
  });
});

describe("requests to the SFU", () => {
  it("[CA70] never more than 40 in any second, in order, and none waits without need", () => {
    const pace = new RequestPace();
    const starts = [...Array(200).keys()].map((at) => at * 3 + pace.waitMs(at * 3));
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
    for (const start of starts) {
      expect(starts.filter((each) => each >= start && each < start + 1_000).length).toBeLessThanOrEqual(40);
    }
    expect(starts.slice(0, 40)).toEqual([...Array(40).keys()].map((at) => at * 3));
    expect(pace.waitMs(60_000)).toBe(0);
  });
});
