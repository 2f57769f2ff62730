import { describe, expect, it } from "vitest";
import { type InboundCounters, InboundMeter } from "#core/call/inbound-meter.ts";
import { type ConnectionQuality, qualityOf } from "#core/call/quality.ts";
import { RequestPace } from "#core/call/request-pace.ts";
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
