import * as v from "valibot";
import { expect, it } from "vitest";
import { Interruptions } from "#core/capture/interruptions.ts";
import type { StartRequest } from "#protocol/encode-rpc.ts";
import type { Gap } from "#protocol/gaps.ts";
import { takeId, trackId } from "#protocol/ids.ts";
import { asLocal } from "#protocol/units.ts";
import type { TrackSealer } from "#workers/encode/track-sealer.ts";
import { TrackSession } from "#workers/encode/track-session.ts";

const request: StartRequest = {
  track: {
    track: v.parse(trackId, "microphone____________"),
    take: v.parse(takeId, "take-a________________"),
    source: "microphone",
    label: "Microphone",
    trackZeroUs: asLocal(9_000_000),
    state: "recording",
    epochs: 0,
    gaps: [],
    endUs: null,
    sealed: false,
  },
  room: null,
  participant: null,
  participantName: "Inês",
  takeZeroUs: asLocal(5_000_000),
  takeZeroRoomUs: null,
  declareLate: true,
  offFromUs: null,
  clock: null,
};

/** Gaps that are declared when the first sample comes at `atUs`. */
function declared(change: Partial<StartRequest>, atUs = 9_300_000): readonly Gap[] {
  const session = new TrackSession({ ...request, ...change }, {} as TrackSealer, new Interruptions(), () => {});
  session.firstSample(atUs, 20_000);
  return session.ledger.take();
}

it("[CP2] a late device declares the time since the take's zero", () => {
  expect(declared({})).toEqual([{ fromUs: -4_000_000, toUs: 300_000, reason: "late-start" }]);
  expect(declared({ declareLate: false })).toEqual([]);
  expect(declared({}, 5_019_000)).toEqual([]);
});

it("[CP48] what was off since the take's zero is `muted`, up to the first sample", () => {
  expect(declared({ offFromUs: asLocal(5_000_000) })).toEqual([{ fromUs: -4_000_000, toUs: 300_000, reason: "muted" }]);
});

it("[CP48] what lies before it was switched off is `late-start`", () => {
  expect(declared({ offFromUs: asLocal(8_000_000) })).toEqual([
    { fromUs: -4_000_000, toUs: -1_000_000, reason: "late-start" },
    { fromUs: -1_000_000, toUs: 300_000, reason: "muted" },
  ]);
});
