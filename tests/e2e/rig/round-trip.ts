import type { Page } from "playwright-core";

declare global {
  interface Window {
    /** How many measurements of each report have been read. */
    tapesyncRoundTrips?: Map<string, number>;
  }
}

/**
 * Round trips that the newest open connection has measured since the last look, ms: by RTCP of each line, about once a second of those
 * that carry something, and by the checks of ICE. A line that carries nothing keeps its last figure, which is not told again.
 */
export function newRoundTrips(page: Page): Promise<number[]> {
  return page.evaluate(async () => {
    window.tapesyncRoundTrips ??= new Map();
    const read = window.tapesyncRoundTrips;
    const open = [...(window.tapesyncConnections ?? [])].filter((each) => each.connectionState === "connected");
    const found: number[] = [];
    const note = (id: string, measured: number, seconds: number) => {
      if (measured > (read.get(id) ?? 0)) found.push(seconds * 1000);
      read.set(id, measured);
    };
    for (const [, report] of (await open.at(-1)?.getStats()) ?? []) {
      if (report.type === "remote-inbound-rtp") note(report.id, report.roundTripTimeMeasurements, report.roundTripTime);
      if (report.type === "candidate-pair" && report.nominated) {
        note(report.id, report.responsesReceived, report.currentRoundTripTime);
      }
    }
    return found;
  });
}
