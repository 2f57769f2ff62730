import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CableCall, type CableFault, losing, narrowed, openCableCall } from "./rig/cable-call.ts";
import { whyNoNetwork } from "./rig/network.ts";

/** A bad stretch: so long for the call to find its way, and so long watched. */
const SETTLE_S = 4;
const WATCHED_S = 4;

/**
 * CA20 and CA21: within 2 s of the network's return after 10 s, within 5 s after 45 s or a new SFU. How long it took is printed; a
 * busy machine may take three times as long, and what is waited for meanwhile is held up in virtual time by
 * tests/unit/call/healing.test.ts. The library alone takes 15.7 s to find a new SFU.
 */
const HEALS_AFTER_SHORT_MS = 3 * 2_000;
const HEALS_AFTER_LONG_MS = 3 * 5_000;
/** No rule: nobody is told of the new address, so that silence and ICE's own patience come before the new session. */
const HEALS_ELSEWHERE_MS = 30_000;

const why = whyNoNetwork();
if (why !== undefined) console.warn(`The call is not tested on bad networks: ${why}.`);

/** Of the host's picture and sound, which come to the guest over the bad cable. */
interface Seen {
  readonly fps: number;
  readonly concealed: number;
}

describe.skipIf(why !== undefined)("[CA] a guest on a bad network", () => {
  const lines: string[] = [];
  let call: CableCall;

  beforeAll(async () => {
    call = await openCableCall(1);
  });
  afterAll(async () => {
    if (lines.length > 0) console.log(lines.join("\n"));
    await call[Symbol.asyncDispose]();
  });

  async function bad(fault: CableFault): Promise<Seen> {
    const { fps: each, freezes, concealed } = await call.watchWith(fault, SETTLE_S, WATCHED_S);
    const fps = each.reduce((sum, one) => sum + one, 0);
    const madeUp = `${(concealed * 100).toFixed(1)} % of the sound made up`;
    lines.push(`${fault.what}: ${fps.toFixed(1)} frames/s, ${freezes} freezes, ${madeUp}`);
    return { fps, concealed };
  }

  it.each([
    { percent: 2, fps: 20, concealed: 0.1 },
    { percent: 5, fps: 15, concealed: 0.2 },
    { percent: 10, fps: 8, concealed: 0.3 },
  ])("$percent % of all packets lost: picture and sound go on", async ({ percent, fps, concealed }) => {
    const lost = await bad(losing(percent));
    expect(lost.fps).toBeGreaterThan(fps);
    expect(lost.concealed).toBeLessThan(concealed);
  });

  it.each([
    { kbit: 1000, fps: 15, concealed: 0.1 },
    { kbit: 300, fps: 5, concealed: 0.2 },
  ])("a cable of $kbit kbit/s: the picture gives way, the sound does not", async ({ kbit, fps, concealed }) => {
    const thin = await bad(narrowed(kbit));
    expect(thin.fps).toBeGreaterThan(fps);
    expect(thin.concealed).toBeLessThan(concealed);
  });

  it.each([
    { seconds: 10, within: HEALS_AFTER_SHORT_MS },
    { seconds: 45, within: HEALS_AFTER_LONG_MS },
  ])("nothing gets through for $seconds s: both see each other again", async ({ seconds, within }) => {
    await call.darken(seconds);
    const tookMs = await call.healed();
    lines.push(`${seconds} s without a network: healed ${Math.max(...tookMs).toFixed(0)} ms after its return`);
    expect(Math.max(...tookMs)).toBeLessThanOrEqual(within);
  });

  it("another address in mid-call (Wi-Fi to telephone): both see each other again", async () => {
    call.network.moveHouse();
    const tookMs = await call.healed();
    lines.push(`another address: healed after ${Math.max(...tookMs).toFixed(0)} ms`);
    expect(Math.max(...tookMs)).toBeLessThanOrEqual(HEALS_ELSEWHERE_MS);
  });

  it("the SFU is killed and started again: both see each other again", async () => {
    await call.replaceSfu();
    const tookMs = await call.healed();
    lines.push(`SFU killed: healed ${Math.max(...tookMs).toFixed(0)} ms after its start`);
    expect(Math.max(...tookMs)).toBeLessThanOrEqual(HEALS_AFTER_LONG_MS);
  });
});
