/**
 * A frame counter burned into the picture: two strips of square blocks at the top, the number in binary in the first (most
 * significant bit first) and its complement in the second, between fixed guard blocks. A block that codecs or scalers
 * have blurred beyond reading does not fit its complement, so a misread is found and never believed.
 */
export const COUNTER_BITS = 16;
export const COUNTER_COLUMNS = COUNTER_BITS + 4;
export const COUNTER_ROWS = 2;
/** Px of the 1280 × 720 picture. */
const BLOCK_WIDTH = 64;
const BLOCK_HEIGHT = 40;
const GUARD_LEFT = [true, false];
const GUARD_RIGHT = [false, true];

/** Further from black or white than this (of 255) is unreadable. */
const MARGIN = 64;

/** ffmpeg filters that draw the counter of frame `n` on a 1280 × 720 picture. */
export function drawCounter(): string {
  const filters = [box(0, 0, COUNTER_COLUMNS, COUNTER_ROWS, "black")];
  for (let row = 0; row < COUNTER_ROWS; row += 1) {
    filters.push(box(0, row, 1, 1, "white"), box(COUNTER_COLUMNS - 1, row, 1, 1, "white"));
    for (let bit = 0; bit < COUNTER_BITS; bit += 1) {
      const isSet = `mod(floor(n/${2 ** (COUNTER_BITS - 1 - bit)}),2)`;
      const enable = row === 0 ? isSet : `not(${isSet})`;
      filters.push(`${box(GUARD_LEFT.length + bit, row, 1, 1, "white")}:enable='${enable}'`);
    }
  }
  return filters.join(",");
}

function box(column: number, row: number, columns: number, rows: number, colour: string): string {
  const x = column * BLOCK_WIDTH;
  const y = row * BLOCK_HEIGHT;
  return `drawbox=x=${x}:y=${y}:w=${columns * BLOCK_WIDTH}:h=${rows * BLOCK_HEIGHT}:c=${colour}:t=fill`;
}

/**
 * ffmpeg filters that leave one grey px per block, `COUNTER_COLUMNS` × `COUNTER_ROWS`: the middle of each block, since
 * its edges are blurred by chroma and deblocking.
 */
export function readCounterFilters(): string {
  const width = COUNTER_COLUMNS * BLOCK_WIDTH;
  const height = COUNTER_ROWS * BLOCK_HEIGHT;
  return `crop=${width}:${height}:0:0,scale=${COUNTER_COLUMNS * 8}:${COUNTER_ROWS * 8}:flags=area,format=gray`;
}

/** Px per block after {@link readCounterFilters}. */
const SCALED = 8;
export const COUNTER_FRAME_BYTES = COUNTER_COLUMNS * SCALED * COUNTER_ROWS * SCALED;

/** The counter in one scaled picture, or `undefined` when it cannot be read with certainty. */
export function readCounter(picture: Uint8Array): number | undefined {
  const blocks: boolean[][] = [];
  for (let row = 0; row < COUNTER_ROWS; row += 1) {
    const line: boolean[] = [];
    for (let column = 0; column < COUNTER_COLUMNS; column += 1) {
      const level = levelOf(picture, column, row);
      if (level > MARGIN && level < 255 - MARGIN) return undefined;
      line.push(level > 127);
    }
    blocks.push(line);
  }
  const [upper, lower] = blocks;
  if (!upper || !lower || !isGuarded(upper) || !isGuarded(lower)) return undefined;
  let value = 0;
  for (let bit = 0; bit < COUNTER_BITS; bit += 1) {
    const set = upper[GUARD_LEFT.length + bit] === true;
    if (set === lower[GUARD_LEFT.length + bit]) return undefined;
    value = value * 2 + (set ? 1 : 0);
  }
  return value;
}

function isGuarded(line: readonly boolean[]): boolean {
  const left = line.slice(0, GUARD_LEFT.length);
  const right = line.slice(-GUARD_RIGHT.length);
  return GUARD_LEFT.every((value, i) => value === left[i]) && GUARD_RIGHT.every((value, i) => value === right[i]);
}

/** Mean of the middle half of a block. */
function levelOf(picture: Uint8Array, column: number, row: number): number {
  let sum = 0;
  let count = 0;
  for (let y = row * SCALED + SCALED / 4; y < row * SCALED + (SCALED * 3) / 4; y += 1) {
    for (let x = column * SCALED + SCALED / 4; x < column * SCALED + (SCALED * 3) / 4; x += 1) {
      sum += picture[y * COUNTER_COLUMNS * SCALED + x] ?? 0;
      count += 1;
    }
  }
  return sum / count;
}

/**
 * Counters over a looped source as one ascending count: a step back of more than half of the loop is the loop's seam.
 * Smaller steps back stay, for the caller to complain about.
 */
export function unwrapCounters(counters: readonly number[], loop: number): number[] {
  let base = 0;
  let previous: number | undefined;
  return counters.map((counter) => {
    if (previous !== undefined && previous - counter > loop / 2) base += loop;
    previous = counter;
    return base + counter;
  });
}
