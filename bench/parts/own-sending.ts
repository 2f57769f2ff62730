import type { Page } from "playwright-core";

/** One encoding that a page sends of its own pictures. */
export interface OwnEncoding {
  /** Empty: no simulcast. */
  readonly rid: string;
  readonly width: number;
  readonly height: number;
  /** Since its beginning. */
  readonly framesEncoded: number;
}

/** Of the connections that are open; the page's context must be watched (`watchConnections` of the tests' rig). */
export function readOwnSending(page: Page): Promise<OwnEncoding[]> {
  return page.evaluate(async () => {
    const found: OwnEncoding[] = [];
    for (const connection of window.tapesyncConnections ?? []) {
      if (connection.connectionState === "closed") continue;
      for (const [, report] of await connection.getStats()) {
        if (report.type !== "outbound-rtp" || report.kind !== "video") continue;
        found.push({
          rid: report.rid ?? "",
          width: report.frameWidth ?? 0,
          height: report.frameHeight ?? 0,
          framesEncoded: report.framesEncoded ?? 0,
        });
      }
    }
    return found;
  });
}

/** Millions of px that were encoded between two readings. */
export function megapixels(before: readonly OwnEncoding[], after: readonly OwnEncoding[]): number {
  return after.reduce((sum, { rid, width, height, framesEncoded }) => {
    const earlier = before.find((each) => each.rid === rid)?.framesEncoded ?? 0;
    return sum + ((framesEncoded - earlier) * width * height) / 1e6;
  }, 0);
}
