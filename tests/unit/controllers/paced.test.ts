import { createPaced } from "#controllers/paced.ts";
import { describe, expect, it } from "vitest";
import { VirtualTime } from "../upload/rig/virtual-time.ts";

describe("paced views", () => {
  it("answers the first hint at once and many as one", async () => {
    const time = new VirtualTime();
    let shown = 0;
    const show = createPaced(() => void (shown += 1), {
      clock: time,
      scheduler: time,
      report: (error) => {
        throw error;
      },
    });
    show();
    expect(shown).toBe(1);
    for (let n = 0; n < 50; n += 1) show();
    expect(shown).toBe(1);
    await time.until(() => shown === 2);
    expect(time.nowMs).toBeLessThanOrEqual(110);
  });
});
