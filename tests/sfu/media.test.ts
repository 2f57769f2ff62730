import { X509Certificate } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseLayer, type LayerState } from "../../sfu/media/choose-layer.ts";
import { DownlinkControl } from "../../sfu/media/downlink-control.ts";
import { MissingPackets } from "../../sfu/media/missing-packets.ts";
import { hostCandidates } from "../../sfu/transport/candidates.ts";
import { makeCertificate } from "../../sfu/transport/certificate.ts";

const layer = (rid: string, bitsPerSecond: number, active = true): LayerState => ({ rid, bitsPerSecond, active });
const THREE = [layer("q", 150_000), layer("h", 500_000), layer("f", 1_200_000)];

describe("choosing a layer", () => {
  it("[SF40] the preferred one, or the best", () => {
    expect(chooseLayer(THREE, { preferredRid: "h" }, 0)?.rid).toBe("h");
    expect(chooseLayer(THREE, {}, 0)?.rid).toBe("f");
    expect(chooseLayer(THREE, { preferredRid: "unknown" }, 0)?.rid).toBe("f");
    expect(chooseLayer([], {}, 0)).toBeUndefined();
  });

  it("[SF40] without packets of the preferred one the next lower one, else the next higher one", () => {
    const noTop = [layer("q", 150_000), layer("h", 500_000), layer("f", 1_200_000, false)];
    expect(chooseLayer(noTop, { preferredRid: "f" }, 0)?.rid).toBe("h");
    expect(chooseLayer([layer("f", 9), layer("q", 1, false)], { preferredRid: "q" }, 0)?.rid).toBe("f");
    expect(chooseLayer(noTop, { preferredRid: "f", ridNotAvailable: "none" }, 0)?.rid).toBe("f");
    const neverSent = [layer("f", 0, false), layer("h", 500_000), layer("q", 0, false)];
    for (const preferredRid of ["f", "q"]) expect(chooseLayer(neverSent, { preferredRid }, 0)?.rid).toBe("h");
    const topNeverSent = [layer("f", 0, false), layer("h", 500_000), layer("q", 150_000)];
    expect(chooseLayer(topNeverSent, { preferredRid: "f" }, 0)?.rid).toBe("h");
    expect(
      chooseLayer(
        THREE.map((one) => ({ ...one, active: false })),
        {},
        0,
      ),
    ).toBeUndefined();
  });

  it("[SF41] a slow network moves it down from the preferred one, unless that is ruled out", () => {
    expect(chooseLayer(THREE, { preferredRid: "f" }, 1)?.rid).toBe("h");
    expect(chooseLayer(THREE, { preferredRid: "h" }, 9)?.rid).toBe("q");
    expect(chooseLayer(THREE, { preferredRid: "f", priorityOrdering: "none" }, 2)?.rid).toBe("f");
  });

  it("[SF42] asciibetical goes by names, whatever they cost", () => {
    const named = [layer("b", 1), layer("a", 2), layer("c", 3)];
    expect(chooseLayer(named, { priorityOrdering: "asciibetical" }, 1)?.rid).toBe("b");
    expect(chooseLayer(named, {}, 0)?.rid).toBe("c");
  });
});

/** Half seconds of a subscriber that hears this once a second. */
function run(
  control: DownlinkControl,
  from: number,
  seconds: number,
  hear: (now: number) => void,
  can = ALL,
): string[] {
  const said: string[] = [];
  for (let now = from; now < from + seconds * 1000; now += 500) {
    if (now % 1000 === 0) hear(now);
    const advice = control.advise(2_000_000, can, now);
    if (advice !== "stay") said.push(`${advice}@${(now - from) / 1000}`);
  }
  return said;
}
const ALL = { down: true, pause: true, up: false };

