import type { Rid } from "#protocol/call.ts";

/** Widest picture that a layer is enough for, device px: the layers of a 1280 px camera are 320, 640 and 1280 wide. */
const ENOUGH: Readonly<Record<"l" | "m", number>> = { l: 340, m: 700 };

/** A layer is left for a smaller one only when the picture is this much narrower than the step: no flapping at its edge. */
const SLACK = 0.8;

/** Between two changes of one picture: a layout that moves is waited for. */
export const LAYER_HOLD_MS = 1_000;

/** The layer for a picture of that width in device px; `current` is kept near the edges (CA11). */
export function layerFor(width: number, current: Rid | null): Rid {
  const needed = smallestFor(width);
  if (current === null || rank(needed) >= rank(current)) return needed;
  return rank(smallestFor(width / SLACK)) < rank(current) ? smallestFor(width / SLACK) : current;
}

function smallestFor(width: number): Rid {
  if (width <= ENOUGH.l) return "l";
  return width <= ENOUGH.m ? "m" : "h";
}

function rank(rid: Rid): number {
  return { l: 0, m: 1, h: 2 }[rid];
}
