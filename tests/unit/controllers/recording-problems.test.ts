import { isBehind } from "#controllers/recording-problems.ts";
import type { SourceState } from "#core/take/take-state.ts";
import { EPOCH_MAX_US } from "#protocol/epoch-format.ts";
import type { LocalMicros } from "#protocol/units.ts";
import { expect, it } from "vitest";

const SAID_US = 7_000_000;

function camera(problem: NonNullable<SourceState["problem"]>["problem"] | null): SourceState {
  const said = problem === null ? null : { problem, atUs: SAID_US as LocalMicros, detail: "" };
  return { source: "camera", label: "", phase: "recording", format: null, choice: null, problem: said };
}

const at = (us: number): LocalMicros => us as LocalMicros;

it("[CF11] a recording is behind for two epochs after frames were skipped", () => {
  expect(isBehind([camera("encoder-slow")], at(SAID_US))).toBe(true);
  expect(isBehind([camera(null), camera("encoder-slow")], at(SAID_US + 2 * EPOCH_MAX_US - 1))).toBe(true);
  expect(isBehind([camera("encoder-slow")], at(SAID_US + 2 * EPOCH_MAX_US))).toBe(false);
});

it("[CF11] other trouble, and none, is no reason to send less", () => {
  expect(isBehind([camera("storage-full"), camera("device-lost"), camera(null)], at(SAID_US))).toBe(false);
  expect(isBehind([], at(SAID_US))).toBe(false);
});