describe("downlink", () => {
  it("[SF43] loss without a queue is no congestion until it is heavy", () => {
    const control = new DownlinkControl();
    expect(run(control, 0, 60, () => control.handleLoss(0.1))).toEqual([]);
    expect(run(control, 60_000, 20, () => control.handleLoss(0.4))[0]).toMatch(/step-down/);
  });

  it("[SF43] one bad moment changes nothing; congestion that lasts steps down every 2 s", () => {
    const control = new DownlinkControl();
    control.handleRoundTrip(20, 0);
    expect(run(control, 0, 10, (now) => control.handleRoundTrip(now === 3000 ? 600 : 20, now))).toEqual([]);
    const said = run(control, 10_000, 7, (now) => control.handleRoundTrip(700, now));
    expect(said).toEqual(["step-down@2", "step-down@4", "step-down@6"]);
  });

  it("[SF43] an estimate that falls below what is sent counts, one that is merely low does not", () => {
    const low = new DownlinkControl();
    expect(run(low, 0, 30, (now) => low.handleEstimate(300_000 + now, now))).toEqual([]);
    const falling = new DownlinkControl();
    let estimate = 3_000_000;
    expect(run(falling, 0, 12, (now) => falling.handleEstimate((estimate *= 0.8), now))[0]).toMatch(/step-down/);
  });

  it("[SF44] picture is given up only after 4 s with nothing left to step down to", () => {
    const control = new DownlinkControl();
    control.handleRoundTrip(20, 0);
    const can = { down: false, pause: true, up: false };
    expect(run(control, 0, 5, (now) => control.handleRoundTrip(700, now + 1), can)).toEqual(["pause@4"]);
    expect(run(control, 5000, 9, (now) => control.handleRoundTrip(700, now), { ...can, pause: false })).toEqual([]);
  });

  it("[SF45] up again after 8 s of quiet, later and later when that was too much", () => {
    const control = new DownlinkControl();
    control.handleRoundTrip(20, 0);
    const can = { down: true, pause: true, up: true };
    const calm = (now: number) => control.handleRoundTrip(20, now);
    const bad = (now: number) => control.handleRoundTrip(900, now);
    expect(run(control, 1000, 9, calm, can)).toEqual(["step-up@8"]);
    expect(run(control, 10_000, 4, bad, can)).toEqual(["step-down@2"]);
    expect(run(control, 14_000, 17, calm, can)).toEqual(["step-up@16"]);
    expect(run(control, 31_000, 4, bad, can)).toEqual(["step-down@2"]);
    expect(run(control, 35_000, 33, calm, can)).toEqual(["step-up@32"]);
  });
});

describe("missing packets", () => {
  it("[SF32] are asked for soon, then less and less often, and given up after a second", () => {
    const missing = new MissingPackets();
    missing.hole(65_534, 1, 0);
    expect(missing.due(4)).toEqual([]);
    expect(missing.due(5)).toEqual([65_535, 0]);
    expect(missing.due(20)).toEqual([]);
    expect(missing.arrived(0)).toBe(true);
    expect(missing.arrived(0)).toBe(false);
    expect(missing.due(40)).toEqual([65_535]);
    expect(missing.due(1001)).toEqual([]);
    expect(missing.due(1002)).toEqual([]);
  });

  it("[SF32] an interruption is no hole", () => {
    const missing = new MissingPackets();
    missing.hole(0, 5, 0);
    missing.hole(5, 1000, 0);
    expect(missing.due(10)).toEqual([]);
  });

  it("[SF32] never asks for what has arrived", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 })), (late) => {
        const missing = new MissingPackets();
        missing.hole(0, 51, 0);
        for (const sequence of late) missing.arrived(sequence);
        const asked = missing.due(10);
        for (const sequence of late) expect(asked).not.toContain(sequence);
        expect(asked.length).toBe(50 - new Set(late.filter((sequence) => sequence > 0)).size);
      }),
    );
  });
});

describe("transport", () => {
  it("[SF50] each certificate is self-signed with a key of its own, and its fingerprint is right", () => {
    const made = Array.from({ length: 20 }, makeCertificate);
    for (const { certificatePem, fingerprint } of made) {
      const certificate = new X509Certificate(certificatePem);
      expect(certificate.verify(certificate.publicKey)).toBe(true);
      expect(`sha-256 ${certificate.fingerprint256}`).toBe(fingerprint);
      expect(Date.parse(certificate.validFrom)).toBeLessThan(Date.now());
      expect(Date.parse(certificate.validTo)).toBeGreaterThan(Date.now());
    }
    expect(new Set(made.map(({ fingerprint }) => fingerprint)).size).toBe(20);
  });

  it("[SF51] announced addresses are offered as they are, with the one port", () => {
    const [first, second] = hostCandidates(4444, ["203.0.113.5", "2001:db8::1"]);
    expect(first).toMatch(/^1 1 UDP \d+ 203\.0\.113\.5 4444 typ host$/);
    expect(second).toMatch(/^2 1 UDP \d+ 2001:db8::1 4444 typ host$/);
    for (const candidate of hostCandidates(4444, [])) expect(candidate).toMatch(/ 4444 typ host$/);
    expect(hostCandidates(4444, []).length).toBeGreaterThan(0);
  });
});
