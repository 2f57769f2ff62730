import type { SimulcastWish } from "#protocol/realtime-api.ts";

/** One simulcast layer as it is sent now. */
export interface LayerState {
  readonly rid: string;
  /** Whether the publisher sends it. */
  readonly active: boolean;
  /** While it was sent last; 0: it never was. */
  readonly bitsPerSecond: number;
}

/**
 * Which layer a subscriber gets.
 * @param layers in the order in which the publisher declared them
 * @param stepsDown how far below the preferred layer its network forces it
 * @returns undefined: none is sent, so that there is nothing to change to
 */
export function chooseLayer(
  layers: readonly LayerState[],
  wish: SimulcastWish,
  stepsDown: number,
): LayerState | undefined {
  if (layers.length <= 1) return layers[0];
  const ordered = bestFirst(layers, wish);
  const preferred = Math.max(
    0,
    ordered.findIndex((layer) => layer.rid === wish.preferredRid),
  );
  const steps = wish.priorityOrdering === "none" ? 0 : stepsDown;
  const wanted = Math.min(preferred + steps, ordered.length - 1);
  const layer = ordered[wanted];
  if (layer?.active || wish.ridNotAvailable === "none") return layer;
  const below = ordered.slice(wanted + 1).find(({ active }) => active);
  return below ?? ordered.slice(0, wanted).findLast(({ active }) => active);
}

/**
 * By name where the subscriber asked for that; otherwise in the declared order, which some write from the best down and
 * some from the least up: what they cost tells.
 */
function bestFirst(layers: readonly LayerState[], wish: SimulcastWish): readonly LayerState[] {
  if (wish.priorityOrdering === "asciibetical" || wish.ridNotAvailable === "asciibetical") {
    return [...layers].sort((a, b) => (a.rid < b.rid ? -1 : 1));
  }
  const known = layers.filter(({ bitsPerSecond }) => bitsPerSecond > 0);
  const [first, last] = [known[0], known.at(-1)];
  return first && last && first.bitsPerSecond < last.bitsPerSecond ? [...layers].reverse() : layers;
}
