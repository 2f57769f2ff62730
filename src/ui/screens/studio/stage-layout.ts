/** Where each tile of the stage stands. Pure: sizes in, boxes out, all in CSS px from the stage's upper left corner. */

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** The picture may be cropped to fill it (small strips on phones); otherwise it is shown whole. */
  readonly crop: boolean;
}

export interface StageSpace {
  readonly width: number;
  /** `undefined`: the page scrolls, the stage may be as high as it needs. */
  readonly height: number | undefined;
}

export interface StageTiles {
  /** Keys of the tiles in their order. */
  readonly keys: readonly string[];
  /** The one in the large place, if any. */
  readonly big: string | undefined;
  /** The large one is a screen: it gets the whole place, whatever its shape. */
  readonly bigIsScreen: boolean;
  /** One row, after Stop. */
  readonly strip: boolean;
}

export interface StageLayout {
  readonly boxes: ReadonlyMap<string, Box>;
  readonly height: number;
}

const SHAPE = 16 / 9;
/** Below this width the stage is a phone's: one large tile, the others in pairs or threes (LOOK.md, "Layout"). */
export const NARROW = 560;
const GAP_NARROW = 8;
const GAP = 12;
const STRIP_TILE_MAX = 290;
/** People beside a shared screen or a pinned tile. */
const SIDE_TILE_MAX = 220;
/** …and how much of the height they may take. */
const SIDE_SHARE_MAX = 0.24;

/** 2–4 people: two columns; up to nine: three; more: four. */
export function columnsFor(count: number): number {
  if (count <= 1) return 1;
  if (count <= 4) return 2;
  return count <= 9 ? 3 : 4;
}

/** Rows of equal tiles from `y` on, each row in the middle. */
function place(
  keys: readonly string[],
  at: { width: number; y: number; columns: number; tile: number; tileHeight: number; gap: number; crop: boolean },
): StageLayout {
  const boxes = new Map<string, Box>();
  keys.forEach((key, index) => {
    const row = Math.floor(index / at.columns);
    const inRow = Math.min(at.columns, keys.length - row * at.columns);
    const rowWidth = inRow * at.tile + (inRow - 1) * at.gap;
    boxes.set(key, {
      x: Math.floor((at.width - rowWidth) / 2 + (index % at.columns) * (at.tile + at.gap)),
      y: Math.floor(at.y + row * (at.tileHeight + at.gap)),
      width: Math.floor(at.tile),
      height: Math.floor(at.tileHeight),
      crop: at.crop,
    });
  });
  const rows = Math.ceil(keys.length / at.columns);
  return { boxes, height: rows === 0 ? 0 : Math.ceil(rows * at.tileHeight + (rows - 1) * at.gap) };
}

function columnWidth(width: number, columns: number, gap: number): number {
  return (width - gap * (columns - 1)) / columns;
}

function grid(keys: readonly string[], space: StageSpace): StageLayout {
  const columns = columnsFor(keys.length);
  const rows = Math.ceil(keys.length / columns);
  const byWidth = columnWidth(space.width, columns, GAP);
  const byHeight = space.height === undefined ? byWidth : ((space.height - GAP * (rows - 1)) / rows) * SHAPE;
  const tile = Math.max(0, Math.min(byWidth, byHeight));
  const tileHeight = tile / SHAPE;
  const used = rows * tileHeight + (rows - 1) * GAP;
  const y = space.height === undefined ? 0 : Math.max(0, (space.height - used) / 2);
  const placed = place(keys, { width: space.width, y, columns, tile, tileHeight, gap: GAP, crop: false });
  return { boxes: placed.boxes, height: space.height ?? placed.height };
}

function strip(keys: readonly string[], space: StageSpace): StageLayout {
  const narrow = space.width < NARROW;
  const gap = narrow ? GAP_NARROW : GAP;
  const columns = narrow ? 3 : Math.min(7, Math.max(1, keys.length));
  const tile = Math.min(STRIP_TILE_MAX, columnWidth(space.width, columns, gap));
  const tileHeight = narrow ? tile : tile / SHAPE;
  return place(keys, { width: space.width, y: 0, columns, tile, tileHeight, gap, crop: narrow });
}

/** One tile full width, the others below in pairs or, when that fills the rows, in threes. */
function phone(keys: readonly string[], big: string, space: StageSpace): StageLayout {
  const others = keys.filter((key) => key !== big);
  const bigHeight = space.width / SHAPE;
  const boxes = new Map<string, Box>([
    [big, { x: 0, y: 0, width: Math.floor(space.width), height: Math.floor(bigHeight), crop: false }],
  ]);
  if (others.length === 0) return { boxes, height: Math.ceil(bigHeight) };
  const threes = others.length > 4 || others.length === 3;
  const columns = others.length === 1 ? 1 : threes ? 3 : 2;
  const tile = columnWidth(space.width, columns, GAP_NARROW);
  const tileHeight = threes ? tile : tile / SHAPE;
  const y = bigHeight + GAP_NARROW;
  const below = place(others, { width: space.width, y, columns, tile, tileHeight, gap: GAP_NARROW, crop: threes });
  for (const [key, box] of below.boxes) boxes.set(key, box);
  return { boxes, height: Math.ceil(y + below.height) };
}

/** The large place above, the others in one row below it. */
function speaker(tiles: StageTiles, big: string, space: StageSpace): StageLayout {
  const others = tiles.keys.filter((key) => key !== big);
  const columns = Math.max(1, others.length);
  const sideByHeight = space.height === undefined ? SIDE_TILE_MAX : space.height * SIDE_SHARE_MAX * SHAPE;
  const side = others.length === 0 ? 0 : Math.min(SIDE_TILE_MAX, sideByHeight, columnWidth(space.width, columns, GAP));
  const below = side === 0 ? 0 : side / SHAPE + GAP;
  const room = space.height === undefined ? space.width / SHAPE : Math.max(0, space.height - below);
  const whole = tiles.bigIsScreen && space.height !== undefined;
  const width = whole ? space.width : Math.min(space.width, room * SHAPE);
  const height = whole ? room : width / SHAPE;
  const used = height + below;
  const top = space.height === undefined ? 0 : Math.max(0, (space.height - used) / 2);
  const boxes = new Map<string, Box>([
    [
      big,
      {
        x: Math.floor((space.width - width) / 2),
        y: Math.floor(top),
        width: Math.floor(width),
        height: Math.floor(height),
        crop: false,
      },
    ],
  ]);
  const row = place(others, {
    width: space.width,
    y: top + height + GAP,
    columns,
    tile: side,
    tileHeight: side / SHAPE,
    gap: GAP,
    crop: false,
  });
  for (const [key, box] of row.boxes) boxes.set(key, box);
  return { boxes, height: space.height ?? Math.ceil(used) };
}

/** Places the tiles. Every key gets a box; none of them lies outside of the width. */
export function layOut(tiles: StageTiles, space: StageSpace): StageLayout {
  const big = tiles.big !== undefined && tiles.keys.includes(tiles.big) ? tiles.big : undefined;
  if (tiles.keys.length === 0 || space.width <= 0) return { boxes: new Map(), height: space.height ?? 0 };
  if (tiles.strip) return strip(tiles.keys, { width: space.width, height: undefined });
  const narrow = space.width < NARROW && space.height === undefined;
  if (narrow) return phone(tiles.keys, big ?? tiles.keys[0] ?? "", space);
  return big === undefined || tiles.keys.length === 1 ? grid(tiles.keys, space) : speaker(tiles, big, space);
}
