import { describe, expect, it } from "vitest";
import { readReports } from "#call/call-stats.ts";

/** What `getStats` gives: reports by their ids. */
const stats = (...reports: readonly object[]): RTCStatsReport =>
  new Map(reports.map((report, at) => [String(at), report])) as unknown as RTCStatsReport;

const heard = (timestamp: number, roundTripTime: number, fractionLost: number) => ({
  type: "remote-inbound-rtp",
  timestamp,
  roundTripTime,
  fractionLost,
});

describe("what the statistics of the call say", () => {
  it("[CA61] a layer that is not sent any more has the round trip and the loss of then: they do not count", () => {
    const reports = readReports(stats(heard(1_000, 0.002, 0.5), heard(60_000, 0.08, 0), heard(60_400, 0.09, 0.01)));
    expect(reports).toMatchObject({ roundTripMs: 80, loss: 0.01 });
  });

  it("[CA61] one line of three that is early or late does not count", () => {
    const [early, late] = [heard(60_000, 0.001, 0), heard(60_000, 0.3, 0)];
    expect(readReports(stats(early, heard(60_000, 0.05, 0), late))).toMatchObject({ roundTripMs: 50 });
  });

  it("[CA61] before the first report the round trip is that of ICE", () => {
    const pair = { type: "candidate-pair", nominated: true, currentRoundTripTime: 0.03 };
    expect(readReports(stats(pair))).toMatchObject({ roundTripMs: 30, loss: null });
  });
});
